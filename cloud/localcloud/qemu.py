"""QEMU guests: real machines, run by a normal user. Each has a folder, a process in a session of its own, a control socket.

The guests outlive us: after kill -9 the next start finds them by the pid file on their command line.
"""

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from cloud.localcloud import base_images, processes, qemu_img, qmp
from cloud.localcloud.base_images import TINY, StarterImages
from cloud.localcloud.guests import GuestFailed
from cloud.localcloud.qemu_machine import GOES_ON, NET, READY, Machine, forwarded
from cloud.localcloud.rows import ImageRow, ServerRow
from cloud.localcloud.saved_boots import SavedBoot, SavedBoots
from cloud.localcloud.serial_lines import tail
from cloud.localcloud.store import Store
from cloud.localcloud.tiny_linux import TinyLinux

READY_SECONDS = 120.0  # a boot takes 4 s emulated, more when many start at once; after that it counts as running
DIAGNOSTICS_SECONDS = 2.0
PARK_SECONDS = 20.0  # for all guests at our end; those that are left are ended hard
PARK_AT_ONCE = 2  # guests put to sleep side by side at our end: they share the disk
SOCKET_PATH_BYTES = 107  # the longest path of a Unix socket
CUT_OFF_UNSAFE = ("building", "rebuilding", "deleting")  # goals that begin again from nothing


class QemuGuests:
    """Guests with QEMU; see guests.Guests."""

    kind = "qemu"
    disk_format = "qcow2"

    def __init__(
        self,
        data: Path,
        store: Store,
        linux: TinyLinux,
        accel: str,
        starters: StarterImages,
        build_seconds: float = 0.0,
    ) -> None:
        self.build_seconds = build_seconds
        self._data = data
        self._linux = linux
        self._accel = accel
        self._sockets = _sockets_folder(data, store)
        self._boots = SavedBoots(data, self._sockets, linux, accel)
        self._machines: dict[str, Machine] = {}
        self._starters = starters

    def base_images(self) -> list[ImageRow]:
        return [TINY, *self._starters.rows()]

    async def make_disk(self, row: ServerRow) -> None:
        machine = self._machine(row)
        await machine.kill()
        machine.memory.unlink(missing_ok=True)
        machine.folder.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(machine.write_config_drive, row)
        starter = self._starters.file(row.image_id)
        machine.set_boots_itself(starter is not None or self._boots_itself(row.image_id).exists())
        if starter or row.image_id == TINY.id:
            size = [f"{row.disk_gb}G"] if starter else []  # its root grows at the first boot
            base = starter or await asyncio.to_thread(self._linux.disk, row.disk_gb)
            await qemu_img.run("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(machine.disk), *size)
            return
        # A copy, not an overlay: the snapshot may be deleted while this server lives.
        await asyncio.to_thread(shutil.copyfile, self._image_file(row.image_id), machine.disk)

    async def start(self, row: ServerRow) -> None:
        machine = self._machine(row)
        if machine.is_alive and not machine.memory.exists() and not await machine.waits_for_memory():
            await machine.go_on()
            return await self.set_ports(row)
        await machine.kill()
        if not machine.disk.exists():
            raise GuestFailed("The disk of this server is gone.")
        if machine.memory.exists():
            await machine.boot(row, self._linux, self._accel, asleep=True)
            return await machine.take_memory_back()
        since = machine.console_bytes()
        if not await self._goes_on(row, since):
            await machine.kill()
            await machine.boot(row, self._linux, self._accel)
        await machine.says(READY, since, READY_SECONDS)

    async def _goes_on(self, row: ServerRow, since: int) -> bool:
        """Start where a saved boot ended. False where there is none, or it failed: the disk is then as it was."""
        machine = self._machine(row)
        saved = None if machine.boots_itself else await self._boots.find_or_make(row, machine.disk)
        if saved is None:
            return False
        try:
            await machine.boot(row, self._linux, self._accel, asleep=True)
        except GuestFailed:
            return False  # not the saved boot's fault: perhaps a port was taken
        why = await self._why_not_going_on(machine, saved, since)
        if why:
            self._boots.give_up(saved, why)
        return not why

    async def _why_not_going_on(self, machine: Machine, saved: SavedBoot, since: int) -> str:
        try:
            await machine.read_memory(saved.memory)
            await machine.go_on()
            goes_on = await machine.says(GOES_ON, since, READY_SECONDS)
        except (GuestFailed, qmp.QmpFailed) as error:
            return str(error)
        return "" if goes_on else f"a guest was silent for {READY_SECONDS:.0f} s"

    async def suspend(self, row: ServerRow) -> None:
        machine = self._machine(row)
        if machine.memory.exists():
            await machine.kill()
        elif machine.is_alive:
            await machine.keep_memory()
        else:
            raise GuestFailed("The guest had ended before it could sleep.")

    async def halt(self, row: ServerRow) -> None:
        machine = self._machine(row)
        if machine.memory.exists() and not machine.is_alive:
            # Its memory holds what it had not yet written to disk: wake it, so that it can shut down cleanly.
            with contextlib.suppress(GuestFailed, qmp.QmpFailed):
                await self.start(row)
        await machine.power_down()
        machine.memory.unlink(missing_ok=True)

    async def cut(self, row: ServerRow) -> None:
        machine = self._machine(row)
        await machine.kill()
        machine.memory.unlink(missing_ok=True)

    async def erase(self, row: ServerRow) -> None:
        machine = self._machine(row)
        await machine.kill()
        await asyncio.to_thread(machine.erase)
        self._machines.pop(row.id, None)

    async def snapshot(self, row: ServerRow, image: ImageRow) -> int:
        machine, target = self._machine(row), self._image_file(image.id)
        target.parent.mkdir(exist_ok=True)
        if machine.boots_itself:
            self._boots_itself(image.id).touch()
        running = machine.is_alive
        if running:
            async with machine.lock, qmp.talk(machine.socket) as monitor:
                await monitor.execute("stop")  # also flushes what QEMU holds back
        try:
            await qemu_img.run("convert", "-U", "-O", "qcow2", str(machine.disk), str(target))
        finally:
            if running:
                await machine.go_on()
        return target.stat().st_size

    def erase_image(self, image: ImageRow) -> None:
        self._image_file(image.id).unlink(missing_ok=True)
        self._boots_itself(image.id).unlink(missing_ok=True)

    def image_bytes(self, image: ImageRow) -> Path:
        if not self._image_file(image.id).exists():
            raise GuestFailed(f"The image {image.name} has no disk of its own.")
        return self._image_file(image.id)

    async def set_ports(self, row: ServerRow) -> None:
        machine = self._machine(row)
        wanted = {port: row.outside(port) for port in forwarded(row)}
        async with machine.lock, qmp.talk(machine.socket) as monitor:
            for port, outside in list(machine.forwards.items()):
                if wanted.get(port) != outside:
                    await monitor.monitor(f"hostfwd_remove {NET} tcp:{row.address}:{outside}")
                    del machine.forwards[port]
            for port, outside in wanted.items():
                if port not in machine.forwards:
                    complaint = await monitor.monitor(f"hostfwd_add {NET} tcp:{row.address}:{outside}-:{port}")
                    if complaint.strip():
                        raise GuestFailed(complaint.strip())
                    machine.forwards[port] = outside

    def held_ports(self, row: ServerRow) -> frozenset[int]:
        machine = self._machine(row)
        if not machine.is_alive:
            return frozenset()
        return frozenset([*machine.forwards, *([5900] if row.vnc_password else [])])

    def why_not_running(self, row: ServerRow) -> str:
        return "" if self._machine(row).is_alive else "The guest's process has ended."

    async def diagnostics(self, row: ServerRow) -> dict[str, Any]:
        machine = self._machine(row)
        try:
            async with asyncio.timeout(DIAGNOSTICS_SECONDS), machine.lock, qmp.talk(machine.socket) as monitor:
                blocks = [block["stats"] for block in await monitor.execute("query-blockstats")]
        except (TimeoutError, qmp.QmpFailed):
            return {}
        # QEMU's user-mode network counts nothing: its bytes stay unknown.
        return {
            "cpu_seconds": processes.cpu_seconds(machine.pid),
            "disk_read_bytes": sum(block["rd_bytes"] for block in blocks),
            "disk_write_bytes": sum(block["wr_bytes"] for block in blocks),
        }

    def console_log(self, row: ServerRow, lines: int) -> str:
        return tail(self._machine(row).console, lines)

    def serial_socket(self, row: ServerRow) -> Path | None:
        machine = self._machine(row)  # one that an older version started has no such socket
        return machine.serial if row.is_running and machine.is_alive and machine.serial.exists() else None

    async def find_again(self, rows: list[ServerRow]) -> None:
        known = {row.id: row for row in rows}
        for server_id, pids in processes.guests_of(self._data).items():
            machine = Machine(self._data, self._sockets, server_id)
            for pid in pids:
                machine.pid = pid
                if server_id not in known or pid != pids[-1]:
                    await machine.kill()
            if server_id in known:
                self._machines[server_id] = machine
        for folder in (self._data / "guests").glob("*"):
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
        for row in rows:
            await self._take_over(row)
        disks = [machine.disk for row in rows if (machine := self._machine(row)).disk.exists()]
        await asyncio.to_thread(base_images.remove_outdated, self._data, disks)

    async def _take_over(self, row: ServerRow) -> None:
        machine = self._machine(row)
        if row.is_running and not row.goal and machine.memory.exists():
            await machine.kill()
            row.parked = True
        elif machine.is_alive and row.is_running:
            with contextlib.suppress(qmp.QmpFailed, GuestFailed):
                machine.forwards = await _forwards(machine)
                await machine.go_on()

    async def close(self, rows: list[ServerRow]) -> list[ServerRow]:
        slots = asyncio.Semaphore(PARK_AT_ONCE)
        ends_at = asyncio.get_running_loop().time() + PARK_SECONDS

        async def park(row: ServerRow) -> ServerRow | None:
            async with slots:
                return row if await self._park(row, ends_at) else None

        parked = await asyncio.gather(*(park(row) for row in rows if self._machine(row).is_alive))
        return [row for row in parked if row]

    async def _park(self, row: ServerRow, ends_at: float) -> bool:
        machine = self._machine(row)
        try:
            if row.goal not in CUT_OFF_UNSAFE:
                async with asyncio.timeout_at(ends_at):
                    await self.suspend(row)
        except (TimeoutError, GuestFailed, qmp.QmpFailed):
            pass
        await machine.kill()
        return machine.memory.exists() and row.is_running

    def _machine(self, row: ServerRow) -> Machine:
        if row.id not in self._machines:
            self._machines[row.id] = Machine(self._data, self._sockets, row.id)
        return self._machines[row.id]

    def _image_file(self, image_id: str) -> Path:
        return self._data.resolve() / "images" / f"{image_id}.qcow2"

    def _boots_itself(self, image_id: str) -> Path:
        """Return the file whose presence says that a snapshot has a boot loader of its own."""
        return self._image_file(image_id).with_suffix(".boots-itself")


def end_all_guests(data: Path) -> None:
    """End the QEMU guests of an earlier run on this DATA, which has simulated guests now."""
    for server_id, pids in processes.guests_of(data).items():
        for pid in pids:
            processes.end(pid, data.resolve() / "guests" / server_id / "pid")


async def _forwards(machine: Machine) -> dict[int, int]:
    """Read what QEMU forwards now from its table: `TCP[HOST_FORWARD] 12 127.64.1.2 22 10.0.2.15 22 0 0`."""
    async with machine.lock, qmp.talk(machine.socket) as monitor:
        rows = (line.split() for line in (await monitor.monitor("info usernet")).splitlines())
        return {int(row[5]): int(row[3]) for row in rows if row and row[0] == "TCP[HOST_FORWARD]"}


def _sockets_folder(data: Path, store: Store) -> Path:
    """Return a folder in DATA, or a short folder of its own where DATA's path is too long for a Unix socket."""
    folder = data.resolve() / "qmp"
    if len(str(folder).encode()) + 40 > SOCKET_PATH_BYTES:
        folder = Path(store.meta("sockets") or tempfile.mkdtemp(prefix="minga-"))
        store.set_meta("sockets", str(folder))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
