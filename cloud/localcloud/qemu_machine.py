"""A QEMU guest: its folder, its command line, its process, its control socket."""

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from cloud.localcloud import processes, qmp
from cloud.localcloud.guests import GuestFailed
from cloud.localcloud.rows import ServerRow
from cloud.localcloud.tiny_linux import TinyLinux, tool_path
from lib import ed25519

READY = b"minga-guest: ready"
WAITING, GOES_ON = b"minga-guest: waiting", b"minga-guest: going on"  # before and after a boot is saved
DRIVE_BYTES = 2 * 2**20  # of the config drive
KERNEL_LINE = "console=tty0 console=ttyS0,115200 quiet panic=5 mitigations=off no_timer_check random.trust_cpu=on"
# A saved boot must reach `waiting` with an empty random pool: each guest fills its own.
SAVED_LINE = KERNEL_LINE.replace("trust_cpu=on", "trust_cpu=off random.trust_bootloader=off minga.wait")
POWER_DOWN_SECONDS = 15.0  # for the guest to write its disk and go by itself
LET_GO_SECONDS = 10.0  # for the system to end a process that was killed
NET = "net0"


class Machine:
    """A QEMU guest. Files: disk.qcow2, config (drive), memory (exists only when whole: the guest is asleep), console.log, qemu.log."""

    def __init__(self, data: Path, sockets: Path, server_id: str) -> None:
        self.folder = data.resolve() / "guests" / server_id
        self.disk = self.folder / "disk.qcow2"
        self.memory = self.folder / "memory"
        self.console = self.folder / "console.log"
        self.pidfile = self.folder / "pid"
        self.socket = sockets / f"{server_id.replace('-', '')}.qmp"
        self.serial = self.socket.with_suffix(".tty")
        self._boots_itself = self.folder / "boots-itself"
        self.pid = 0
        self.forwards: dict[int, int] = {}  # guest's port → outside port, as QEMU has them now
        self.lock = asyncio.Lock()  # one conversation at a time: diagnostics and verbs come from different tasks

    @property
    def is_alive(self) -> bool:
        return bool(self.pid) and processes.is_alive(self.pid, self.pidfile)

    @property
    def boots_itself(self) -> bool:
        """Return whether its disk has a boot loader; otherwise it is Tiny Linux, which QEMU loads."""
        return self._boots_itself.exists()

    def set_boots_itself(self, yes: bool) -> None:
        if yes:
            self._boots_itself.touch()
        else:
            self._boots_itself.unlink(missing_ok=True)

    def write_config_drive(self, row: ServerRow) -> None:
        """Write the config drive in OpenStack's layout, plus plain texts for a guest without a JSON parser."""
        keys = {f"key-{number}": line for number, line in enumerate(row.public_keys)}
        about = {"uuid": row.id, "name": row.name, "hostname": row.host_name, "public_keys": keys}
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            latest = Path(scratch) / "openstack" / "latest"
            latest.mkdir(parents=True)
            (latest / "meta_data.json").write_text(json.dumps(about))
            (latest / "uuid").write_text(f"{row.id}\n")
            # By this the guest knows a first start, also one from a snapshot of itself.
            (latest / "instance").write_text(f"{row.id} {row.number or row.resets}\n")
            (latest / "hostname").write_text(f"{row.host_name}\n")
            (latest / "authorized_keys").write_text("".join(f"{line.strip()}\n" for line in row.public_keys))
            if row.host_key:
                (latest / "dropbear_host_key").write_bytes(ed25519.dropbear_file(row.host_key))
                (latest / "vendor_data.json").write_text(json.dumps({"cloud-init": _host_key(row.host_key)}))
            if row.user_data:
                (latest / "user_data").write_text(row.user_data)
            _make_drive(Path(scratch), self.folder / "config")

    def write_blank_drive(self) -> None:
        """Write an empty config drive, so that the guest goes on waiting for its own."""
        with open(self.folder / "config", "wb") as file:
            file.truncate(DRIVE_BYTES)

    async def boot(
        self, row: ServerRow, linux: TinyLinux, accel: str, *, asleep: bool = False, waits: bool = False
    ) -> None:
        """Start QEMU. `asleep`: it then waits for `take_memory_back`. `waits`: the guest waits for its config drive."""
        self._forget_sockets()
        command = self._command(row, linux, accel, SAVED_LINE if waits else KERNEL_LINE)
        command += self._screen(row, waits=waits)
        if asleep:
            command += ["-S", "-incoming", "defer"]
        with open(self.folder / "qemu.log", "wb") as log:  # noqa: ASYNC230 - a local file, microseconds
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.pid = process.pid
        self.forwards = {port: row.outside(port) for port in forwarded(row)}
        await self._wait_for_socket(process)

    def _command(self, row: ServerRow, linux: TinyLinux, accel: str, line: str) -> list[str]:
        forwards = "".join(f",hostfwd=tcp:{row.address}:{row.outside(p)}-:{p}" for p in forwarded(row))
        return [
            *("qemu-system-x86_64", "-name", f"minga-{row.id}", "-nodefaults", "-no-user-config"),
            *("-machine", f"pc,accel={accel}", "-cpu", "host" if accel == "kvm" else "max"),
            *("-smp", str(row.vcpus), "-m", str(row.ram_mb), "-rtc", "base=utc,clock=host"),
            *self._kernel(linux, line),
            *("-drive", f"file={_escaped(self.disk)},format=qcow2,if=virtio,discard=unmap"),
            *("-drive", f"file={_escaped(self.folder / 'config')},format=raw,if=virtio,readonly=on"),
            # restrict: otherwise every guest reaches what listens on the host's loopback, the database first of all
            *("-netdev", f"user,id={NET},restrict=on{forwards}", "-device", f"virtio-net-pci,netdev={NET},romfile="),
            *("-device", "virtio-rng-pci", "-pidfile", str(self.pidfile)),
            # One reader at a time; the log has all, whoever reads.
            *(
                "-chardev",
                f"socket,id=con,path={_escaped(self.serial)},server=on,wait=off,{self._log}",
                "-serial",
                "chardev:con",
            ),
            *("-chardev", f"socket,id=qmp,path={_escaped(self.socket)},server=on,wait=off", "-mon", "qmp,mode=control"),
        ]

    @property
    def _log(self) -> str:
        return f"logfile={_escaped(self.console)},logappend=on"

    def _kernel(self, linux: TinyLinux, line: str) -> list[str]:
        if self.boots_itself:
            return []
        return ["-kernel", str(linux.kernel), "-initrd", str(linux.initrd), "-append", line]

    def _screen(self, row: ServerRow, *, waits: bool) -> list[str]:
        if waits or not row.vnc_password:
            return ["-vga", "std" if row.vnc_password else "none", "-display", "none"]
        secret = self.folder / "vnc"
        secret.touch(mode=0o600)
        secret.write_text(row.vnc_password)
        where = f"{row.address}:{row.outside(5900) - 5900}"
        return [
            *("-vga", "std", "-object", f"secret,id=vnc0,file={_escaped(secret)}"),
            *("-vnc", f"{where},password-secret=vnc0"),
        ]

    async def _wait_for_socket(self, process: asyncio.subprocess.Process) -> None:
        for _ in range(200):
            if self.socket.exists():
                with contextlib.suppress(qmp.QmpFailed):
                    async with self.lock, qmp.talk(self.socket):
                        return
            if process.returncode is not None:  # not `is_alive`: just after the exec its command line is still empty
                break
            await asyncio.sleep(0.05)
        raise GuestFailed(f"QEMU did not start: {self._last_words()}")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / "qemu.log").read_text(errors="replace")[-500:].strip()
        return ""

    def console_bytes(self) -> int:
        return self.console.stat().st_size if self.console.exists() else 0

    async def says(self, word: bytes, since: int, seconds: float) -> bool:
        """Wait until the guest writes this on its console after byte `since`. Return whether it did in this time. Raises GuestFailed when it ends."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            with contextlib.suppress(FileNotFoundError), open(self.console, "rb") as file:  # noqa: ASYNC230
                file.seek(since)
                if word in file.read():
                    return True
            if not self.is_alive:
                raise GuestFailed(f"The guest ended while it started: {self._last_words()}")
            await asyncio.sleep(0.05)
        return False

    async def keep_memory(self) -> None:
        """Write RAM to the file `memory`, which has another name until it is whole, and end QEMU."""
        part = self.folder / "memory.part"
        async with self.lock, qmp.talk(self.socket) as monitor:
            await monitor.execute("stop")
            await _cancel_migration(monitor)
            await monitor.execute("migrate-set-parameters", **{"max-bandwidth": 2**40})
            await monitor.execute("migrate", uri=f"exec:cat > {shlex.quote(str(part))}")
            await _migrated(monitor)
        part.rename(self.memory)
        await self.kill()  # after the migration its disk is flushed and released

    async def take_memory_back(self) -> None:
        """Read the memory, forget the file, go on."""
        await self.read_memory(self.memory)
        self.memory.unlink()  # before the disk changes: this memory fits this disk only
        await self.go_on()

    async def read_memory(self, file: Path) -> None:
        """Load RAM from a file into a QEMU that was booted `asleep`."""
        async with self.lock, qmp.talk(self.socket) as monitor:
            await monitor.execute("migrate-incoming", uri=f"exec:cat {shlex.quote(str(file))}")
            await _migrated(monitor)

    async def waits_for_memory(self) -> bool:
        """Return whether QEMU still waits for a memory, because its start was cut off. After `cont` nothing would run in it."""
        async with self.lock, qmp.talk(self.socket) as monitor:
            return bool((await monitor.execute("query-status"))["status"] == "inmigrate")

    async def go_on(self) -> None:
        """Let a guest run again that was stopped half-way into a sleep."""
        async with self.lock, qmp.talk(self.socket) as monitor:
            await _cancel_migration(monitor)
            await monitor.execute("cont")

    async def power_down(self) -> None:
        """Press the power button; kill the guest when it does not listen."""
        with contextlib.suppress(qmp.QmpFailed):
            async with self.lock, qmp.talk(self.socket) as monitor:
                await monitor.execute("system_powerdown")
            ends_at = time.monotonic() + POWER_DOWN_SECONDS
            while self.is_alive and time.monotonic() < ends_at:  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(0.1)
        await self.kill()

    async def kill(self) -> None:
        if self.pid:
            processes.end(self.pid, self.pidfile)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LET_GO_SECONDS):
                    while not processes.has_let_go(self.pid, self.pidfile):  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
        self.pid = 0
        self.forwards = {}
        self._forget_sockets()

    def _forget_sockets(self) -> None:
        for socket in (self.socket, self.serial):
            socket.unlink(missing_ok=True)

    def erase(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def forwarded(row: ServerRow) -> list[int]:
    """Return the ports of the guest's network; the screen's is QEMU's own."""
    return [port for port in row.ports if not (port == 5900 and row.vnc_password)]


async def _cancel_migration(monitor: qmp.Conversation) -> None:
    if (await monitor.execute("query-migrate")).get("status") in ("active", "setup", "device"):
        await monitor.execute("migrate_cancel")
        while (await monitor.execute("query-migrate")).get("status") not in ("cancelled", "completed", "failed"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _migrated(monitor: qmp.Conversation) -> None:
    while (status := (await monitor.execute("query-migrate")).get("status")) != "completed":
        if status in ("failed", "cancelled"):
            raise GuestFailed(f"The guest's memory could not be moved: {status}.")
        await asyncio.sleep(0.05)


def _host_key(private: str) -> str:
    """Return the cloud-config that gives a guest with cloud-init its host key."""
    return f"#cloud-config\n{json.dumps({'ssh_keys': {'ed25519_private': private}})}\n"


def _make_drive(content: Path, path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(DRIVE_BYTES)
    tool = tool_path("mke2fs") or "mke2fs"
    command = [tool, "-q", "-F", "-t", "ext2", "-L", "config-2", "-d", str(content), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def _escaped(path: Path) -> str:
    """Double the commas: a single one separates options of QEMU."""
    return os.fspath(path).replace(",", ",,")
