"""The verbs, as Nova has them: accepted at once, done in the background, taken up again after a restart."""

import asyncio
import contextlib
import logging
import sqlite3
import time
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cloud.contract import Cause, CloudBusy, CloudFull, CloudGone, CloudRefused, Flavor, Status
from cloud.localcloud import addresses, work
from cloud.localcloud.guests import Guests
from cloud.localcloud.record import HOST, ImageRecord, ServerRecord
from cloud.localcloud.store import Store

log = logging.getLogger(__name__)

FLAVORS = {
    flavor.id: flavor
    for flavor in (
        Flavor("tiny", "tiny", 1, 256, 1),
        Flavor("small", "small", 1, 512, 2),
        Flavor("medium", "medium", 2, 1024, 4),
        Flavor("large", "large", 4, 4096, 10),
    )
}
WATCH_SECONDS = 2.0  # how soon a guest that died is noticed
LEADS_TO_ACTIVE = ("building", "resuming", "unshelving", "powering-on", "rebooting", "rebooting-hard", "rebuilding")


@dataclass(frozen=True)
class Capacity:
    """Of the whole local cloud."""

    vcpus: int
    ram_mb: int
    disk_gb: int


class Conductor:
    """One event loop, no await between a check and its write: that is what makes each verb atomic."""

    def __init__(self, store: Store, guests: Guests, capacity: Capacity) -> None:
        self.store = store
        self.guests = guests
        self.capacity = capacity
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._watch: asyncio.Task[None] | None = None

    # ---- our own life ----

    async def open(self) -> None:
        """Takes over what the last run left: base images, running guests, verbs cut off half-way."""
        bases = {image.id: image for image in self.guests.base_images()}
        for image in [image for image in self.store.images.values() if image.base and image.id not in bases]:
            self.store.delete_image(image.id)
        for image in bases.values():
            self.store.save_image(image)
        await self.guests.find_again(list(self.store.living))
        for record in list(self.store.living):
            if record.parked:
                self.store.save(record, parked=False, goal="resuming", task="resuming")
            if record.goal:
                self._work(record)
        self._watch = asyncio.create_task(self._watch_guests())

    async def close(self) -> None:
        """Nothing keeps running. What was in progress is taken up at the next start."""
        jobs = [*self._jobs.values(), *([self._watch] if self._watch else [])]
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        for record in await self.guests.close(list(self.store.living)):
            if not record.goal:
                self.store.save(record, parked=True)

    async def _watch_guests(self) -> None:
        while True:
            try:
                self._look_after_guests()
            except sqlite3.Error as error:  # a full disk: what could not be written is written later
                log.error("the local cloud cannot write what it knows: %s", error)
            await asyncio.sleep(WATCH_SECONDS)

    def _look_after_guests(self) -> None:
        for record in list(self.store.living):
            if record.is_running and not record.goal and (reason := self.guests.why_not_running(record)):
                self.store.save(record, status=Status.STOPPED, fault=reason)
            job = self._jobs.get(record.id)
            if record.goal and (job is None or job.done()):  # its end could not be written: once more
                self._work(record)
        self.store.forget_old()

    # ---- verbs ----

    def create(self, spec: dict[str, Any]) -> ServerRecord:
        """CloudFull; CloudGone for an unknown flavor or image; CloudRefused where the image wants more than the flavor has."""
        if found := self.find(spec["machine"]):
            return found
        flavor = FLAVORS.get(spec["flavor_id"])
        if flavor is None:
            raise CloudGone(f"No flavor {spec['flavor_id']}.", Cause.SIZE_GONE)
        _must_suit(self._ready_image(spec["image_id"]), flavor)
        self._must_fit(flavor)
        size: dict[str, Any] = {"vcpus": flavor.vcpus, "ram_mb": flavor.ram_mb, "disk_gb": flavor.disk_gb}
        now = datetime.now(UTC).isoformat()
        record = ServerRecord(id=str(uuid.uuid4()), created_at=now, **size, **spec)
        self._begin(record, "building", task="scheduling")
        return record

    def find(self, machine: str) -> ServerRecord | None:
        """Not one that is being deleted: who asks wants one that lives on."""
        of_it = (record for record in self.store.living if record.machine == machine and record.goal != "deleting")
        return min(of_it, key=lambda record: record.created_at, default=None)

    def run(self, record: ServerRecord) -> None:
        if record.goal in LEADS_TO_ACTIVE:
            return
        self._must_be_idle(record)
        if record.status == Status.ACTIVE:
            return
        goals = {Status.SUSPENDED: "resuming", Status.SHELVED: "unshelving", Status.STOPPED: "powering-on"}
        self._must_be(record, *goals)
        if record.status == Status.SHELVED:
            self._must_fit(FLAVORS[record.flavor_id])
        self._begin(record, goals[Status(record.status)], host=HOST, fault="")

    def suspend(self, record: ServerRecord) -> None:
        if self._is_done(record, "suspending", Status.SUSPENDED):
            return
        self._must_be(record, Status.ACTIVE)
        self._begin(record, "suspending")

    def stop(self, record: ServerRecord) -> None:
        if record.status == Status.SHELVED and not record.goal:
            return
        if self._is_done(record, "powering-off", Status.STOPPED):
            return
        self._must_be(record, Status.ACTIVE, Status.ERROR)
        self._begin(record, "powering-off")

    def shelve(self, record: ServerRecord) -> None:
        if self._is_done(record, "shelving", Status.SHELVED):
            return
        self._must_be(record, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED)
        self._begin(record, "shelving")

    def restart(self, record: ServerRecord, number: int) -> None:
        if record.restarts >= number or (record.goal, record.number) == ("rebooting", number):
            return
        self._must_be_idle(record)
        self._must_be(record, Status.ACTIVE)
        self._begin(record, "rebooting", number=number)

    def restart_hard(self, record: ServerRecord, number: int) -> None:
        """Also in place of a restart in good order that is still going on."""
        if record.restarts >= number or (record.goal, record.number) == ("rebooting-hard", number):
            return
        if record.goal != "rebooting":
            self._must_be_idle(record)
        self._must_be(record, Status.ACTIVE, Status.STOPPED, Status.SUSPENDED, Status.ERROR)
        self._begin(record, "rebooting-hard", number=number)

    def rebuild(self, record: ServerRecord, spec: dict[str, Any], number: int) -> None:
        """The new keys and user-data are written with the goal, so that a rebuild cut off half-way has them, too."""
        if record.resets >= number or (record.goal, record.number) == ("rebuilding", number):
            return
        self._must_be_idle(record)
        self._must_be(record, Status.ACTIVE, Status.STOPPED, Status.ERROR)
        self._ready_image(spec["image_id"])
        new = {"target": spec["image_id"], "public_keys": spec["public_keys"], "user_data": spec["user_data"]}
        self._begin(record, "rebuilding", number=number, status=Status.BUILDING, fault="", **new)

    def delete(self, record: ServerRecord) -> None:
        if not record.is_gone and record.goal != "deleting":
            self._begin(record, "deleting")

    def rename(self, record: ServerRecord, name: str) -> None:
        self.store.save(record, name=name)

    def adopt(self, record: ServerRecord, machine: str, owner: str) -> None:
        if (record.machine, record.owner) != (machine, owner):
            self.store.save(record, machine=machine, owner=owner)

    async def set_ports(self, record: ServerRecord, ports: list[int]) -> None:
        if not all(1 <= port <= 65535 for port in ports):
            raise CloudRefused("A port is a number from 1 to 65535.")
        wanted = replace(record, ports=sorted(ports))
        held = self.guests.held_ports(record)
        mapped = (
            addresses.map_ports(wanted.address, wanted.outside_ports, wanted.port_map, held) if wanted.address else {}
        )
        if (record.ports, record.port_map) != (wanted.ports, mapped):
            self.store.save(record, ports=wanted.ports, port_map=mapped)
        if record.is_running:
            await self.guests.set_ports(record)

    def snapshot(self, record: ServerRecord, name: str) -> ImageRecord:
        if found := self._named(name):
            return found
        self._must_be_idle(record)
        self._must_be(record, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED)
        return self._copy(record, name)

    def archive(self, server_id: str, name: str) -> ImageRecord:
        """Found again also when the server is gone."""
        if found := self._named(name, archive=True):
            return found
        record = self.living(server_id)
        self._must_be_idle(record)
        self._must_be(record, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED, Status.SHELVED, Status.ERROR)
        return self._copy(record, name, archive=True)

    def unarchive(self, name: str) -> None:
        if found := self._named(name, archive=True):
            self.delete_image(found.id)

    def image(self, image_id: str) -> ImageRecord:
        """One that is ready: CloudGone or CloudBusy otherwise."""
        return self._ready_image(image_id)

    def living(self, server_id: str) -> ServerRecord:
        """CloudGone for one that is deleted, or is being deleted."""
        record = self.store.servers.get(server_id)
        if record is None or record.is_gone or record.goal == "deleting":
            raise CloudGone(f"No server {server_id}.")
        return record

    def _named(self, name: str, *, archive: bool = False) -> ImageRecord | None:
        found = (image for image in self.store.images.values() if image.name == name and image.archive == archive)
        return next(found, None)

    def _copy(self, record: ServerRecord, name: str, *, archive: bool = False) -> ImageRecord:
        image = ImageRecord(str(uuid.uuid4()), name, ready=False, min_disk_gb=record.disk_gb, archive=archive)
        self.store.save_image(image)
        self._begin(record, "image_snapshot", target=image.id)
        return image

    def delete_image(self, image_id: str) -> None:
        image = self.store.images.get(image_id)
        if image is None:
            return
        if image.base:
            raise CloudRefused("A base image stays.")
        self.store.delete_image(image_id)
        self.guests.erase_image(image)

    def room(self) -> dict[str, Any]:
        """It is one host: the biggest is the whole."""
        return {**self._measures(), "biggest_host": asdict(self.capacity)}

    def host(self) -> dict[str, Any]:
        count = sum(bool(record.host) for record in self.store.living)
        return {"name": HOST, "up": True, "enabled": True, "servers": count, **self._measures()}

    # ---- inside ----

    def _measures(self) -> dict[str, int]:
        used = [record for record in self.store.living if record.host]
        return {
            "vcpus": self.capacity.vcpus,
            "vcpus_used": sum(record.vcpus for record in used),
            "ram_mb": self.capacity.ram_mb,
            "ram_mb_used": sum(record.ram_mb for record in used),
            "disk_gb": self.capacity.disk_gb,
            "disk_gb_used": sum(record.disk_gb for record in used),
        }

    def _begin(self, record: ServerRecord, goal: str, **changes: Any) -> None:
        self.store.save(record, **{"goal": goal, "task": goal, **changes})
        self._work(record)

    def _work(self, record: ServerRecord) -> None:
        before = self._jobs.get(record.id)
        self._jobs[record.id] = asyncio.create_task(self._do(record, before))

    async def _do(self, record: ServerRecord, before: asyncio.Task[None] | None) -> None:
        if before and not before.done():  # a delete cuts off what is in progress
            before.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([before])
        goal = record.goal
        started = time.monotonic()
        try:
            await work.WORK[goal](self.store, self.guests, record)
        except Exception as error:
            log.exception("%s of server %s failed", goal, record.id)
            work.give_up(self.store, record, str(error) or repr(error))
        log.info("%s of server %s took %.1f s", goal, record.id, time.monotonic() - started)

    def _ready_image(self, image_id: str) -> ImageRecord:
        image = self.store.images.get(image_id)
        if image is None:
            raise CloudGone(f"No image {image_id}.", Cause.IMAGE_GONE)
        if not image.ready:
            raise CloudBusy(f"The image {image.name} is still being made.", retry_after=1)
        return image

    def _must_fit(self, flavor: Flavor) -> None:
        room = self._measures()
        if any(room[f"{unit}_used"] + getattr(flavor, unit) > room[unit] for unit in ("vcpus", "ram_mb", "disk_gb")):
            raise CloudFull("No valid host was found.")

    def _is_done(self, record: ServerRecord, goal: str, status: Status) -> bool:
        if record.goal == goal:
            return True
        self._must_be_idle(record)
        return record.status == status

    def _must_be_idle(self, record: ServerRecord) -> None:
        if record.goal:
            raise CloudBusy(f"The server is {record.goal}.", retry_after=1)

    def _must_be(self, record: ServerRecord, *statuses: Status) -> None:
        if record.status not in statuses:
            raise CloudRefused(f"Not while the server is {record.status}.")


def _must_suit(image: ImageRecord, flavor: Flavor) -> None:
    if flavor.ram_mb < image.min_ram_mb or flavor.disk_gb < image.min_disk_gb:
        wants = f"{image.min_ram_mb} MiB of memory and {image.min_disk_gb} GiB of disk"
        raise CloudRefused(
            f"Flavor {flavor.name} is too small: image {image.name} wants {wants}.", Cause.SIZE_TOO_SMALL
        )
