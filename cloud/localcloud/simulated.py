"""Simulated guests: real SSH and real HTTP inside this process, a small file system, and no computer behind."""

import asyncio
import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import asyncssh

from cloud.localcloud import simulated_http, simulated_keys, simulated_ssh
from cloud.localcloud.guests import GuestFailed
from cloud.localcloud.rows import ImageRow, ServerRow
from cloud.localcloud.simulated_files import SimulatedFiles
from cloud.localcloud.simulated_http import Counters
from cloud.localcloud.store import Store

OF_ONE_SERVER = ("/etc/hostname", "/var/lib/user-data")  # not copied from an image: they belong to one server
BASE = ImageRow("simulated-linux", "Simulated Linux", base=True, min_ram_mb=64, min_disk_gb=1)


@dataclass
class Running:
    """A guest that runs: its listeners, counters and connections."""

    row: ServerRow
    files: SimulatedFiles
    started_at: float
    listeners: dict[int, Any] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)
    console: list[str] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)  # SSH; cut when the guest sleeps
    terminals: set[Any] = field(default_factory=set)  # the SSH sessions with a terminal


class SimulatedGuests:
    """Guests that need nothing installed; a few sockets and some kilobytes each. See guests.Guests."""

    kind = "simulated"
    disk_format = "json"  # there is no disk: the texts of its files

    def __init__(self, store: Store, build_seconds: float = 1.5) -> None:
        self.build_seconds = build_seconds
        self._store = store
        self._running: dict[str, Running] = {}

    def base_images(self) -> list[ImageRow]:
        return [BASE]

    async def make_disk(self, row: ServerRow) -> None:
        kept = self._store.files(row.id) or {}
        image = self._store.files(f"image:{row.image_id}")
        fresh = SimulatedFiles.fresh(row.host_name, row.user_data).texts
        texts = {**image["texts"], **{k: v for k, v in fresh.items() if k in OF_ONE_SERVER}} if image else fresh
        texts = simulated_keys.at_first_start(texts, row.public_keys)
        key = (
            row.host_key
            or kept.get("host_key")
            or asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
        )
        self._store.save_files(row.id, {"host_key": key, "texts": texts, "started_at": None})

    async def start(self, row: ServerRow) -> None:
        if row.id in self._running:
            return await self.set_ports(row)
        kept = self._store.files(row.id)
        if kept is None:
            raise GuestFailed("The disk of this server is gone.")
        started_at = kept["started_at"] or time.time()  # kept over a sleep
        guest = Running(
            row, SimulatedFiles(kept["texts"]), started_at, counters=Counters(**(kept.get("counters") or {}))
        )
        if not kept["started_at"]:
            guest.files.lose_ram_disks()
        guest.console.append("simulated guest: no computer runs behind this console")
        self._running[row.id] = guest
        self._keep(guest)
        await self.set_ports(row)
        guest.console.append("minga-guest: ready (simulated)")

    async def suspend(self, row: ServerRow) -> None:
        if guest := self._running.get(row.id):
            self._keep(guest)
            await self._stop(row)

    async def halt(self, row: ServerRow) -> None:
        await self._stop(row)
        if kept := self._store.files(row.id):
            files = SimulatedFiles(kept["texts"])
            files.lose_ram_disks()
            self._store.save_files(row.id, {**kept, "texts": files.texts, "started_at": None, "counters": None})

    async def cut(self, row: ServerRow) -> None:
        await self.halt(row)

    async def erase(self, row: ServerRow) -> None:
        await self._stop(row)
        self._store.delete_files(row.id)

    async def snapshot(self, row: ServerRow, image: ImageRow) -> int:
        await asyncio.sleep(self.build_seconds / 4)
        files = SimulatedFiles(dict((self._store.files(row.id) or {"texts": {}})["texts"]))
        files.lose_ram_disks()
        self._store.save_files(f"image:{image.id}", {"texts": files.texts})
        return len(self.image_bytes(image))

    def erase_image(self, image: ImageRow) -> None:
        self._store.delete_files(f"image:{image.id}")

    def image_bytes(self, image: ImageRow) -> bytes:
        return json.dumps(self._store.files(f"image:{image.id}") or {"texts": {}}, indent=1).encode()

    async def set_ports(self, row: ServerRow) -> None:
        guest = self._running[row.id]
        for port in [port for port in guest.listeners if port not in row.ports]:
            guest.listeners.pop(port).close()
        for port in row.ports:
            if port not in guest.listeners:
                guest.listeners[port] = await self._listen(guest, port)

    def held_ports(self, row: ServerRow) -> frozenset[int]:
        guest = self._running.get(row.id)
        return frozenset(guest.listeners if guest else ())

    def why_not_running(self, row: ServerRow) -> str:
        return "" if row.id in self._running else "The simulated guest does not run."

    async def diagnostics(self, row: ServerRow) -> dict[str, Any]:
        guest = self._running.get(row.id)
        if guest is None:
            return {}
        disk = {"disk_read_bytes": guest.files.read_bytes, "disk_write_bytes": guest.files.written_bytes}
        return {**asdict(guest.counters), **disk}

    def console_log(self, row: ServerRow, lines: int) -> str:
        guest = self._running.get(row.id)
        return "\n".join(guest.console[-lines:]) if guest else ""

    def serial_socket(self, row: ServerRow) -> None:
        """Return None: no computer runs behind its console."""

    async def find_again(self, rows: list[ServerRow]) -> None:
        """Start the guests that ran when our process ended, with their memory; not one whose disk a cut-off delete has taken already."""
        for row in rows:
            if row.is_running and not row.parked and self._store.files(row.id):
                await self.start(row)

    async def close(self, rows: list[ServerRow]) -> list[ServerRow]:
        guests = list(self._running.values())
        for guest in guests:
            await self.suspend(guest.row)
        return [guest.row for guest in guests]

    async def _listen(self, guest: Running, port: int) -> Any:
        address, outside = guest.row.address, guest.row.outside(port)
        if port == 22:
            key = (self._store.files(guest.row.id) or {})["host_key"]
            return await simulated_ssh.listen(guest, address, outside, key, lambda: self._keep(guest))
        return await simulated_http.listen(guest.row, guest.counters, address, outside, port)

    def _keep(self, guest: Running) -> None:
        kept = self._store.files(guest.row.id) or {}
        counters = asdict(guest.counters)
        doc = {**kept, "texts": guest.files.texts, "started_at": guest.started_at, "counters": counters}
        self._store.save_files(guest.row.id, doc)

    async def _stop(self, row: ServerRow) -> None:
        guest = self._running.pop(row.id, None)
        if guest is None:
            return
        for listener in guest.listeners.values():
            listener.close()
        for connection in list(guest.connections):
            connection.abort()
        await asyncio.sleep(0)  # the sockets close in the loop's next turn
