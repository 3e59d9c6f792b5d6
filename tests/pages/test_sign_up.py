"""An account that a person makes: closed by default, by domain, and good for nothing before its address is proven."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import emails, people_import, sign_up
from accounts.limits import MAILS_TO_AN_ADDRESS
from accounts.models import User
from accounts.notices.mail import send_due
from accounts.outside.arrivals import Arrival, arrive
from accounts.outside.outside_refusals import NameTaken
from accounts.people_csv import read
from tests.pages.second_steps import with_password

URL = "/accounts/signup/"
ANA = {"email": "Ana.Paz@students.example.org", "name": "Ana Paz"}


@pytest.fixture
def is_open(settings: Any, db: None) -> None:
    settings.SIGN_UP_DOMAINS = ["students.example.org"]


def link() -> str:
    send_due(timezone.now())
    found = re.search(r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def choose(client: Client, path: str) -> Any:
    page = client.get(path, follow=True)
    new = {"password1": "quite another 9", "password2": "quite another 9"}
    return client.post(page.redirect_chain[-1][0], new)


def test_it_is_closed_unless_the_site_opens_it(client: Client, db: None) -> None:
    assert "No sign-up here" in client.get(URL).content.decode()
    assert "No sign-up here" in client.post(URL, ANA).content.decode()
    assert not User.objects.exists()
    assert "/signup/" not in client.get("/accounts/login/").content.decode()


def test_the_door_leads_there_where_it_is_open(client: Client, is_open: None) -> None:
    assert URL in client.get("/accounts/login/").content.decode()


def test_with_the_mailed_link_one_is_in(client: Client, is_open: None) -> None:
    assert client.post(URL, ANA)["Location"] == f"{URL}done/"
    choose(client, link())
    person = User.objects.get()
    assert (person.username, person.get_full_name(), person.roles) == ("ana.paz", "Ana Paz", ["student"])
    assert emails.proven(person) == ANA["email"]
    login = {"login": ANA["email"], "password": "quite another 9"}
    assert client.post("/accounts/login/", login)["Location"] == "/"


def test_a_stranger_writes_nothing_into_somebody_s_mail(client: Client, is_open: None) -> None:
    client.post(URL, {**ANA, "name": "http://evil.example/ Paz"})
    assert link()
    assert "evil.example" not in str(mail.outbox[0].body) + str(getattr(mail.outbox[0], "alternatives", ""))


def test_before_the_link_is_used_nothing_is_proven(client: Client, is_open: None) -> None:
    client.post(URL, ANA)
    person = User.objects.get()
    assert (emails.proven(person), person.has_usable_password()) == ("", False)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"email": "ana@evil.example"}, "Only with an address that ends in @students.example.org."),
        ({"email": "ana@students.example.org.evil.example"}, "Only with an address"),
        ({"email": "ana@students.example.org@evil.example"}, "This is not an e-mail address."),
        ({"email": "ana"}, "This is not an e-mail address."),
        ({"email": ""}, "Fill this in."),
        ({"name": "x" * 200}, "This name is too long"),
        ({"name": "\x07"}, ""),
    ],
)
def test_what_is_wrong_is_said_at_its_field(client: Client, is_open: None, typed: Any, sentence: str) -> None:
    reply = client.post(URL, {**ANA, **typed})
    assert reply.status_code == 400
    assert sentence in reply.content.decode()
    assert not User.objects.exists()


def test_who_has_an_account_reads_the_same_and_gets_a_link(client: Client, is_open: None) -> None:
    person = User.objects.create_user("ana", ANA["email"].lower(), "minga")
    assert client.post(URL, ANA)["Location"] == f"{URL}done/"
    choose(client, link())
    assert list(User.objects.all()) == [person]


def test_mails_come_to_an_end(client: Client, is_open: None) -> None:
    answers = [client.post(URL, ANA).status_code for _ in range(MAILS_TO_AN_ADDRESS + 1)]
    assert answers == [302] * MAILS_TO_AN_ADDRESS + [429]


def test_whose_password_is_elsewhere_gets_no_link(client: Client, is_open: None) -> None:
    arrive(Arrival("ldap", "id-1", "ana", ANA["email"]))
    assert client.post(URL, ANA)["Location"] == f"{URL}done/"
    assert send_due(timezone.now()) == 0


@pytest.mark.parametrize("name", ["ana.paz", "ap"])
def test_what_was_only_asked_for_keeps_nobody_out(client: Client, is_open: None, name: str) -> None:
    client.post(URL, ANA)
    person = arrive(Arrival("ldap", "id-1", name, ANA["email"].lower()))
    assert (person.username, emails.proven(person)) == (name, ANA["email"].lower())
    assert User.objects.get() == person


def test_who_came_by_the_link_keeps_the_name(client: Client, is_open: None) -> None:
    client.post(URL, ANA)
    choose(client, link())
    with pytest.raises(NameTaken):
        arrive(Arrival("ldap", "id-1", "ana.paz"))


def test_a_blocked_person_gets_no_link(client: Client, is_open: None) -> None:
    User.objects.create_user("ana", ANA["email"].lower(), "minga", is_active=False)
    client.post(URL, ANA)
    assert send_due(timezone.now()) == 0


def test_accounts_that_nobody_used_are_deleted(client: Client, is_open: None, student: User) -> None:
    client.post(URL, ANA)
    client.post(URL, {**ANA, "email": "leo@students.example.org"})
    choose(client, link())  # Leo's
    User.objects.exclude(pk=student.pk).update(signed_up_at=timezone.now() - timedelta(9))
    sign_up.forget(timezone.now())
    assert {person.username for person in User.objects.all()} == {"leo", "student"}


def test_who_is_in_is_led_home(client: Client, is_open: None, student: User) -> None:
    with_password(client)
    assert client.get(URL)["Location"] == "/"


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_make_one_account(settings: Any) -> None:
    settings.SIGN_UP_DOMAINS = ["students.example.org"]

    def ask(_n: int) -> int:
        try:
            return Client().post(URL, ANA).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(ask, range(3))) == [302] * 3
    assert User.objects.count() == 1


# ---- and an administrator who makes the account ----


def by_hand(office: Client, **facts: Any) -> Any:
    sent = {"username": "", "name": "Ana Paz Vera", "email": ANA["email"].upper(), "roles": ["student"], **facts}
    return office.post("/manage/people/new/", sent)


@pytest.fixture
def office(admin: User) -> Client:
    office = Client()
    office.force_login(admin)
    return office


@pytest.mark.parametrize("facts", [{}, {"invite": "on"}, {"username": "ANA.PAZ", "email": "ap@uni.example"}])
def test_an_administrator_s_account_takes_its_place(
    client: Client, is_open: None, office: Client, facts: dict[str, str]
) -> None:
    client.post(URL, ANA)
    old = link()
    assert by_hand(office, **facts).status_code == 302
    person = User.objects.get(username__iexact="ana.paz")
    assert (person.signed_up_at, person.get_full_name()) == (None, "Ana Paz Vera")
    assert "This link no longer works" in client.get(old, follow=True).content.decode()


def test_so_does_a_list(client: Client, is_open: None, admin: User) -> None:
    client.post(URL, ANA)
    client.post(URL, {**ANA, "email": "leo@students.example.org"})
    lines = read(f"Ana Vera;{ANA['email']}\nLeo;leo@uni.example").lines
    assert people_import.plan(lines).counts == {"new": 2, "known": 0, "bad": 0}
    assert User.objects.filter(signed_up_at__isnull=False).count() == 2
    people_import.carry_out(lines, by=admin, roles=["student"])
    assert set(User.objects.values_list("username", "signed_up_at")) == {
        ("ana.paz", None),
        ("leo", None),
        ("admin", None),
    }


def test_whose_link_was_used_keeps_name_and_address(client: Client, is_open: None, office: Client) -> None:
    client.post(URL, ANA)
    choose(client, link())
    reply = by_hand(office)
    assert (reply.status_code, "Somebody has this e-mail address already" in reply.content.decode()) == (400, True)
    assert people_import.plan(read(f"Ana;{ANA['email']}").lines).counts["known"] == 1


def test_who_is_refused_ends_no_sign_up(client: Client, is_open: None, office: Client) -> None:
    client.post(URL, ANA)
    assert by_hand(office, username="admin").status_code == 400
    assert User.objects.filter(username="ana.paz").exists()


def test_whose_link_is_used_while_a_list_is_imported_stays(client: Client, is_open: None, admin: User) -> None:
    client.post(URL, ANA)
    lines = read(f"Ana;{ANA['email']}").lines
    pending = people_import.plan(lines).displaced
    choose(client, link())
    assert (len(pending), sign_up.end(pending)) == (1, 0)
    assert User.objects.filter(username="ana.paz").exists()


# ---- by hand on the server ----


@pytest.mark.parametrize(("name", "email"), [("ANA.PAZ", "boss@example.org"), ("boss", ANA["email"].upper())])
def test_an_administrator_who_is_made_on_the_server_takes_its_place(
    client: Client, is_open: None, name: str, email: str
) -> None:
    client.post(URL, ANA)
    call_command("createsuperuser", username=name, email=email, interactive=False, verbosity=0)
    boss = User.objects.get(is_superuser=True)
    assert (boss.username, boss.email.lower()) == (name, email.lower())
    assert emails.people_at(email).get() == boss
    assert not sign_up.pending().exists()


def test_an_administrator_who_cannot_be_made_ends_no_sign_up(client: Client, is_open: None, student: User) -> None:
    client.post(URL, ANA)
    for wrong in ({"username": "STUDENT", "email": ANA["email"]}, {"username": "ana.paz", "email": "no address"}):
        with pytest.raises(CommandError):
            call_command("createsuperuser", interactive=False, **wrong)
    assert User.objects.filter(username="ana.paz").exists()


def test_whoever_is_renamed_on_the_server_takes_its_name(client: Client, is_open: None, student: User) -> None:
    client.post(URL, ANA)
    call_command("rename_user", "student", "Ana.Paz")
    assert User.objects.get(username__iexact="ana.paz") == student


def test_a_sign_up_is_renamed_itself(client: Client, is_open: None) -> None:
    client.post(URL, ANA)
    call_command("rename_user", "ana.paz", "Ana.Paz")
    assert sign_up.pending().get().username == "Ana.Paz"


def test_a_name_that_cannot_be_ends_no_sign_up(client: Client, is_open: None, student: User) -> None:
    client.post(URL, ANA)
    with pytest.raises(CommandError):
        call_command("rename_user", "student", "ana paz")
    assert sign_up.pending().exists()


def test_the_mail_is_in_the_language_of_the_page(client: Client, is_open: None) -> None:
    client.post(URL, ANA, headers={"accept-language": "es"})
    assert "Hola" in (link() and str(mail.outbox[-1].body))


def test_whoever_came_from_a_code_goes_back_to_it(client: Client, is_open: None) -> None:
    code = "/subscription/?code=ABCD"
    door = client.get(code).content.decode()
    assert f"{URL}?next=%2Fsubscription%2F%3Fcode%3DABCD" in door
    assert f'value="{code}"' in client.get(URL, {"next": code}).content.decode()
    client.post(URL, {**ANA, "next": code})
    assert choose(client, link())["Location"] == code
    assert client.get(code).context["user"].is_authenticated


def test_another_site_is_no_page_to_go_back_to(client: Client, is_open: None) -> None:
    client.post(URL, {**ANA, "next": "https://evil.example/"})
    assert "evil.example" not in client.get(f"{URL}done/").content.decode()
