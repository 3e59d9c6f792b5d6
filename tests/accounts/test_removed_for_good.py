"""Attacks on accounts that once succeeded."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import emails, people_csv, people_import, person_actions, tokens
from accounts.models import SignIn, User
from accounts.notices.mail import send_due
from accounts.password_links import PasswordLinks
from lib.notes import Refusal
from machines.tasks import follow_accounts
from nodes import donor_actions
from nodes.actions import Offered
from nodes.models import Donation
from quotas import requests_for_more
from quotas.models import QuotaRequest
from tests.api.program import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(admin: User) -> User:
    return User.objects.create_user("boss", "boss@example.org", "a-long-pass-phrase", roles=["admin"])


def plan(*lines: str) -> list[tuple[str, str]]:
    found = people_csv.read("\n".join(("name;username;email", *lines))).lines
    return [(line.status.value, line.username) for line in people_import.plan(found).lines]


@pytest.mark.parametrize("host", ["testserver:40022", "testserver"])
def test_a_forgotten_passwords_link_is_at_the_sites_own_address(student: User, settings: Any, host: str) -> None:
    emails.trust(student)
    Client().post("/accounts/password/reset/", {"email": student.email}, headers={"Host": host})
    send_due(timezone.now())
    [sent] = mail.outbox
    link = re.search(r"https?://\S+", str(sent.body))
    assert link
    assert link[0].startswith(f"{settings.PORTAL_URL}/accounts/password/reset/key/")
    assert "40022" not in f"{sent.subject}{sent.body}"


def test_a_newer_link_ends_the_one_before(student: User, admin: User) -> None:
    emails.trust(student)
    first = PasswordLinks().make_token(student)
    person_actions.send_link(person=student, by=admin)
    student.refresh_from_db()
    assert not PasswordLinks().check_token(student, first)
    assert PasswordLinks().check_token(student, PasswordLinks().make_token(student))


def test_an_administrator_removes_themselves_on_the_page(client: Client, admin: User, second: User) -> None:
    client.force_login(admin)
    page = client.get(reverse("person-remove", args=[admin.pk])).content.decode()
    key = re.search(r'name="once" value="([^"]+)"', page)
    assert key
    assert client.post(reverse("person-remove", args=[admin.pk]), {"once": key[1]}).status_code == 302
    admin.refresh_from_db()
    assert admin.removed_at
    assert not SignIn.objects.filter(user=admin).exists()


def test_one_who_removes_themselves_by_the_api_leaves_no_address(admin: User, second: User) -> None:
    assert Program(admin).ask("DELETE", "people/admin/").status_code == 204
    assert not SignIn.objects.filter(user=admin).exists()


def test_no_token_is_made_for_whoever_was_blocked_meanwhile(student: User, admin: User) -> None:
    person_actions.block(person=User.objects.get(pk=student.pk), by=admin)
    with pytest.raises(Refusal) as refused:
        tokens.make(user=student)
    assert (refused.value.code, refused.value.status) == ("account_closed", 403)


def test_requests_of_the_removed_lose_their_words(student: User, admin: User) -> None:
    facts: dict[str, Any] = {"user": student, "title": {"en": "Lab"}, "machines": 1, "reason": "I am Ana"}
    QuotaRequest.objects.create(**facts, subject=1)
    done = QuotaRequest.objects.create(**facts, subject=2, state="refused", note="No, Ana", decided_at=timezone.now())
    person_actions.remove(person=student, by=admin)
    requests_for_more.follow_removed()
    [row] = QuotaRequest.objects.all()
    assert (row.pk, row.reason, row.note) == (done.pk, requests_for_more.ERASED, "")


def test_what_a_removed_donor_wrote_is_erased(student: User, admin: User) -> None:
    who = donor_actions.Who(email=student.email, name="Ana", user=student)
    facts: dict[str, Any] = {"computers": [Offered("desktop")], "handover": "fetch", "message": "Ana, at Loja 12"}
    donation = donor_actions.offer(who=who, sent_as="a" * 64, **facts)
    other = donor_actions.offer(who=donor_actions.Who(email="other@x.org", name="Eva"), **facts)
    Donation.objects.update(confirmed="no", confirmed_at=timezone.now(), confirm_note="Ana's mouse")
    person_actions.remove(person=student, by=admin)
    follow_accounts()
    row, kept = Donation.objects.order_by("pk")
    assert (row, row.message, row.confirm_note, row.sent_as, row.confirmed) == (donation, "", "", None, "no")
    assert (kept, kept.message, kept.confirm_note) == (other, "Ana, at Loja 12", "Ana's mouse")


def test_twins_of_a_turkish_i_are_two_people(admin: User) -> None:
    assert [name for _status, name in plan("A;iris;a@x.org", "B;;ırıs@x.org")] == ["iris", "ırıs2"]
    for name in ("iris", "ırıs"):  # made before this was looked at
        User.objects.create_user(name, f"{name}@x.org")
    assert [person.username for person in emails.people_at("iris@x.org")] == ["iris"]
    assert Program(admin).ask("GET", "people/iris/").json()["username"] == "iris"


@pytest.mark.parametrize(("first", "other"), [("ΟΔΟΣ", "οδοσ"), ("İd", "id"), ("straße", "STRASSE")])
def test_what_the_database_may_take_for_one_is_refused_at_its_line(db: None, first: str, other: str) -> None:
    assert [status for status, _name in plan(f"A;{first};a@x.org", f"B;{other};b@x.org")] == ["new", "bad"]


def test_a_username_that_no_address_can_name_gets_a_number(db: None) -> None:
    assert plan("A;;import@x.org") == [("new", "import2")]
    assert plan("A;;manage.py@x.org") == [("new", "manage.py2")]


def test_an_address_that_somebody_has_proven_is_not_promised_a_mail(student: User, admin: User) -> None:
    emails.trust(student)
    User.objects.filter(pk=student.pk).update(email="another@example.org")
    with pytest.raises(person_actions.BadPerson) as refused:
        person_actions.create(username="ana", name="", email=student.email, roles=["student"], by=admin, invite=True)
    assert refused.value.field == "email"


def test_a_line_has_so_many_cells_and_no_more() -> None:
    [line] = people_csv.read("Ana;ana@x.org" + ";x" * 50_000).lines
    assert line.email == "ana@x.org"
