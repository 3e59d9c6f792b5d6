"""The bare script that the portal is measured against: openstacksdk, threads, and nothing else. bench.openstack_launch runs it.

It is told on its standard input what to make (one line of JSON), signs in to each project once, before any clock starts, and then
does as it is told, line by line: `make` or `delete`. It answers each with a line of JSON.

It is as lean as such a script can be: one POST for each server in a connection of its own for each project, signed in already;
then, once a second, the cheapest question that tells whether all are done (one server at most, no details).
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openstack

VERSION = "2.69"  # as the portal asks
LOOK_SECONDS = 1.0


class Bare:
    def __init__(self, wishes: list[dict[str, Any]], threads: int) -> None:
        self.wishes, self.pool = wishes, ThreadPoolExecutor(threads)
        self.own = openstack.connect(compute_default_microversion=VERSION)
        self.connections = {wish["project"]: self.own.connect_as(project_id=wish["project"]) for wish in wishes}
        for connection in (self.own, *self.connections.values()):
            connection.compute.get_endpoint_data()  # signs in and finds Nova
        self.made: list[str] = []

    def make(self) -> dict[str, Any]:
        began = time.time()
        self.made = list(self._all(self._make_one, self.wishes))
        accepted = time.time()
        self._until_none_is("BUILD")
        return {"began": began, "accepted": accepted - began, "seconds": time.time() - began, "servers": self.made}

    def _make_one(self, wish: dict[str, Any]) -> str:
        return str(self.connections[wish["project"]].compute.create_server(**wish["server"]).id)

    def _until_none_is(self, status: str) -> None:
        question = f"/servers?all_tenants=1&name=^bare-&status={status}&limit=1"
        while self.own.compute.get(question).json()["servers"]:
            time.sleep(LOOK_SECONDS)  # between two looks: each is a call that Nova has to answer

    def delete(self) -> dict[str, Any]:
        began = time.time()
        list(self._all(lambda server: self.own.compute.delete(f"/servers/{server}"), self.made))
        while self.own.compute.get("/servers?all_tenants=1&name=^bare-&limit=1").json()["servers"]:
            time.sleep(LOOK_SECONDS)  # between two looks: each is a call that Nova has to answer
        return {"seconds": time.time() - began}

    def _all(self, do: Callable[[Any], Any], things: Iterable[Any]) -> Iterable[Any]:
        return self.pool.map(do, things)


def main() -> None:
    task = json.loads(sys.stdin.readline())
    bare = Bare(task["wishes"], task["threads"])
    print(json.dumps({"ready": threading.active_count()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(getattr(bare, line.strip())()), flush=True)


if __name__ == "__main__":
    main()
