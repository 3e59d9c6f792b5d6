"""The answers of allauth's addresses have our frame, our words and one language, whoever sends whatever there."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import allauth
import django.conf
import polib
import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts import password_links
from accounts.models import User
from portal.urls import _accounts, _sign_in_by_others
from tests.pages.second_steps import STEP, confirm, with_app, with_password
from tests.pages.test_allauth_pages import OURS, names

pytestmark = pytest.mark.slow

ARGUMENTS = {
    "account_reset_password_from_key": ["1", "x"],
    "mfa_edit_webauthn": [1],
    "mfa_remove_webauthn": [1],
    **{name: [name.partition("_")[0].replace("openid", "oidc")] for name in names(_sign_in_by_others)},
}
ROUTES = sorted(names(_accounts) | names(_sign_in_by_others))
NONSENSE = {
    "login": "nobody", "password": "wrong", "oldpassword": "wrong", "password1": "short", "password2": "another one 9",
    "code": "12", "credential": '{"id": 1}', "name": "", "email": "no address", "next": "https://evil.example/", "process": "confirm",
}  # fmt: skip
SENT: tuple[tuple[str, dict[str, str]], ...] = (("get", {}), ("get", NONSENSE), ("post", {}), ("post", NONSENSE))
LOCALE = "locale/es/LC_MESSAGES/django"
LANGUAGES = {"English", "Español"}  # the switch says each in itself
CAST = {"donor"}  # who is signed in


def entries(folder: Path, kind: Any = polib.pofile, ending: str = "po") -> Any:
    return [entry for entry in kind(str(folder / f"{LOCALE}.{ending}")) if entry.msgid and not entry.msgid_plural]


def of_library(module: Any) -> Any:
    return entries(Path(module.__file__).parent, polib.mofile, "mo")


OWN = entries(Path())
OWN_ENGLISH, OWN_SPANISH = {entry.msgid for entry in OWN}, {entry.msgstr for entry in OWN}
FOREIGN = of_library(allauth)
# What no page says in this language: allauth's words, and in Spanish everything that is English.
REFUSED = {
    "en": {entry.msgid for entry in FOREIGN} - OWN_ENGLISH,
    "es": {entry.msgid for entry in (*OWN, *FOREIGN, *of_library(django.conf))} - OWN_SPANISH - LANGUAGES - CAST,
}


class Texts(HTMLParser):
    """The texts of a page: what is read, and what a browser says for it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.found.add(" ".join(data.split()))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = ("placeholder", "title", "alt", "aria-label")
        self.found |= {" ".join(value.split()) for name, value in attributes if name in said and value}


def address(name: str) -> str:
    return reverse(name, args=ARGUMENTS.get(name, []))


def faults(client: Client, name: str, language: str, what: Any = SENT) -> Iterator[str]:
    for method, sent in what:
        with transaction.atomic():  # each as if it were the first
            reply = getattr(client, method)(address(name), sent, headers={"Accept-Language": language})
            transaction.set_rollback(True)
        yield from (f"{method} {name} {sent and 'nonsense'}: {fault}" for fault in faults_of(reply, language))


def faults_of(reply: Any, language: str) -> Iterator[str]:
    """Yield what is wrong with an answer; nothing of one that is no page."""
    if reply.status_code >= 500 and reply.status_code != 503:
        yield f"status {reply.status_code}"
    if reply.status_code in (301, 302, 303) or not reply["Content-Type"].startswith("text/html"):
        return
    drawn = [template.origin.name for template in reply.templates if template.origin and template.name]
    yield from (each for each in drawn if not each.startswith(OURS) and "django/forms" not in each)
    page = reply.content.decode()
    if '<link rel="stylesheet"' not in page:
        yield "not in our frame"
    if f'<html lang="{language}"' not in page:
        yield "another language"
    yield from Texts(page).found & REFUSED[language]


@pytest.fixture
def provider(settings: Any, db: None) -> None:
    """A provider that is away."""
    app = {"provider_id": "oidc", "name": "Uni", "client_id": "minga", "secret": "s", "settings": {"server_url": "http://127.0.0.1:1"}}  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    settings.OIDC_URL, settings.SIGN_UP_DOMAINS = "http://127.0.0.1:1", ["students.example.org"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_signed_out_meet_our_words_only(client: Client, provider: None, language: str) -> None:
    assert [fault for name in ROUTES for fault in faults(client, name, language)] == []


@pytest.mark.parametrize(
    ("role", "language", "has_app", "what"),
    [("student", "en", False, SENT), ("student", "es", True, SENT), ("teacher", "es", False, SENT[::3]), ("donor", "es", True, SENT[::3]),
     ("admin", "es", False, SENT[::3])],
    ids=["student-en", "student-es", "teacher", "donor", "admin"],
)  # fmt: skip
def test_so_do_the_signed_in(
    client: Client, provider: None, role: str, language: str, has_app: bool, what: Any, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(role)
    if has_app:
        with_app(person)
    client.force_login(person)
    confirm(client)
    assert [fault for name in ROUTES for fault in faults(client, name, language, what)] == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_and_those_between_the_steps(client: Client, student: User, language: str) -> None:
    with_app(student)
    with_password(client)
    assert client.get(STEP).status_code == 200
    assert list(faults(client, "mfa_authenticate", language)) == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_password_that_is_typed_in_two_ways_is_said_in_our_words(
    client: Client, student: User, language: str
) -> None:
    two = {"oldpassword": "minga", "password1": "quite another 9", "password2": "quite another 8"}
    spoken = {"headers": {"Accept-Language": language}}
    link = client.get("/accounts" + password_links.address(student).partition("/accounts")[2], follow=True)
    by_link = client.post(link.redirect_chain[-1][0], two, **spoken)
    client.force_login(student)
    changed = client.post(reverse("account_change_password"), two, **spoken)
    User.objects.update(password="!")
    client.force_login(User.objects.get())
    chosen = client.post(reverse("account_set_password"), two, **spoken)
    for reply in (by_link, changed, chosen):
        assert list(faults_of(reply, language)) == []
        said = "The two are not the same" if language == "en" else "No son iguales"
        assert said in reply.content.decode()


def test_a_page_of_the_library_would_be_found(client: Client, db: None) -> None:
    """Guard the tests above, which hold where nothing is looked at."""
    reply = client.get(reverse("account_login"), headers={"Accept-Language": "en"})
    assert list(faults_of(reply, "en")) == []
    assert "another language" in list(faults_of(reply, "es"))
    assert "Sign in" in list(faults_of(reply, "es"))
    assert {"Incorrect code.", "You must type the same password each time."} <= REFUSED["en"]
