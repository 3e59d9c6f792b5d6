"""A second step that the site asks of a role: pages, API and live connections wait for it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from portal.live import entry
from tests.api.program import Program
from tests.pages.second_steps import HERE, code, confirm, with_app
from tests.pages.test_second_steps import secret_on


@pytest.fixture
def demanded(settings: Any) -> None:
    settings.MFA_REQUIRED_FOR = ["admin", "teacher"]


def test_it_is_asked_of_nobody_by_default(client: Client, admin: User) -> None:
    client.force_login(admin)
    assert client.get("/keys/").status_code == 200


def test_whoever_owes_it_is_led_there_and_out_again(client: Client, admin: User, demanded: None) -> None:
    client.force_login(admin)
    assert client.get("/keys/")["Location"] == HERE
    page = client.get(HERE).content.decode()
    assert "Set up a second step first" in page
    assert 'class="crumb"' not in page  # it would lead back here
    confirm(client)
    secret = secret_on(client.get(f"{HERE}app/").content.decode())
    assert client.post(f"{HERE}app/", {"code": code(secret)}).status_code == 302
    assert client.get("/keys/").status_code == 200
    assert 'class="crumb"' in client.get(HERE).content.decode()


def test_a_part_of_a_page_leads_the_whole_page(client: Client, teacher: User, demanded: None) -> None:
    client.force_login(teacher)
    reply = client.get("/keys/", headers={"HX-Request": "true"})
    assert (reply.status_code, reply["HX-Redirect"]) == (204, HERE)


def test_other_roles_owe_nothing(client: Client, student: User, demanded: None) -> None:
    client.force_login(student)
    assert client.get("/keys/").status_code == 200


def test_a_superuser_is_an_administrator(client: Client, student: User, demanded: None) -> None:
    User.objects.filter(pk=student.pk).update(is_superuser=True)
    client.force_login(student)
    assert client.get("/keys/")["Location"] == HERE


def test_the_api_waits_for_it(admin: User, demanded: None) -> None:
    program = Program(admin)
    reply = program.ask("GET", "me/")
    assert (reply.status_code, reply.json()["code"]) == (403, "second_step_owed")
    with_app(admin)
    assert program.ask("GET", "me/").status_code == 200


def test_live_connections_wait_for_it(client: Client, admin: User, demanded: None) -> None:
    client.force_login(admin)
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    scope = {
        "type": "http", "method": "GET", "path": "/live/events/", "query_string": b"", "client": ("127.0.0.1", 1),
        "server": ("testserver", 80), "scheme": "http", "headers": [(b"host", b"testserver"), (b"cookie", cookie)],
    }  # fmt: skip
    with pytest.raises(entry.Refused, match="second_step_owed"):
        entry.enter(scope)
    with_app(admin)
    assert entry.enter(scope).person == admin


@pytest.mark.parametrize("path", [HERE, f"{HERE}app/", "/accounts/password/change/", "/help/"])
def test_no_page_opens_what_would_be_refused(client: Client, admin: User, demanded: None, path: str) -> None:
    """A page whose stream is refused is left for the set-up: the set-up itself was left, too, within two seconds, again and again."""
    client.force_login(admin)
    confirm(client)
    assert "js/events.js" not in client.get(path).content.decode()
    with_app(admin)
    assert "js/events.js" in client.get(path, follow=True).content.decode()


@pytest.mark.parametrize("path", ["/keys/", "/help/"])
def test_a_page_asks_once_whether_it_is_owed(client: Client, admin: User, demanded: None, path: str) -> None:
    client.force_login(admin)
    with_app(admin)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    assert len([query for query in asked if "mfa_authenticator" in query["sql"]]) == 1


def test_the_way_out_stays_open(client: Client, admin: User, demanded: None) -> None:
    client.force_login(admin)
    client.post("/accounts/logout/")
    assert client.get("/keys/")["Location"].startswith("/accounts/login/")
