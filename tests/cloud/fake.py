"""FakeCloud: the door in memory, for tests of what lies above it; and its cast, each member with one bad habit.

Work goes on only in `tick()` (one sub-step of every server) and `settle()` (all of it). `calls` records every call.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from cloud.contract import (
    Cause,
    CloudBusy,
    CloudFull,
    CloudGone,
    CloudLimit,
    CloudRefused,
    Diagnostics,
    Flavor,
    Host,
    Image,
    Listing,
    Owner,
    Room,
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
class _Row:
    server: Server
    spec: ServerSpec
    ports: frozenset[int]
    version: int = 0
    plan: list[Change] = field(default_factory=list)
    goal: tuple[str, int] = ("", 0)  # the verb in progress and its number


class FakeCloud:
    """A well-behaved cloud. Set `full` or `busy` to change its mood."""

    kind = "simulated"
    identity = "fake"

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.full = False
        self.busy = False
        self.console: list[str] = []  # what every console says, where a test sets it
        self.has_other_host = True  # for what is to be moved
        self.cures = {"hard", "stop", "start", "move"}  # what mends a broken server: a test takes some away
        self._rows: dict[str, _Row] = {}
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
        """Every server moves on by one sub-step."""
        with self._lock:
            for row in list(self._rows.values()):
                if row.plan:
                    self._apply(row, row.plan.pop(0))

    def settle(self) -> None:
        """All accepted work comes true."""
        while any(row.plan for row in self._rows.values()):
            self.tick()

    def vanish(self, server_id: str, *, trace: bool = True) -> None:
        """Somebody deleted it in Horizon; without a trace it is not even in a list of changes."""
        with self._lock:
            row = self._rows[server_id]
            row.plan.clear()
            self._apply(row, {"status": Status.DELETED, "task": ""})
            if not trace:
                del self._rows[server_id]

    def break_server(self, server_id: str, fault: str = "no reason given", *, full: bool = False) -> None:
        """The cloud gave up on it."""
        self._by_hand(server_id, status=Status.ERROR, fault=fault, full=full)

    def hand_rescue(self, server_id: str) -> None:
        """Somebody rescued it in Horizon."""
        self._by_hand(server_id, status=Status.RESCUED)

    def hand_wake(self, server_id: str) -> None:
        """Somebody started it, or ended its rescue, in Horizon."""
        self._by_hand(server_id, status=Status.ACTIVE)

    def hand_suspend(self, server_id: str) -> None:
        """Somebody suspended it in Horizon."""
        self._by_hand(server_id, status=Status.SUSPENDED)

    def hand_stop(self, server_id: str) -> None:
        """It was shut down from inside."""
        self._by_hand(server_id, status=Status.STOPPED)

    def change_image(self, image_id: str, **facts: Any) -> None:
        """Somebody changed it, in Glance say."""
        self._images[image_id] = replace(self._images[image_id], **facts)

    def delete_image(self, image_id: str) -> None:
        """Somebody deleted it."""
        del self._images[image_id]

    def server(self, server_id: str) -> Server:
        """As it is now, not counted as a call."""
        return self._rows[server_id].server

    @property
    def living(self) -> list[Server]:
        """All that are not deleted, not counted as a call."""
        return [row.server for row in self._rows.values() if row.server.status != Status.DELETED]

    # ---- the contract ----

    def flavors(self) -> list[Flavor]:
        with self._call("flavors"):
            return list(self.sizes)

    def images(self) -> list[Image]:
        with self._call("images"):
            return list(self._images.values())

    def room(self) -> Room:
        with self._call("room"):
            return self._room()

    def has_room(self, flavor: Flavor) -> bool:
        with self._call("has_room", flavor.id):
            return self.thinks_it_has_room or self._room().fits(flavor)

    def hosts(self) -> list[Host]:
        with self._call("hosts"):
            room = self._room()
            taken = (room.vcpus, room.vcpus_used, room.ram_mb, room.ram_mb_used, room.disk_gb, room.disk_gb_used)
            count = {name: sum(server.host == name for server in self.living) for name in (HOST, OTHER_HOST)}
            return [Host(name, True, True, "", *taken, servers=count[name]) for name in (HOST, OTHER_HOST)]

    def list_servers(self, changes_since: str | None = None) -> Listing:
        with self._call("list_servers", changes_since or ""):
            if changes_since is None:
                return Listing(self.living, str(self._version), whole=True)
            since = int(changes_since)
            return Listing(
                [row.server for row in self._rows.values() if row.version > since], str(self._version), whole=False
            )

    def find_server(self, machine: str) -> Server | None:
        with self._call("find_server", machine):
            return self._found(machine)

    def ensure_server(self, spec: ServerSpec) -> Server:
        with self._call("ensure_server", spec.machine):
            # As OpenStack: who says that it is new gets a new one, also a second time.
            return (None if spec.is_new else self._found(spec.machine)) or self._build(spec)

    def ensure_running(self, server_id: str) -> None:
        with self._call("ensure_running", server_id):
            row = self._row(server_id)
            verb = {
                Status.SUSPENDED: "resuming", Status.SHELVED: "unshelving", Status.STOPPED: "powering-on",
                Status.RESCUED: "unrescuing",
            }  # fmt: skip
            if row.goal[0] in (*verb.values(), "building", "rebooting", "rebooting-hard", "rebuilding"):
                return
            self._must_be_idle(row)
            if row.server.status == Status.ACTIVE:
                return
            self._must_be(row, *verb)
            if row.server.status == Status.SHELVED and not self._fits(row.spec.flavor_id):
                raise CloudFull("No valid host was found.")
            host = HOST if row.server.status == Status.SHELVED else row.server.host
            self._start(row, verb[row.server.status], self._if_cured("start", {"status": Status.ACTIVE, "host": host}))

    def ensure_suspended(self, server_id: str) -> None:
        with self._call("ensure_suspended", server_id):
            row = self._row(server_id)
            if self._is_done(row, "suspending", Status.SUSPENDED):
                return
            self._must_be(row, Status.ACTIVE)
            image = self._images.get(row.spec.image_id)
            if image and not image.can_suspend:
                raise CloudRefused("This guest cannot be suspended.")
            self._start(row, "suspending", {"status": Status.SUSPENDED})

    def ensure_stopped(self, server_id: str) -> None:
        with self._call("ensure_stopped", server_id):
            row = self._row(server_id)
            if row.server.status == Status.SHELVED and not row.goal[0]:
                return
            if self._is_done(row, "powering-off", Status.STOPPED):
                return
            self._must_be(row, Status.ACTIVE, Status.ERROR)
            self._start(row, "powering-off", self._if_cured("stop", {"status": Status.STOPPED}))

    def ensure_shelved(self, server_id: str) -> None:
        with self._call("ensure_shelved", server_id):
            row = self._row(server_id)
            if self._is_done(row, "shelving", Status.SHELVED):
                return
            self._must_be(row, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED)
            self._start(row, "shelving", {"status": Status.SHELVED, "host": ""})

    def ensure_restarted(self, server_id: str, number: int) -> None:
        with self._call("ensure_restarted", server_id, str(number)):
            row = self._row(server_id)
            if row.server.restarts >= number or row.goal == ("rebooting", number):
                return
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE)
            self._start(row, "rebooting", {"restarts": number}, number)

    def ensure_hard_restarted(self, server_id: str, number: int) -> None:
        with self._call("ensure_hard_restarted", server_id, str(number)):
            row = self._row(server_id)
            if row.server.restarts >= number or row.goal == ("rebooting-hard", number):
                return
            if row.goal[0] != "rebooting":
                self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.SUSPENDED, Status.ERROR)
            done = {"restarts": number, "status": Status.ACTIVE, "fault": ""}
            self._start(row, "rebooting-hard", {**self._if_cured("hard", done), "restarts": number}, number)

    def ensure_rescued(self, server_id: str) -> None:
        with self._call("ensure_rescued", server_id):
            row = self._row(server_id)
            if self._is_done(row, "rescuing", Status.RESCUED):
                return
            self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.ERROR)
            self._start(row, "rescuing", {"status": Status.RESCUED, "fault": ""})

    def ensure_moved(self, server_id: str, number: int) -> None:
        with self._call("ensure_moved", server_id, str(number)):
            row = self._row(server_id)
            if row.server.moves >= number or row.goal == ("moving", number):
                return
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.ERROR)
            if row.server.status == Status.ERROR:  # as Nova: switched off first
                return self._start(row, "powering-off", self._if_cured("stop", {"status": Status.STOPPED}))
            other = HOST if row.server.host == OTHER_HOST else OTHER_HOST
            there = other if self.has_other_host else row.server.host
            self._start(row, "moving", {"host": there, "moves": number}, number)

    def ensure_rebuilt(self, server_id: str, spec: ServerSpec, number: int) -> None:
        with self._call("ensure_rebuilt", server_id, spec.image_id, str(number)):
            row = self._row(server_id)
            if row.server.resets >= number or row.goal == ("rebuilding", number):
                return
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.ERROR)
            self._image(spec.image_id)
            new = {"image_id": spec.image_id, "public_keys": spec.public_keys, "user_data": spec.user_data}
            row.spec = replace(row.spec, **new)
            self._apply(row, {"status": Status.BUILDING, "fault": "", "full": False})
            self._start(row, "rebuilding", {"status": Status.ACTIVE, "resets": number}, number)

    def ensure_deleted(self, server_id: str) -> None:
        with self._call("ensure_deleted", server_id):
            row = self._rows.get(server_id)
            if row is None or row.server.status == Status.DELETED or row.goal[0] == "deleting":
                return
            self._start(row, "deleting", {"status": Status.DELETED})

    def ensure_renamed(self, server_id: str, name: str) -> str:
        with self._call("ensure_renamed", server_id, name):
            self._apply(self._row(server_id), {"name": self.keeps(name)})
            return self.keeps(name)

    def ensure_adopted(self, server_id: str, machine: str, owner: Owner) -> None:
        with self._call("ensure_adopted", server_id, machine, owner.key):
            self._apply(self._row(server_id), {"machine": machine, "owner": owner.key})

    def ensure_quota(self, owner: Owner) -> None:
        with self._call("ensure_quota", owner.key, str(owner.quota)):
            if owner.key in self.tenants:
                self.tenants[owner.key] = owner

    def ensure_rules(self, owner: Owner) -> str:
        with self._call("ensure_rules", owner.key):
            return self.rules_told or owner.tenant

    def ensure_owner_gone(self, owner: Owner) -> None:
        with self._call("ensure_owner_gone", owner.key):
            if any(server.project == _project(owner) for server in self.living):
                raise CloudRefused("The project is not empty.")
            self.tenants.pop(owner.key, None)

    def ensure_ports(self, server_id: str, ports: frozenset[int]) -> None:
        with self._call("ensure_ports", server_id, ",".join(map(str, sorted(ports)))):
            self._row(server_id).ports = ports

    def ensure_snapshot(self, server_id: str, name: str) -> Image:
        with self._call("ensure_snapshot", server_id, name):
            row = self._row(server_id)
            found = next((image for image in self._images.values() if image.name == name), None)
            if found:
                return found
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED)
            return self._copy(row, self._images, name)

    def ensure_archived(self, server_id: str, name: str) -> Image:
        with self._call("ensure_archived", server_id, name):
            if found := next((image for image in self.archives.values() if image.name == name), None):
                return found
            row = self._row(server_id)
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED, Status.SHELVED, Status.ERROR)
            return self._copy(row, self.archives, name)

    def ensure_not_archived(self, server_id: str, name: str) -> None:
        with self._call("ensure_not_archived", server_id, name):
            for image in [image for image in self.archives.values() if image.name == name]:
                del self.archives[image.id]

    def kept_image(self, server_id: str) -> Image | None:
        with self._call("kept_image", server_id):
            self._row(server_id)
            return None

    def ensure_image_deleted(self, image_id: str) -> None:
        with self._call("ensure_image_deleted", image_id):
            self._images.pop(image_id, None)
            self.archives.pop(image_id, None)

    def image_size(self, image_id: str) -> int:
        with self._call("image_size", image_id):
            return len(self._bytes(image_id))

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        with self._call("read_image", image_id, str(start)):
            whole = self._bytes(image_id)
        part = whole[start:] if length is None else whole[start : start + length]
        for at in range(0, len(part), CHUNK):
            yield part[at : at + CHUNK]

    def console_log(self, server_id: str, lines: int = 100) -> str:
        with self._call("console_log", server_id):
            name = self._row(server_id).server.name
            return "\n".join((self.console or [f"{name}: fake-guest: ready"])[-lines:])

    def console_url(self, server_id: str) -> str:
        with self._call("console_url", server_id):
            self._row(server_id)
            raise CloudRefused("A fake server has no screen.")

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        with self._call("diagnostics", *server_ids):
            rows = {server_id: self._rows[server_id] for server_id in server_ids if server_id in self._rows}
            return {
                key: Diagnostics(cpu_seconds=1.0, nic_rx_bytes=0, nic_tx_bytes=0)
                for key, row in rows.items()
                if row.server.status == Status.ACTIVE
            }

    # ---- inside ----

    @contextmanager
    def _call(self, verb: str, *args: str) -> Iterator[None]:
        """Every call passes here: the cast overrides it."""
        with self._lock:
            self.calls.append((verb, *args))
            if self.busy:
                raise CloudBusy("The fake cloud is busy.", retry_after=1)
            yield

    def _found(self, machine: str) -> Server | None:
        """One that is being deleted does not count: who asks wants one that lives on."""
        rows = [row for row in self._rows.values() if row.server.machine == machine and row.goal[0] != "deleting"]
        return next((row.server for row in rows if row.server.status != Status.DELETED), None)

    def _build(self, spec: ServerSpec) -> Server:
        flavor = next((flavor for flavor in self.sizes if flavor.id == spec.flavor_id), None)
        if flavor is None:
            raise CloudGone(f"No flavor {spec.flavor_id}.", Cause.SIZE_GONE)
        image = self._image(spec.image_id)
        if not image.ready:
            raise CloudRefused(f"Image {image.id} is not active.", Cause.IMAGE_NOT_READY)
        if flavor.ram_mb < image.min_ram_mb or flavor.room_for_image < image.min_disk_gb:
            raise CloudRefused("Flavor's memory is too small for requested image.", Cause.SIZE_TOO_SMALL)
        self._must_be_allowed(spec)
        if not self._fits(spec.flavor_id):
            raise CloudFull("No valid host was found.")
        number = next(self._numbers)
        now = datetime.now(UTC)
        flavor = next(flavor for flavor in FLAVORS if flavor.id == spec.flavor_id)
        server = Server(
            f"fake-{number}", spec.machine, spec.owner.key, self.keeps(spec.name), Status.BUILDING,
            project=_project(spec.owner), flavor=flavor, created_at=now, updated_at=now,
        )  # fmt: skip
        row = self._rows[server.id] = _Row(server, spec, spec.ports)
        self._start(row, "building", {"status": Status.ACTIVE})
        self._apply(row, {"task": "scheduling"})
        address = f"127.127.{number // 250}.{number % 250 + 1}"
        row.plan[:0] = [
            {"task": "networking", "host": HOST, "address": address},
            {"task": "block_device_mapping"},
            {"task": "spawning"},
        ]
        return row.server

    def _must_be_allowed(self, spec: ServerSpec) -> None:
        """Their tenant's quota counts every server, asleep or not, until it is deleted."""
        quota = self.tenants.setdefault(spec.owner.key, spec.owner).quota
        sizes = {flavor.id: flavor for flavor in FLAVORS}
        kept = [one.flavor for one in self.living if one.project == _project(spec.owner) and one.flavor]
        kept.append(sizes[spec.flavor_id])
        taken = (len(kept), sum(flavor.vcpus for flavor in kept), sum(flavor.ram_mb for flavor in kept))
        allowed = (quota.servers, quota.vcpus, quota.ram_mb) if quota else taken
        if any(had > may for had, may in zip(taken, allowed, strict=True)):
            raise CloudLimit("Quota exceeded.")

    def _if_cured(self, cure: str, done: Change) -> Change:
        """What becomes of it, where this helps."""
        return done if cure in self.cures else {"status": Status.ERROR, "fault": "it broke again"}

    def _start(self, row: _Row, task: str, end: Change, number: int = 0) -> None:
        row.goal = (task, number)
        row.plan = [{**end, "task": ""}]
        self._apply(row, {"task": task})

    def _apply(self, row: _Row, change: Change) -> None:
        self._version += 1
        row.version = self._version
        image_id = change.pop("image", None)
        for shelf in (self._images, self.archives):
            if image_id in shelf:
                shelf[image_id] = replace(shelf[image_id], ready=True, status="")
                shelf[image_id] = replace(shelf[image_id], size_bytes=len(self._bytes(image_id)))
        row.server = replace(row.server, **change, updated_at=datetime.now(UTC))
        if not row.server.task:
            row.goal = ("", 0)

    def _by_hand(self, server_id: str, **change: Any) -> None:
        with self._lock:
            row = self._rows[server_id]
            row.plan.clear()
            self._apply(row, {**change, "task": ""})

    def _row(self, server_id: str) -> _Row:
        row = self._rows.get(server_id)
        if row is None or row.server.status == Status.DELETED or row.goal[0] == "deleting":
            raise CloudGone(f"No server {server_id}.")
        return row

    def _image(self, image_id: str) -> Image:
        found = self._images.get(image_id) or self.archives.get(image_id)
        if found is None:
            raise CloudGone(f"No image {image_id}.", Cause.IMAGE_GONE)
        return found

    def _copy(self, row: _Row, shelf: dict[str, Image], name: str) -> Image:
        """An image of a server's disk that is being made. Its size is only known at the end, as with Glance."""
        image = Image(f"image-{next(self._numbers)}", name, ready=False, login="student", status="saving")
        shelf[image.id] = image
        self._start(row, "image_snapshot", {"image": image.id})
        return image

    def _bytes(self, image_id: str) -> bytes:
        image = self._image(image_id)
        if not image.ready:
            raise CloudBusy(f"The image {image.name} is still being made.")
        return f"the disk in {image_id};".encode() * 500

    def _is_done(self, row: _Row, task: str, status: Status) -> bool:
        if row.goal[0] == task:
            return True
        self._must_be_idle(row)
        return row.server.status == status

    def _must_be_idle(self, row: _Row) -> None:
        if row.goal[0]:
            raise CloudBusy(f"The server is {row.goal[0]}.")

    def _must_be(self, row: _Row, *statuses: Status) -> None:
        if row.server.status not in statuses:
            raise CloudRefused(f"Not while the server is {row.server.status}.")

    def _room(self) -> Room:
        if self.full:
            return Room(512, 512, 524288, 524288, 4096, 4096)
        sizes = {flavor.id: flavor for flavor in FLAVORS}
        taken = [sizes[row.spec.flavor_id] for row in self._rows.values() if row.server.status in ON_A_HOST]
        return Room(
            TOTAL["vcpus"],
            sum(flavor.vcpus for flavor in taken),
            TOTAL["ram_mb"],
            sum(flavor.ram_mb for flavor in taken),
            TOTAL["disk_gb"],
            sum(flavor.disk_gb for flavor in taken),
            biggest_host=TOTAL,
        )

    def _fits(self, flavor_id: str) -> bool:
        return self._room().fits(next(flavor for flavor in FLAVORS if flavor.id == flavor_id))


def _project(owner: Owner) -> str:
    return f"project-of-{owner.key}"


class SlowCloud(FakeCloud):
    """Every sub-step takes `patience` ticks."""

    def __init__(self, patience: int = 3) -> None:
        super().__init__()
        self.patience = patience
        self._ticks = 0

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks % self.patience == 0:
            super().tick()


class FullCloud(FakeCloud):
    """No room, until a test sets `full = False`."""

    def __init__(self) -> None:
        super().__init__()
        self.full = True


class BrokenCloud(FakeCloud):
    """Answers nothing, until a test sets `busy = False`."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = True


class LosesRequest(FakeCloud):
    """Loses each distinct `ensure_*` call `times` times on the way there; `lost` says which."""

    def __init__(self, times: int = 1) -> None:
        super().__init__()
        self.times = times
        self.lost: list[tuple[str, ...]] = []

    @contextmanager
    def _call(self, verb: str, *args: str) -> Iterator[None]:
        self._lose(verb, *args)
        with super()._call(verb, *args):
            yield

    def _lose(self, verb: str, *args: str) -> None:
        call = (verb, *args)
        if verb.startswith("ensure_") and self.lost.count(call) < self.times:
            self.lost.append(call)
            raise CloudBusy("The connection was reset.")


class LosesReply(LosesRequest):
    """Does as it is told, then loses the reply, `times` times for each distinct `ensure_*` call."""

    @contextmanager
    def _call(self, verb: str, *args: str) -> Iterator[None]:
        with FakeCloud._call(self, verb, *args):
            yield
        self._lose(verb, *args)
