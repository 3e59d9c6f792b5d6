"""manage.py try_login: what would happen, and nothing written."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import OutsideAccount, SignInTotal, User
from accounts.outside.arrivals import Arrival, arrive
from cloud.contract import Denial
from portal.management.commands import try_login
from tests.accounts.outside.people_of_the_cloud import cloud_people as cloud_people
from tests.cloud.fake_people import FakePeople


@pytest.fixture
def tried(db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what the command says for a name and a password."""

    def run(name: str, password: str = "cloud", *options: str) -> str:
        monkeypatch.setattr(try_login, "getpass", lambda prompt: password)
        said = StringIO()
        call_command("try_login", name, *options, stdout=said)
        assert not SignInTotal.objects.exists()
        return said.getvalue()

    return run


def test_somebody_new(tried: Any, cloud_people: FakePeople) -> None:
    cloud_people.add("bea", "cloud", roles=frozenset({"lecturer", "member"}))
    said = tried("bea")
    assert "a new person would be made: bea" in said
    assert "SIGN_IN_ROLES gives teacher: keystone:lecturer=teacher" in said
    assert "roles here: student, teacher" in said
    assert not User.objects.exists()


def test_somebody_who_was_here(tried: Any, cloud_people: FakePeople) -> None:
    arrive(Arrival("keystone", "id-of-ana", "ana", values=frozenset({"admin"})))
    User.objects.update(username="paredes", is_active=False)
    said = tried("paredes")
    assert "this is paredes here, who is blocked" in said
    assert said.rstrip().endswith("roles here: student")
    assert OutsideAccount.objects.get().roles == ["admin"]


def test_a_name_with_a_password_here_is_sent_nowhere(tried: Any, student: User, cloud_people: FakePeople) -> None:
    assert "no server is asked" in tried("student")
    assert cloud_people.asked == []
    assert "wrong name or password" in tried("student", "cloud", "--here-too")


@pytest.mark.parametrize(("denied", "code"), [(None, "wrong name"), (Denial.LOCKED, "account_locked: ")])
def test_what_the_server_says(tried: Any, cloud_people: FakePeople, denied: Denial | None, code: str) -> None:
    cloud_people.add("bea", "another", denied=denied)
    assert code in tried("bea")


def test_a_name_that_is_somebody_s(tried: Any, cloud_people: FakePeople) -> None:
    User.objects.create_user(username="ana", password=None)
    assert "name_taken: " in tried("ana")


def test_without_servers_there_is_nothing_to_try(tried: Any) -> None:
    with pytest.raises(CommandError, match="No server"):
        tried("ana")
