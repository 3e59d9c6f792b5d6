"""Pages about accounts elsewhere: linked by administrators, without a password here, a clouds.yaml of one's own."""

from typing import Any

import pytest
import yaml
from django.test import Client

from accounts import password_links, person_actions, tokens
from accounts.models import AuditRow, Notice, OutsideAccount, SignInFailures, User
from cloud.contract import Denial
from lib.notes import Refusal
from tests.accounts.outside.people_of_the_cloud import cloud_people as cloud_people
from tests.cloud.fake_people import FakePeople
from tests.pages.second_steps import confirm

FILE = "/account/cloud/"


@pytest.fixture
def ana(db: None, client: Client, cloud_people: FakePeople, settings: Any) -> User:
    """Ana, who signed in with her account of an OpenStack."""
    settings.IS_OPENSTACK = True
    client.post("/accounts/login/", {"login": "ana", "password": "cloud"})
    return User.objects.get(username="ana")


@pytest.fixture
def office(admin: User) -> Client:
    office = Client()
    office.force_login(admin)
    confirm(office)
    return office


def link(office: Client, person: User, **fields: str) -> Any:
    return office.post(f"/manage/people/{person.pk}/account-elsewhere/", {"way": "keystone", "name": "ana", **fields})


# ---- linked by an administrator ----


def test_a_linked_person_signs_in_with_the_other_password_only(
    office: Client, student: User, cloud_people: FakePeople
) -> None:
    assert link(office, student)["Location"] == f"/manage/people/{student.pk}/"
    sent = {"login": "student", "password": "cloud"}
    assert Client().post("/accounts/login/", {**sent, "password": "minga"}).status_code == 200
    assert Client().post("/accounts/login/", sent).status_code == 302
    assert cloud_people.asked == [("ana", "minga"), ("ana", "cloud")]
    assert OutsideAccount.objects.get().subject == "id-of-ana"
    assert [row.verb for row in AuditRow.objects.filter(whom=student)] == ["link_account"]
    assert Notice.objects.get(recipient=student).arguments["what"] == "linked_instead"


def test_who_links_shows_first_who_they_are(admin: User, student: User, cloud_people: FakePeople) -> None:
    office = Client()
    office.force_login(admin)
    assert link(office, student)["Location"].startswith("/accounts/confirm/")
    assert not OutsideAccount.objects.exists()


def test_the_page_lists_and_takes_away(office: Client, student: User, cloud_people: FakePeople) -> None:
    link(office, student)
    page = office.get(f"/manage/people/{student.pk}/account-elsewhere/").content.decode()
    assert "<b>ana</b>" in page
    account = OutsideAccount.objects.get()
    reply = office.post(f"/manage/people/{student.pk}/account-elsewhere/{account.pk}/unlink/")
    assert reply["Location"] == f"/manage/people/{student.pk}/"
    assert not OutsideAccount.objects.exists()


def test_whose_account_an_administrator_takes_away_is_signed_out(client: Client, ana: User, office: Client) -> None:
    tokens.make(user=ana)
    account = OutsideAccount.objects.get()
    office.post(f"/manage/people/{ana.pk}/account-elsewhere/{account.pk}/unlink/")
    assert client.get("/account/").status_code == 302
    assert not tokens.of(ana).exists()
    assert Notice.objects.get(recipient=ana).arguments["what"] == "unlinked"


@pytest.mark.parametrize(
    ("fields", "words"), [({"name": ""}, "required"), ({"way": "moon"}, "moon"), ({"name": "x" * 300}, "255")]
)
def test_what_cannot_be_linked_is_said_at_its_field(
    office: Client, student: User, cloud_people: FakePeople, fields: dict[str, str], words: str
) -> None:
    reply = link(office, student, **fields)
    assert (reply.status_code, words in reply.content.decode()) == (400, True)


def test_an_account_is_one_person_s_and_an_administrator_keeps_a_password(
    office: Client, student: User, student2: User, admin: User, cloud_people: FakePeople
) -> None:
    link(office, student)
    assert "already" in link(office, student2, name="ANA").content.decode()
    assert "keeps a password" in link(office, admin, name="root").content.decode()
    assert admin.has_usable_password()


# ---- without a password here ----


@pytest.mark.parametrize("page", ["change", "set"])
def test_there_is_no_password_to_change_or_choose(client: Client, ana: User, page: str) -> None:
    reply = client.post(f"/accounts/password/{page}/", {"password1": "A-new-one-1", "password2": "A-new-one-1"})
    assert (reply.status_code, "not kept here" in reply.content.decode()) == (409, True)
    assert not User.objects.get().has_usable_password()


def test_no_link_chooses_one(client: Client, ana: User, admin: User, mailoutbox: list[Any]) -> None:
    with pytest.raises(Refusal, match="external account"):
        person_actions.send_link(person=ana, by=admin)
    Client().post("/accounts/password/reset/", {"email": ana.email})
    assert "/accounts/password/reset/key/" not in "".join(str(mail.body) for mail in mailoutbox)
    assert not password_links.PasswordLinks().check_token(ana, password_links.PasswordLinks().make_token(ana))


# ---- a clouds.yaml ----


def test_the_file_opens_the_project_and_is_kept_nowhere(client: Client, ana: User) -> None:
    assert FILE in client.get("/account/").content.decode()
    reply = client.post(FILE, {"password": "cloud"})
    assert 'filename="clouds.yaml"' in reply["Content-Disposition"]
    assert "no-store" in reply["Cache-Control"]
    cloud = yaml.safe_load(reply.content)["clouds"]["openstack"]
    assert cloud["auth"]["application_credential_secret"] == "the-secret"
    assert (cloud["auth_type"], cloud["region_name"]) == ("v3applicationcredential", "RegionOne")
    row = AuditRow.objects.get(verb="make_credential")
    assert (row.who, row.detail) == (ana, {"project": "lab"})


def test_what_was_made_without_an_answer_goes_with_the_next_try(
    client: Client, ana: User, cloud_people: FakePeople
) -> None:
    client.post(FILE, {"password": "cloud"})
    [kept] = cloud_people.credentials["ana"]
    cloud_people.loses_answers = True
    assert [client.post(FILE, {"password": "cloud"}).status_code for _ in range(2)] == [503, 503]
    assert len(cloud_people.credentials["ana"]) == 2  # the second try removed what the first one left over
    assert client.post(FILE, {"password": "wrong"}).status_code == 400
    cloud_people.loses_answers = False
    assert client.post(FILE, {"password": "cloud"}).status_code == 200
    assert cloud_people.credentials["ana"][0] == kept
    assert len(cloud_people.credentials["ana"]) == 2
    client.post(FILE, {"password": "cloud"})
    assert len(cloud_people.credentials["ana"]) == 3


@pytest.mark.parametrize(
    ("projects", "words"), [(("a", "b"), "Name one of your projects: a, b."), ((), "no project in the cloud")]
)
def test_which_project_is_asked(
    client: Client, ana: User, cloud_people: FakePeople, projects: tuple[str, ...], words: str
) -> None:
    cloud_people.add("ana", "cloud", projects=projects)
    reply = client.post(FILE, {"password": "cloud"})
    assert (reply.status_code, words in reply.content.decode()) == (400, True)
    if projects:
        assert client.post(FILE, {"password": "cloud", "project": "b"}).status_code == 200


def test_a_wrong_password_is_counted_and_a_missing_one_is_not_sent(
    client: Client, ana: User, cloud_people: FakePeople
) -> None:
    cloud_people.asked.clear()
    assert "not your cloud password" in client.post(FILE, {"password": "guess"}).content.decode()
    assert client.post(FILE, {}).status_code == 400
    assert cloud_people.asked == [("ana", "guess")]
    assert SignInFailures.objects.filter(count=1).exists()


def test_what_the_cloud_says_is_said(client: Client, ana: User, cloud_people: FakePeople) -> None:
    cloud_people.busy = True
    assert "does not answer" in client.post(FILE, {"password": "cloud"}).content.decode()
    cloud_people.busy = False
    cloud_people.add("ana", "cloud", denied=Denial.EXPIRED)
    assert "expired" in client.post(FILE, {"password": "cloud"}).content.decode()


def test_nobody_else_has_that_page(client: Client, student: User, cloud_people: FakePeople, settings: Any) -> None:
    settings.IS_OPENSTACK = True
    client.force_login(student)
    assert FILE not in client.get("/account/").content.decode()
    assert client.post(FILE, {"password": "minga"}).status_code == 404


def test_the_sign_in_says_that_the_cloud_s_password_works(
    client: Client, db: None, cloud_people: FakePeople, settings: Any
) -> None:
    assert "Horizon" not in client.get("/accounts/login/").content.decode()
    settings.IS_OPENSTACK = True
    assert "Horizon" in client.get("/accounts/login/").content.decode()
