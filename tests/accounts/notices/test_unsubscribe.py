"""The link that ends one kind of mails: signed, without a sign-in, and only its button acts."""

import pytest
from django.core import signing
from django.test import Client

from accounts.models import Unsubscribed, User
from accounts.notices import unsubscribe
from tests.accounts.notices.letters import LETTER, NEWS

pytestmark = pytest.mark.django_db


def link(person: User) -> str:
    return f"/notices/unsubscribe/{unsubscribe.token(person, NEWS)}/"


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_it_ends_nothing(student: User, method: str) -> None:
    page = getattr(Client(), method)(link(student))
    assert (page.status_code, page["Referrer-Policy"]) == (200, "no-referrer")
    assert not Unsubscribed.objects.exists()


def test_one_click_of_a_mail_program_ends_it(student: User) -> None:
    program = Client(enforce_csrf_checks=True)
    assert program.post(link(student), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Unsubscribed.objects.get().kind == NEWS.name


def test_twice_is_once(student: User) -> None:
    for _twice in range(2):
        Client().post(link(student))
    assert Unsubscribed.objects.count() == 1


def test_it_can_be_taken_back(student: User) -> None:
    Client().post(link(student))
    page = Client().post(link(student), {"again": "1"}).content.decode()
    assert "You get these mails." in page
    assert not Unsubscribed.objects.exists()


def test_it_speaks_its_readers_language(student: User) -> None:
    User.objects.update(language="es")
    assert '<html lang="es"' in Client().get(link(student), headers={"Accept-Language": "en"}).content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_is_not_found(student: User, student2: User, method: str) -> None:
    mine = link(student)
    for forged in (mine.replace(f"/{student.pk}-", f"/{student2.pk}-"), mine[:-3] + "/", "/notices/unsubscribe/x/"):
        assert getattr(Client(), method)(forged).status_code == 404
    assert not Unsubscribed.objects.exists()


def test_nobody_ends_what_must_be_read(student: User) -> None:
    token = unsubscribe._SIGNER.sign(f"{student.pk}-{LETTER.name}")
    assert Client().post(f"/notices/unsubscribe/{token}/").status_code == 404


def test_a_signature_for_something_else_is_none(student: User) -> None:
    token = signing.Signer(salt="other", sep=".").sign(f"{student.pk}-{NEWS.name}")
    assert Client().post(f"/notices/unsubscribe/{token}/").status_code == 404


def test_its_signature_is_not_logged(student: User) -> None:
    from lib import logs

    assert unsubscribe.token(student, NEWS).rpartition(".")[2] not in logs.scrubbed(link(student))
