"""Saved boots: the memory of a guest that waits for its disk and config drive, where others start (ADR 0013)."""

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from cloud.localcloud import qemu_img, qemu_machine, qmp
from cloud.localcloud.guests import GuestFailed
from cloud.localcloud.qemu_machine import WAITING, Machine
from cloud.localcloud.rows import ServerRow
from cloud.localcloud.tiny_linux import TinyLinux

WAITING_SECONDS = 60.0  # a boot gets there in 3 s emulated on a quiet machine
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SavedBoot:
    """A saved boot: a folder beside the guest's build, which gets its name once it is whole."""

    folder: Path

    @property
    def memory(self) -> Path:
        return self.folder / "memory"

    @property
    def sum(self) -> Path:
        return self.folder / "sum"

    def is_whole(self) -> bool:
        """Return whether the bytes are those that were written: a full disk or a power cut may have lost some."""
        return self.sum.exists() and self.sum.read_text() == _sum(self.memory)


class SavedBoots:
    """Saved boots, one for each shape of guest, made when first asked for; several processes may share the folder."""

    def __init__(self, data: Path, sockets: Path, linux: TinyLinux, accel: str) -> None:
        self._data = data
        self._sockets = sockets
        self._linux = linux
        self._accel = accel
        self._host = Host.this(accel)
        self._checked: set[str] = set()
        self._given_up: set[str] = set()

    async def find_or_make(self, row: ServerRow, disk: Path) -> SavedBoot | None:
        """Return the saved boot for a guest of this shape. None where there can be none; the log says why."""
        shape = Shape(row.vcpus, row.ram_mb, qemu_img.bytes_of(disk), bool(row.vnc_password))
        name = f"{shape}-{self._host.key}"
        saved = SavedBoot(self._linux.folder.resolve() / name)
        try:
            async with _alone(saved.folder.parent / f"{shape}.lock"):
                if name not in self._given_up and not await self._is_usable(saved):
                    await self._make(row, shape, saved)
        except (GuestFailed, qmp.QmpFailed, OSError) as error:
            self.give_up(saved, error)
        return None if name in self._given_up else saved

    def give_up(self, saved: SavedBoot, why: object) -> None:
        """Stop using saved boots of this shape in this process; the next process makes a new one."""
        log.warning("no guest starts from %s, each boots by itself: %s", saved.folder.name, why)
        self._given_up.add(saved.folder.name)
        shutil.rmtree(saved.folder, ignore_errors=True)

    async def _is_usable(self, saved: SavedBoot) -> bool:
        name = saved.folder.name
        if name not in self._checked and saved.folder.exists():
            if await asyncio.to_thread(saved.is_whole):
                self._checked.add(name)
            else:
                log.warning("%s is damaged and made anew", name)
                shutil.rmtree(saved.folder)
        return saved.folder.exists()

    async def _make(self, row: ServerRow, shape: "Shape", saved: SavedBoot) -> None:
        guest = replace(row, id=str(uuid.uuid4()), name="saved", ports=[], port_map={})
        # No row knows it, so the next start ends it if we are killed.
        machine = Machine(self._data, self._sockets, guest.id)
        machine.folder.mkdir(parents=True)
        try:
            machine.write_blank_drive()
            await qemu_img.run("create", "-q", "-f", "qcow2", str(machine.disk), str(shape.disk_bytes))
            await machine.boot(guest, self._linux, self._accel, waits=True)
            if not await machine.says(WAITING, 0, WAITING_SECONDS):
                raise GuestFailed(f"no guest was waiting after {WAITING_SECONDS:.0f} s")
            await machine.keep_memory()
            await asyncio.to_thread(_keep, machine.memory, saved, str(shape))
            log.info("saved a boot: %s", saved.folder.name)
            self._checked.add(saved.folder.name)
        finally:
            await machine.kill()
            machine.erase()


def _keep(memory: Path, saved: SavedBoot, shape: str) -> None:
    """Give the memory its name once it is whole, and remove those of this shape that another QEMU or kernel made."""
    part = SavedBoot(saved.folder.parent / f"{shape}.part")
    shutil.rmtree(part.folder, ignore_errors=True)
    part.folder.mkdir()
    shutil.move(memory, part.memory)
    part.sum.write_text(_sum(part.memory))
    for old in saved.folder.parent.glob(f"{shape}-*"):
        shutil.rmtree(old, ignore_errors=True)
    part.folder.rename(saved.folder)


@dataclass(frozen=True)
class Shape:
    """The facts of the machine that a memory depends on."""

    vcpus: int
    ram_mb: int
    disk_bytes: int
    screen: bool

    def __str__(self) -> str:
        kind = "screen" if self.screen else "boot"
        return f"{kind}-{self.vcpus}cpu-{self.ram_mb}mb-{self.disk_bytes}"


@dataclass(frozen=True)
class Host:
    """The facts of the host that a memory depends on."""

    accel: str
    qemu: str
    processor: str
    kernel: str
    code: str  # ours, with QEMU's command line

    @staticmethod
    def this(accel: str) -> "Host":
        qemu = Path(shutil.which("qemu-system-x86_64") or "/").resolve()
        about = qemu.stat()
        code = b"".join(Path(file).read_bytes() for file in (__file__, qemu_machine.__file__))
        return Host(
            accel=accel,
            qemu=f"{qemu} {about.st_size} {about.st_mtime_ns}",
            processor=_processor(),
            kernel=os.uname().release,
            code=hashlib.sha256(code).hexdigest(),
        )

    @property
    def key(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().partition("\n\n")[0].splitlines()
    return "\n".join(line for line in lines if line.startswith(("vendor_id", "model", "stepping", "flags")))


def _sum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


@contextlib.asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    """Hold a lock among all tasks and processes. Waiting for it can be cancelled."""
    with open(path, "w") as file:  # noqa: ASYNC230 - a local file, microseconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.05)
        yield
