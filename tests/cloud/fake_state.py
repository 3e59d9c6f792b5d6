"""The state of a fake cloud, what tests do to it by hand, and how its work goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from cloud.contract import (
    Cause,
    CloudBusy,
    CloudGone,
    CloudRefused,
    Flavor,
    Host,
    Image,
    Owner,
    Server,
    ServerSpec,
    Status,
)

FLAVORS = [
    Flavor("tiny", "tiny", 1, 256, 1),
    Flavor("small", "small", 1, 512, 2),
    Flavor("medium", "medium", 2, 1024, 4),
    Flavor("large", "large", 4, 4096, 10),
]
IMAGES = [
    Image("linux", "Simulated Linux", ready=True, login="student"),
    Image("restless", "A guest that cannot sleep", ready=True, login="student", can_suspend=False),
]
TOTAL = {"vcpus": 512, "ram_mb": 524288, "disk_gb": 4096}
HOST, OTHER_HOST = "fake-1", "fake-2"  # the second takes what is moved
CHUNK = 1000  # bytes that read_image gives at once
ON_A_HOST = {Status.BUILDING, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED, Status.RESCUED}

Change = dict[str, Any]


@dataclass
class Row:
    server: Server
    spec: ServerSpec
    ports: frozenset[int]
    version: int = 0
    plan: list[Change] = field(default_factory=list)
    goal: tuple[str, int] = ("", 0)  # the verb in progress and its number


class FakeState:
    """Servers and images, behind one lock. `calls` records every call; work goes on only in tick() and settle()."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.full = False
        self.busy = False
        self.console: list[str] = []  # what every console says, where a test sets it
        self.has_other_host = True  # for what is to be moved
        self.serial_url = ""  # of every serial console, where a test sets it
        self.computers = {name: Host(name, up=True, enabled=True) for name in (HOST, OTHER_HOST)}
        self.off: set[str] = set()  # hosts without power
        self.left_behind: set[str] = set()  # dead hosts from which servers were evacuated: their disks still have those
        self.cures = {"hard", "stop", "start", "move"}  # what mends a broken server: a test takes some away
        self._rows: dict[str, Row] = {}
        self.tenants: dict[str, Owner] = {}  # by the owner's key; each as it was last told
        self._images: dict[str, Image] = {image.id: image for image in IMAGES}
        self.archives: dict[str, Image] = {}
        self.sizes = list(FLAVORS)
        self.keeps: Callable[[str], str] = str  # what it keeps of a name
        self.rules_told = ""  # what ensure_rules says; empty: that nothing has changed
        self.thinks_it_has_room = False  # True: has_room says yes, and the launch finds no host all the same
        self._numbers = count(1)
        self._version = 0
        self._lock = threading.RLock()

    # ---- what a test does to it ----

    def tick(self) -> None:
        """Move every server on by one sub-step."""
        with self._lock:
            for row in list(self._rows.values()):
                if self._goes_on(row):
                    self._apply(row, row.plan.pop(0))

    def settle(self) -> None:
        """Finish all accepted work, but for what a host without power is at."""
        while any(self._goes_on(row) for row in self._rows.values()):
            self.tick()

    def vanish(self, server_id: str, *, trace: bool = True) -> None:
        """Delete it as in Horizon; without a trace it is not even in a list of changes."""
        with self._lock:
            row = self._rows[server_id]
            row.plan.clear()
            self._apply(row, {"status": Status.DELETED, "task": ""})
            if not trace:
                del self._rows[server_id]

    def break_server(self, server_id: str, fault: str = "no reason given", *, full: bool = False) -> None:
        """Put it into ERROR."""
        self._by_hand(server_id, status=Status.ERROR, fault=fault, full=full)

    def hand_rescue(self, server_id: str) -> None:
        """Rescue it as in Horizon."""
        self._by_hand(server_id, status=Status.RESCUED)

    def hand_wake(self, server_id: str) -> None:
        """Start it, or end its rescue, as in Horizon."""
        self._by_hand(server_id, status=Status.ACTIVE)

    def hand_suspend(self, server_id: str) -> None:
        """Suspend it as in Horizon."""
        self._by_hand(server_id, status=Status.SUSPENDED)

    def hand_stop(self, server_id: str) -> None:
        """Shut it down from inside."""
        self._by_hand(server_id, status=Status.STOPPED)

    def change_image(self, image_id: str, **facts: Any) -> None:
        """Change an image as in Glance."""
        self._images[image_id] = replace(self._images[image_id], **facts)

    def delete_image(self, image_id: str) -> None:
        """Delete an image as in Glance."""
        del self._images[image_id]

    def kill_host(self, name: str) -> None:
        """Cut its power, and wait until the cloud has noticed."""
        self.off.add(name)
        self.computers[name] = replace(self.computers[name], up=False)

    def start_host(self, name: str) -> None:
        """Switch it on; its service removes what was evacuated meanwhile."""
        self.left_behind.discard(name)
        self.off.discard(name)
        self.computers[name] = replace(self.computers[name], up=not self.computers[name].fenced)

    def server(self, server_id: str) -> Server:
        """Return the server as it is now, not counted as a call."""
        return self._rows[server_id].server

    @property
    def living(self) -> list[Server]:
        """Return all servers that are not deleted, not counted as a call."""
        return [row.server for row in self._rows.values() if row.server.status != Status.DELETED]

    # ---- inside ----

    @contextmanager
    def _call(self, verb: str, *args: str) -> Iterator[None]:
        """Record a call. Every call passes here, so the cast overrides it."""
        with self._lock:
            self.calls.append((verb, *args))
            if self.busy:
                raise CloudBusy("The fake cloud is busy.", retry_after=1)
            yield

    def _goes_on(self, row: Row) -> bool:
        return bool(row.plan) and (row.server.host not in self.off or row.goal[0] in ("evacuating", "deleting"))

    def _start(self, row: Row, task: str, end: Change, number: int = 0) -> None:
        row.goal = (task, number)
        row.plan = [{**end, "task": ""}]
        self._apply(row, {"task": task})

    def _apply(self, row: Row, change: Change) -> None:
        self._version += 1
        row.version = self._version
        image_id = change.pop("image", None)
        for shelf in (self._images, self.archives):
            if image_id in shelf:
                shelf[image_id] = replace(shelf[image_id], ready=True, status="")
                shelf[image_id] = replace(shelf[image_id], size_bytes=len(self._bytes(image_id)))
        row.server = replace(row.server, **change)
        if not row.server.task:
            row.goal = ("", 0)

    def _if_cured(self, cure: str, done: Change) -> Change:
        """Return the change of a cure that helps, otherwise ERROR again."""
        return done if cure in self.cures else {"status": Status.ERROR, "fault": "it broke again"}

    def _by_hand(self, server_id: str, **change: Any) -> None:
        with self._lock:
            row = self._rows[server_id]
            row.plan.clear()
            self._apply(row, {**change, "task": ""})

    def _row(self, server_id: str) -> Row:
        row = self._rows.get(server_id)
        if row is None or row.server.status == Status.DELETED or row.goal[0] == "deleting":
            raise CloudGone(f"No server {server_id}.")
        return row

    def _image(self, image_id: str) -> Image:
        found = self._images.get(image_id) or self.archives.get(image_id)
        if found is None:
            raise CloudGone(f"No image {image_id}.", Cause.IMAGE_GONE)
        return found

    def _bytes(self, image_id: str) -> bytes:
        image = self._image(image_id)
        if not image.ready:
            raise CloudBusy(f"The image {image.name} is still being made.")
        return f"the disk in {image_id};".encode() * 500

    def _is_done(self, row: Row, task: str, status: Status) -> bool:
        if row.goal[0] == task:
            return True
        self._must_be_idle(row)
        return row.server.status == status

    def _must_be_idle(self, row: Row) -> None:
        if row.goal[0]:
            raise CloudBusy(f"The server is {row.goal[0]}.")

    def _must_be(self, row: Row, *statuses: Status) -> None:
        if row.server.status not in statuses:
            raise CloudRefused(f"Not while the server is {row.server.status}.")
