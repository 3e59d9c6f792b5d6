"""The meaning of a refusal by Nova depends on the state of the server a moment later."""

from typing import Any

import pytest
import requests

from cloud.contract import CloudBusy, CloudLimit, CloudRefused, Owner, ServerSpec
from cloud.openstack.errors import Conflict
from cloud.openstack.repairs import Repairs
from cloud.openstack.server_actions import ServerActions


class RefusingClient:
    """Every POST is answered by an error; the server is as it is told here."""

    def __init__(self, error: Exception, status: str = "ACTIVE", task: str | None = None) -> None:
        self.error, self.row = error, {"id": "s", "status": status, "OS-EXT-STS:task_state": task}

    def request(self, _service: str, method: str, path: str, **_rest: Any) -> requests.Response:
        if method == "POST":
            raise self.error
        answer = requests.Response()
        answer.status_code = 200
        answer.json = lambda **_: {"server": self.row, "images": []}  # type: ignore[method-assign]
        return answer


def verbs(*facts: Any) -> ServerActions:
    return ServerActions(RefusingClient(*facts))  # type: ignore[arg-type]


def test_one_that_was_busy_and_runs_by_now_is_asked_again() -> None:
    with pytest.raises(CloudBusy):
        verbs(Conflict("task_state image_snapshot"), "ACTIVE").suspend("s")


def test_one_that_is_off_cannot_be_put_to_sleep() -> None:
    with pytest.raises(CloudRefused):
        verbs(Conflict("vm_state stopped"), "SHUTOFF").suspend("s")


def test_one_that_sleeps_is_asleep() -> None:
    verbs(Conflict("vm_state suspended"), "SUSPENDED").suspend("s")


def test_an_image_of_one_that_was_busy_is_asked_for_again() -> None:
    with pytest.raises(CloudBusy):
        verbs(Conflict("task_state suspending"), "ACTIVE").snapshot("s", "for the class")


def test_too_many_key_pairs_are_not_the_persons_limit() -> None:
    spec = ServerSpec("m", Owner("o"), "n", "f", "i", public_keys=("ssh-ed25519 AAAA",))
    with pytest.raises(CloudRefused) as raised:
        verbs(CloudLimit("403 Quota exceeded, too many key pairs.")).keep_keypair(spec)
    assert not isinstance(raised.value, CloudLimit)


class DeadHostClient:
    """A server on a host that Nova does not hear; what is asked is written down."""

    user_id = "us"

    def __init__(self, services: list[dict[str, Any]], status: str, task: str | None) -> None:
        facts = {"OS-EXT-STS:task_state": task, "OS-EXT-SRV-ATTR:host": "pc1", "metadata": {}}
        self.answers = {"server": {"id": "s", "status": status, **facts}, "services": services, "instanceActions": []}
        self.asked: list[str] = []

    def request(self, _service: str, method: str, _path: str, **rest: Any) -> requests.Response:
        if method == "POST":
            self.asked += rest["json"]
        answer = requests.Response()
        answer.status_code = 200
        answer.json = lambda **_: self.answers  # type: ignore[method-assign]
        return answer


def evacuated(fenced: list[dict[str, Any]], status: str, task: str | None = None) -> list[str]:
    client: Any = DeadHostClient(fenced, status, task)
    Repairs(client, ServerActions(client)).evacuate("s", 1)
    return client.asked  # type: ignore[no-any-return]


FENCED = [{"id": "c", "host": "pc1", "forced_down": True, "state": "down"}]


@pytest.mark.parametrize(
    ("status", "task", "asked"),
    [
        ("ACTIVE", None, ["evacuate"]), ("SHUTOFF", None, ["evacuate"]), ("ACTIVE", "suspending", ["os-resetState", "evacuate"]),
        ("SUSPENDED", None, ["os-resetState", "evacuate"]), ("ACTIVE", "rebuilding", []),
    ],
)  # fmt: skip
def test_what_a_dead_host_was_at_does_not_hinder_its_evacuation(
    status: str, task: str | None, asked: list[str]
) -> None:
    assert evacuated(FENCED, status, task) == asked


@pytest.mark.parametrize("services", [[], [{**FENCED[0], "forced_down": False}]])
def test_a_host_that_is_not_fenced_or_not_there_evacuates_nothing_and_loses_nothing(
    services: list[dict[str, Any]],
) -> None:
    with pytest.raises(CloudRefused):
        evacuated(services, "ACTIVE")
