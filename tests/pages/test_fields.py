"""Faults of a form: each stands at its field, in the reader's words, and takes the focus."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import grant, make_machine, make_template

SIGN_IN = "/accounts/login/"
CHANGE = "/accounts/password/change/"
PPK = "PuTTY-User-Key-File-3: ssh-rsa\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 1\nAAAA"


def control(reply: Any, name: str) -> str:
    """The tag of a field's control."""
    found = re.search(rf"<(?:input|textarea|select)[^>]*\bname=\"{name}\"[^>]*>", reply.content.decode())
    assert found, name
    return found[0]


def takes_the_blame(tag: str) -> bool:
    return all(word in tag for word in ('aria-invalid="true"', "aria-describedby=", "autofocus"))


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


@pytest.mark.parametrize(("name", "word"), [("", "Give it a name"), ("a\u202eb", "U+202E"), ("Puma", "already")])
def test_a_name_that_cannot_be(signed_in: Client, student: User, name: str, word: str) -> None:
    make_machine(student, name="puma")
    machine = make_machine(student, name="condor")
    reply = signed_in.post(f"/machines/{machine.pk}/rename/", {"name": name})
    tag = control(reply, "name")
    assert (takes_the_blame(tag), 'id="new-name"' in tag) == (True, True)
    said = reply.content.decode().partition('id="new-name_error"')[2].partition("</ul>")[0]
    assert word in said
    assert reply.content.decode().count(said) == 1


def test_a_machine_is_launched_under_a_name_that_is_taken(signed_in: Client, student: User) -> None:
    make_machine(student, name="puma")
    grant(student)
    for slug in ("first", "second"):
        make_template(slug=slug)
    reply = signed_in.post("/launch/", {"template": "second", "name": "Puma"})
    text = reply.content.decode()
    tag = re.search(r'<input id="name-second"[^>]*>', text)
    assert (reply.status_code, tag and takes_the_blame(tag[0])) == (409, True)
    assert text.count("already. Choose another name.") == 1
    assert text.count('<details class="named" open>') == 1
    assert text.count("autofocus") == 1


@pytest.mark.parametrize(("port", "status"), [("99999", 400), ("", 400), ("x", 400), ("22", 409)])
def test_a_port_that_cannot_be(signed_in: Client, student: User, port: str, status: int) -> None:
    reply = signed_in.post(f"/machines/{make_machine(student).pk}/ports/", {"port": port, "scheme": "http"})
    assert (reply.status_code, takes_the_blame(control(reply, "port"))) == (status, True)


def test_only_the_first_fault_takes_the_focus(signed_in: Client) -> None:
    reply = signed_in.post(CHANGE, {"oldpassword": "no", "password1": "x", "password2": "y"})
    assert takes_the_blame(control(reply, "oldpassword"))
    assert "autofocus" not in control(reply, "password1")


def test_a_wrong_password_leads_back_to_its_field(client: Client, student: User) -> None:
    reply = client.post(SIGN_IN, {"login": "student", "password": "no"})
    assert takes_the_blame(control(reply, "password"))
    assert "autofocus" not in control(client.get(SIGN_IN), "password")


@pytest.mark.parametrize("address", [SIGN_IN, CHANGE])
def test_what_is_said_of_passwords_in_spanish_says_tu(signed_in: Client, student: User, address: str) -> None:
    if address == SIGN_IN:
        signed_in.logout()
    typed = {"login": "student", "password": "no", "oldpassword": "no", "password1": "corta", "password2": "corta"}
    text = signed_in.post(address, typed, HTTP_ACCEPT_LANGUAGE="es").content.decode()
    assert not re.search(r"\b(su|usted|escriba|ha (olvidado|indicado))\b", text, re.I)
    assert "placeholder" not in text


@pytest.mark.parametrize("text", [PPK, "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n"])
def test_a_private_key_is_not_shown_again(signed_in: Client, text: str) -> None:
    reply = signed_in.post("/keys/", {"public_key": text, "name": "laptop"})
    assert (reply.status_code, text.splitlines()[0] in reply.content.decode()) == (400, False)
    assert 'name="name" value="laptop"' in reply.content.decode()


def test_a_changed_password_leads_to_the_account_and_says_what_it_ended(signed_in: Client, student: User) -> None:
    student.set_password("minga")
    student.save()
    signed_in.force_login(student)
    typed = {"oldpassword": "minga", "password1": "una clave larga 7", "password2": "una clave larga 7"}
    reply = signed_in.post(CHANGE, typed, follow=True)
    assert reply.redirect_chain == [("/account/", 302)]
    assert "You are signed out everywhere else" in reply.content.decode()


def test_another_teacher_reads_who_may_change_a_template(client: Client, teacher: User, student: User) -> None:
    slug = make_template().slug
    shown = {}
    for who in (teacher, student):
        client.force_login(who)
        shown[who.username] = client.get(f"/lab-templates/{slug}/").content.decode()
    assert "Only its author" in shown["teacher"]
    assert "This page is for teachers" in shown["student"]


def test_without_room_in_the_bin_its_page_does_not_promise_it(signed_in: Client, student: User) -> None:
    grant(student, archives=0)
    text = signed_in.get(f"/machines/{make_machine(student).pk}/delete/").content.decode()
    assert ("It cannot go into the recycle bin now" in text, "It stays in the recycle bin" in text) == (True, False)


def test_an_administrator_reads_whose_quota_it_is(client: Client, admin: User, student: User) -> None:
    client.force_login(admin)
    text = client.get(f"/machines/{make_machine(student).pk}/settings/").content.decode()
    assert ("The quota of student" in text, "Your quota" in text) == (True, False)


def test_all_faults_of_a_template_are_shown_at_once(client: Client, teacher: User) -> None:
    client.force_login(teacher)
    lab = make_template()
    rows = {"services-TOTAL_FORMS": "3", "services-INITIAL_FORMS": "0", "services-0-name": "ssh", "services-0-port": "22",
            "services-1-name": "Web!", "services-1-port": "99999", "services-2-name": "ssh", "services-2-port": "22"}  # fmt: skip
    rows |= {f"services-{number}-scheme": "tcp" for number in range(3)}
    typed = {
        "name": "",
        "name_es": "a\nb",
        "summary": "x",
        "login": "Root!",
        "icon": "terminal",
        "image": lab.image_id,
        "flavor": lab.flavor_id,
        "position": "1",
    }
    reply = client.post("/lab-templates/new/", {**typed, **rows, "idle-idle_minutes": "-1"})
    page = reply.content.decode()
    wrong = [
        "name",
        "name_es",
        "login",
        "services-1-name",
        "services-1-port",
        "services-2-name",
        "services-2-port",
        "idle-idle_minutes",
    ]
    assert [name for name in wrong if 'aria-invalid="true"' not in control(reply, name)] == []
    assert (reply.status_code, page.index("autofocus") < page.index('name="login"')) == (400, True)
