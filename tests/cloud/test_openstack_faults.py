"""Faults that a list leaves out are asked for once; that Nova does leave them out is seen on the real cloud."""

import json
from typing import Any

import requests

from cloud.contract import CloudBusy
from cloud.openstack.faults import TRIES, Faults

ROOM = {"code": 500, "message": "No valid host was found."}


class OneServer:
    """A client at whose end every server has this fault; None: it does not answer."""

    def __init__(self, fault: dict[str, Any] | None) -> None:
        self.fault = fault
        self.asked = 0

    def request(self, service: str, method: str, path: str) -> requests.Response:
        self.asked += 1
        if self.fault is None:
            raise CloudBusy("down")
        answer = requests.Response()
        answer._content = json.dumps({"server": {"fault": self.fault}}).encode()
        return answer


def row(**changes: Any) -> dict[str, Any]:
    return {"id": "s1", "status": "ERROR", "updated": "now", "metadata": {"minga_machine": "m1"}, **changes}


def filled(client: OneServer, *lists: dict[str, Any]) -> list[Any]:
    faults = Faults(client)  # type: ignore[arg-type]
    for one in lists:
        faults.fill([one])
    return [one.get("fault") for one in lists]


def test_a_fault_is_asked_for_once() -> None:
    client = OneServer(ROOM)
    assert filled(client, row(), row(), row()) == [ROOM] * 3
    assert client.asked == 1


def test_a_server_that_broke_again_is_asked_for_again() -> None:
    client = OneServer(ROOM)
    filled(client, row(), row(updated="later"))
    assert client.asked == 2


def test_one_that_has_no_fault_is_not_asked_for_ever() -> None:
    client = OneServer({})
    filled(client, *(row() for _ in range(3 * TRIES)))
    assert client.asked == TRIES


def test_a_cloud_that_does_not_answer_spoils_no_list() -> None:
    assert filled(OneServer(None), row()) == [{}]


def test_what_is_well_told_or_not_ours_costs_nothing() -> None:
    client = OneServer(ROOM)
    filled(client, row(status="ACTIVE"), row(fault=ROOM), row(metadata={}), {"id": "s2", "status": "ERROR"})
    assert client.asked == 0
