"""Signing in with an account of a real directory: OpenLDAP's slapd, started by the tests."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from django.test import Client

from accounts.models import OutsideAccount, SignInFailures, User
from accounts.outside import directory, sign_in
from accounts.outside.arrivals import Arrival
from accounts.outside.outside_refusals import AccountLocked, NoAnswer, PasswordExpired
from accounts.outside.role_table import read
from tests.accounts.outside import slapd
from tests.accounts.outside.people_of_the_cloud import cloud_people as cloud_people
from tests.accounts.outside.slapd import MOST_FAILURES, PASSWORD, Slapd
from tests.hanging import hanging

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("slapd"),
    pytest.mark.skipif(find_spec("ldap") is None, reason="python-ldap is not installed: requirements-ldap.txt"),
    pytest.mark.skipif(slapd.PROGRAM is None, reason="slapd is not installed: apt-get install slapd"),
]


@pytest.fixture(scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    server = Slapd(tmp_path_factory.mktemp("slapd"))
    yield server
    server.end()


@pytest.fixture
def server(_server: Slapd, settings: Any) -> Slapd:
    settings.LDAP_URL, settings.LDAP_CA, settings.LDAP_STARTTLS = _server.url, _server.ca, True
    settings.LDAP_BIND_DN, settings.LDAP_BIND_PASSWORD = slapd.SERVICE, slapd.SERVICE_PASSWORD
    settings.LDAP_PEOPLE_BASE = settings.LDAP_GROUPS_BASE = "dc=uni"
    settings.SIGN_IN_ROLES = read("ldap:staff=teacher,ldap:cn=lab,dc=uni=donor")
    return _server


def ask(name: str, password: str = PASSWORD) -> Arrival | None:
    return sign_in.ask(directory.WAY, name, password)


@pytest.mark.parametrize("kind", ["StartTLS", "ldaps", "clear"])
def test_a_name_and_a_password_make_an_arrival(server: Slapd, settings: Any, kind: str) -> None:
    settings.LDAP_URL = server.tls_url if kind == "ldaps" else server.url
    settings.LDAP_STARTTLS = kind == "StartTLS"
    found = ask("ana")
    assert found is not None
    assert (found.name, found.email, found.full_name) == ("ana", "ana@uni.example", "Ana Paredes")
    assert found.values == {"staff", "lab", "cn=staff,dc=uni", "cn=lab,dc=uni"}
    assert len(found.subject) == 36  # entryUUID
    assert found == ask("ANA")


@pytest.mark.parametrize(
    ("name", "password"),
    [("ana", "wrong"), ("nobody", PASSWORD), ("*", PASSWORD), ("an*", PASSWORD), ("ana)(uid=*", PASSWORD), ("twice", PASSWORD),
     ("ana", ""), ("", PASSWORD), ("ñandú\x00", PASSWORD), ("cn=admin,dc=uni", "service")],
)  # fmt: skip
def test_anything_else_lets_nobody_in(server: Slapd, name: str, password: str) -> None:
    assert ask(name, password) is None


def test_an_expired_password_is_said(server: Slapd) -> None:
    for name in ("old", "renew"):
        with pytest.raises(PasswordExpired):
            ask(name)
    assert ask("old", "wrong") is None


def test_a_wrong_password_is_sent_once_and_a_locked_account_is_said(server: Slapd) -> None:
    assert [ask("bea", "wrong") for _ in range(MOST_FAILURES - 1)] == [None] * (MOST_FAILURES - 1)
    assert ask("bea") is not None  # twice would have locked it
    for _ in range(MOST_FAILURES):
        assert ask("carla", "wrong") is None
    with pytest.raises(AccountLocked):
        ask("carla")


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("532", PasswordExpired), ("773", PasswordExpired), ("775", AccountLocked), ("533", AccountLocked)],
)
def test_active_directory_says_why_in_a_text(code: str, refusal: type[Exception]) -> None:
    import ldap

    info = f"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {code}, v4563"
    with pytest.raises(refusal):
        directory._raise_reason(ldap.INVALID_CREDENTIALS({"desc": "Invalid credentials", "info": info}))
    directory._raise_reason(ldap.INVALID_CREDENTIALS({"info": info.replace(code, "52e")}))  # a wrong password


@pytest.mark.parametrize(
    "wrong",
    [{"LDAP_CA": ""}, {"LDAP_BIND_PASSWORD": "x"}, {"LDAP_URL": "ldap://127.0.0.1:1"}, {"LDAP_ID_ATTRIBUTE": "x"}],
)
def test_a_directory_that_cannot_be_asked_is_no_wrong_password(
    server: Slapd, settings: Any, wrong: dict[str, str]
) -> None:
    for name, value in wrong.items():
        setattr(settings, name, value)
    with pytest.raises(NoAnswer):
        ask("ana")


def test_a_directory_that_hangs_is_left(server: Slapd, settings: Any) -> None:
    settings.SIGN_IN_SECONDS = 0.3
    with hanging(server.process), pytest.raises(NoAnswer):
        ask("ana")


def test_somebody_signs_in_and_has_the_roles_of_their_groups(client: Client, db: None, server: Slapd) -> None:
    reply = client.post("/accounts/login/", {"login": "ana", "password": PASSWORD})
    assert reply.status_code == 302
    assert User.objects.get().roles == ["student", "teacher", "donor"]
    assert OutsideAccount.objects.get().way == "ldap"
    assert not SignInFailures.objects.filter(count__gt=0).exists()


def test_nobody_is_let_in_with_the_roles_of_some_of_their_groups(
    server: Slapd, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(directory, "MOST_GROUPS", 1)
    with pytest.raises(NoAnswer):
        ask("ana")
    assert "in more than 1 groups" in caplog.text


def test_two_servers_are_asked_once_each(client: Client, db: None, server: Slapd, cloud_people: Any) -> None:
    """A name of both has one password in each: the cloud's opens where the directory's is wrong."""
    assert client.post("/accounts/login/", {"login": "ana", "password": "cloud"}).status_code == 302
    assert OutsideAccount.objects.get().way == "keystone"
    assert cloud_people.asked == [("ana", "cloud")]
    assert (
        Client().post("/accounts/login/", {"login": "ana", "password": PASSWORD}).status_code == 200
    )  # now they are the cloud's
