"""Pages and programs read the database only: none of their requests, and no wish of a person, waits for the cloud."""

import sys
from typing import Any, NoReturn

import pytest
from django.test import Client

import cloud
from accounts.models import User
from machines import tasks
from machines.models import CloudWatch, Machine
from tests.factories import make_machine


class CountingCloud:
    """A cloud that counts every call and fails it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, verb: str) -> NoReturn:
        self.calls.append(verb)
        raise AssertionError(f"The cloud was asked: {verb}.")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> CountingCloud:
    """Stands at the door, under every name by which a module knows the door."""
    door, there = cloud.open_cloud, CountingCloud()
    for module in [m for m in list(sys.modules.values()) if getattr(m, "open_cloud", None) is door]:
        monkeypatch.setattr(module, "open_cloud", lambda: there)
    return there


@pytest.fixture
def mine(student: User, client: Client) -> Machine:
    client.force_login(student)
    return make_machine(student)


def test_the_counter_counts(db: None, counted: CountingCloud) -> None:
    CloudWatch.get_solo()
    with pytest.raises(AssertionError):
        tasks.sweep()
    assert counted.calls == ["list_servers"]


@pytest.mark.parametrize(
    "path", ["/", "/launch/", "/keys/", "/account/", "/api/v1/machines/", "/api/v1/quota/", "/api/v1/events/"]
)
def test_no_page_calls_the_cloud(client: Client, mine: Machine, counted: CountingCloud, path: str) -> None:
    assert (client.get(path).status_code, counted.calls) == (200, [])


@pytest.mark.parametrize("part", ["", "live/", "card/"])
@pytest.mark.parametrize("state", ["running", "building", "suspended", "failed"])
def test_no_part_of_a_machines_page_calls_the_cloud(
    client: Client, student: User, counted: CountingCloud, part: str, state: str
) -> None:
    client.force_login(student)
    machine = make_machine(student, state=state)
    answers = [client.get(f"/machines/{machine.pk}/{part}"), client.get(f"/api/v1/machines/{machine.pk}/")]
    assert ({answer.status_code for answer in answers}, counted.calls) == ({200}, [])


@pytest.mark.parametrize("verb", ["suspend", "shelve", "restart", "reset", "delete", "rename", "ports"])
def test_no_wish_waits_for_the_cloud(client: Client, mine: Machine, counted: CountingCloud, verb: str) -> None:
    said: dict[str, Any] = {"rename": {"name": "blue"}, "ports": {"port": 8080, "scheme": "tcp"}}.get(verb, {})
    answer = client.post(f"/machines/{mine.pk}/{verb}/", said)
    assert (answer.status_code, counted.calls) == (302, [])
