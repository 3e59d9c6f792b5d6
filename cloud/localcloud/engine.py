"""The verbs of the local cloud. As in Nova, each is accepted at once, done in the background, and resumed after a restart."""

import asyncio
import contextlib
import logging
import sqlite3
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cloud.contract import Cause, CloudBusy, CloudGone, CloudRefused, Status
from cloud.localcloud import base_images, jobs, loopback
from cloud.localcloud.guests import Guests
from cloud.localcloud.own_host import OwnHost
from cloud.localcloud.rows import HOST, ImageRow, ServerRow
from cloud.localcloud.sizes import FLAVORS, Capacity, must_suit
from cloud.localcloud.store import Store

log = logging.getLogger(__name__)
WATCH_SECONDS = 2.0  # how soon a guest that died is noticed
LEADS_TO_ACTIVE = ("building", "resuming", "unshelving", "powering-on", "rebooting", "rebooting-hard", "rebuilding")


class Engine:
    """The verbs on one event loop: no await stands between a check and its write, so each verb is atomic."""

    def __init__(self, store: Store, guests: Guests, capacity: Capacity) -> None:
        self.store = store
        self.guests = guests
        self.host = OwnHost(store, capacity)
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._watch: asyncio.Task[None] | None = None

    # ---- start and end ----

    async def open(self) -> None:
        """Take over from the last run: base images, running guests, verbs that were cut off."""
        base_images.keep(self.store, self.guests.base_images())
        await self.guests.find_again(list(self.store.living))
        for row in list(self.store.living):
            if row.parked:
                self.store.save(row, parked=False, goal="resuming", task="resuming")
            if row.goal:
                self._start_job(row)
        self._watch = asyncio.create_task(self._watch_guests())

    async def close(self) -> None:
        """Stop everything. The next start resumes what was in progress."""
        running = [*self._jobs.values(), *([self._watch] if self._watch else [])]
        for job in running:
            job.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for row in await self.guests.close(list(self.store.living)):
            if not row.goal:
                self.store.save(row, parked=True)

    async def _watch_guests(self) -> None:
        while True:
            try:
                self._look_after_guests()
            except sqlite3.Error as error:  # a full disk: the next round writes it
                log.error("the local cloud cannot write what it knows: %s", error)
            await asyncio.sleep(WATCH_SECONDS)

    def _look_after_guests(self) -> None:
        base_images.keep(self.store, self.guests.base_images())
        for row in list(self.store.living):
            if row.is_running and not row.goal and (reason := self.guests.why_not_running(row)):
                self.store.save(row, status=Status.STOPPED, fault=reason)
            job = self._jobs.get(row.id)
            if row.goal and (job is None or job.done()):  # the end of its job could not be written: do it again
                self._start_job(row)
        self.store.forget_old()

    # ---- verbs ----

    def create(self, spec: dict[str, Any]) -> ServerRow:
        """Begin to build a server. CloudFull; CloudGone for an unknown flavor or image; CloudRefused where the image wants more than the flavor has."""
        if found := self.find(spec["machine"]):
            return found
        flavor = FLAVORS.get(spec["flavor_id"])
        if flavor is None:
            raise CloudGone(f"No flavor {spec['flavor_id']}.", Cause.SIZE_GONE)
        must_suit(self.image(spec["image_id"]), flavor)
        self.host.must_fit(flavor)
        size: dict[str, Any] = {"vcpus": flavor.vcpus, "ram_mb": flavor.ram_mb, "disk_gb": flavor.disk_gb}
        now = datetime.now(UTC).isoformat()
        row = ServerRow(id=str(uuid.uuid4()), created_at=now, **size, **spec)
        self._begin(row, "building", task="scheduling")
        return row

    def find(self, machine: str) -> ServerRow | None:
        """Find the machine's server, the oldest of several. One that is being deleted does not count."""
        of_it = (row for row in self.store.living if row.machine == machine and row.goal != "deleting")
        return min(of_it, key=lambda row: row.created_at, default=None)

    def run(self, row: ServerRow) -> None:
        if row.goal in LEADS_TO_ACTIVE:
            return
        self._must_be_idle(row)
        if row.status == Status.ACTIVE:
            return
        goals = {Status.SUSPENDED: "resuming", Status.SHELVED: "unshelving", Status.STOPPED: "powering-on"}
        self._must_be(row, *goals)
        if row.status == Status.SHELVED:
            self.host.must_fit(FLAVORS[row.flavor_id])
        self._begin(row, goals[Status(row.status)], host=HOST, fault="")

    def suspend(self, row: ServerRow) -> None:
        if self._is_done(row, "suspending", Status.SUSPENDED):
            return
        self._must_be(row, Status.ACTIVE)
        self._begin(row, "suspending")

    def stop(self, row: ServerRow) -> None:
        if row.status == Status.SHELVED and not row.goal:
            return
        if self._is_done(row, "powering-off", Status.STOPPED):
            return
        self._must_be(row, Status.ACTIVE, Status.ERROR)
        self._begin(row, "powering-off")

    def shelve(self, row: ServerRow) -> None:
        if self._is_done(row, "shelving", Status.SHELVED):
            return
        self._must_be(row, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED)
        self._begin(row, "shelving")

    def restart(self, row: ServerRow, number: int) -> None:
        if row.restarts >= number or (row.goal, row.number) == ("rebooting", number):
            return
        self._must_be_idle(row)
        self._must_be(row, Status.ACTIVE)
        self._begin(row, "rebooting", number=number)

    def restart_hard(self, row: ServerRow, number: int) -> None:
        """Cut the power. A restart in good order that is still going on is cut short."""
        if row.restarts >= number or (row.goal, row.number) == ("rebooting-hard", number):
            return
        if row.goal != "rebooting":
            self._must_be_idle(row)
        self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.SUSPENDED, Status.ERROR)
        self._begin(row, "rebooting-hard", number=number)

    def rebuild(self, row: ServerRow, spec: dict[str, Any], number: int) -> None:
        """Begin a rebuild. The new keys and user-data are written with the goal, so that a resumed rebuild has them, too."""
        if row.resets >= number or (row.goal, row.number) == ("rebuilding", number):
            return
        self._must_be_idle(row)
        self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.ERROR)
        self.image(spec["image_id"])
        fresh = {name: spec[name] for name in ("public_keys", "user_data", "host_key")}
        new = {"target": spec["image_id"], **fresh}
        self._begin(row, "rebuilding", number=number, status=Status.BUILDING, fault="", **new)

    def delete(self, row: ServerRow) -> None:
        if not row.is_gone and row.goal != "deleting":
            self._begin(row, "deleting")

    def rename(self, row: ServerRow, name: str) -> None:
        self.store.save(row, name=name)

    def adopt(self, row: ServerRow, machine: str, owner: str) -> None:
        if (row.machine, row.owner) != (machine, owner):
            self.store.save(row, machine=machine, owner=owner)

    async def set_ports(self, row: ServerRow, ports: list[int]) -> None:
        if not all(1 <= port <= 65535 for port in ports):
            raise CloudRefused("A port is a number from 1 to 65535.")
        wanted = replace(row, ports=sorted(ports))
        held = self.guests.held_ports(row)
        mapped = (
            loopback.map_ports(wanted.address, wanted.outside_ports, wanted.port_map, held) if wanted.address else {}
        )
        if (row.ports, row.port_map) != (wanted.ports, mapped):
            self.store.save(row, ports=wanted.ports, port_map=mapped)
        if row.is_running:
            await self.guests.set_ports(row)

    def snapshot(self, row: ServerRow, name: str) -> ImageRow:
        if found := self._named(name):
            return found
        self._must_be_idle(row)
        self._must_be(row, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED)
        return self._copy(row, name)

    def archive(self, server_id: str, name: str) -> ImageRow:
        """Make an archive, or find it by its name, also when the server is gone."""
        if found := self._named(name, archive=True):
            return found
        row = self.living(server_id)
        self._must_be_idle(row)
        self._must_be(row, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED, Status.SHELVED, Status.ERROR)
        return self._copy(row, name, archive=True)

    def unarchive(self, name: str) -> None:
        if found := self._named(name, archive=True):
            self.delete_image(found.id)

    def image(self, image_id: str) -> ImageRow:
        """Return an image that is ready. Raises CloudGone or CloudBusy otherwise."""
        image = self.store.images.get(image_id)
        if image is None:
            raise CloudGone(f"No image {image_id}.", Cause.IMAGE_GONE)
        if not image.ready:
            raise CloudBusy(f"The image {image.name} is still being made.", retry_after=1)
        return image

    def living(self, server_id: str) -> ServerRow:
        """Return a server. CloudGone when it is deleted or being deleted."""
        row = self.store.servers.get(server_id)
        if row is None or row.is_gone or row.goal == "deleting":
            raise CloudGone(f"No server {server_id}.")
        return row

    def _named(self, name: str, *, archive: bool = False) -> ImageRow | None:
        found = (image for image in self.store.images.values() if image.name == name and image.archive == archive)
        return next(found, None)

    def _copy(self, row: ServerRow, name: str, *, archive: bool = False) -> ImageRow:
        image = ImageRow(str(uuid.uuid4()), name, ready=False, min_disk_gb=row.disk_gb, archive=archive)
        self.store.save_image(image)
        self._begin(row, "image_snapshot", target=image.id)
        return image

    def delete_image(self, image_id: str) -> None:
        image = self.store.images.get(image_id)
        if image is None:
            return
        if image.base:
            raise CloudRefused("A base image stays.")
        self.store.delete_image(image_id)
        self.guests.erase_image(image)

    # ---- inside ----

    def _begin(self, row: ServerRow, goal: str, **changes: Any) -> None:
        self.store.save(row, **{"goal": goal, "task": goal, **changes})
        self._start_job(row)

    def _start_job(self, row: ServerRow) -> None:
        before = self._jobs.get(row.id)
        self._jobs[row.id] = asyncio.create_task(self._do(row, before))

    async def _do(self, row: ServerRow, before: asyncio.Task[None] | None) -> None:
        if before and not before.done():  # a delete cuts off what is in progress
            before.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([before])
        goal = row.goal
        started = time.monotonic()
        try:
            await jobs.JOBS[goal](self.store, self.guests, row)
        except Exception as error:
            log.exception("%s of server %s failed", goal, row.id)
            jobs.give_up(self.store, row, str(error) or repr(error))
        log.info("%s of server %s took %.1f s", goal, row.id, time.monotonic() - started)

    def _is_done(self, row: ServerRow, goal: str, status: Status) -> bool:
        if row.goal == goal:
            return True
        self._must_be_idle(row)
        return row.status == status

    def _must_be_idle(self, row: ServerRow) -> None:
        if row.goal:
            raise CloudBusy(f"The server is {row.goal}.", retry_after=1)

    def _must_be(self, row: ServerRow, *statuses: Status) -> None:
        if row.status not in statuses:
            raise CloudRefused(f"Not while the server is {row.status}.")
