"""A booted systemd guest: systemd-nspawn on a root filesystem, in a network namespace of its own."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

OPERATOR = "ana"  # who installs: an ordinary user who may say sudo
BOOT_SECONDS, HALT_SECONDS = 60, 60
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    output: str


@dataclass
class Guest:
    root: Path
    namespace: Path
    binds: dict[Path, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    log: Path = Path("/dev/null")
    options: tuple[str, ...] = ()  # more of systemd-nspawn's
    leader: int = 0
    process: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        """Start it, and wait until systemd says that it is up."""
        binds = [f"--bind={outside}:{inside}" for outside, inside in self.binds.items()]
        command = [
            "systemd-nspawn",
            "--directory",
            str(self.root),
            "--boot",
            "--register=no",
            "--keep-unit",
            "--console=pipe",
            f"--network-namespace-path={self.namespace}",
            *binds,
            *self.options,
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + BOOT_SECONDS
        while self.state() != "running":
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"The guest did not boot: {self.state()}. Its console: {self.log}")
            time.sleep(0.2)  # it boots in about three seconds

    def state(self) -> str:
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        found = children.read_text().split() if children.exists() else []
        self.leader = int(found[0]) if found else 0
        return self.run("systemctl is-system-running", user="root").output.strip() if self.leader else ""

    def halt(self) -> None:
        if self.process is None:
            return
        self.process.terminate()  # nspawn asks the guest's systemd to shut down
        try:
            self.process.wait(HALT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def run(self, command: str, *, user: str = OPERATOR, folder: str = "/", timeout: float = 600) -> Ran:
        """Run a command line in a shell of that user."""
        line = self._shell(user, folder, command)
        done = subprocess.run(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
            errors="replace",
        )
        return Ran(done.returncode, done.stdout)

    def talk(self, command: str, answers: Sequence[tuple[str, str]], *, folder: str = "/") -> Ran:
        """Run what asks questions."""
        return talk(self._shell(OPERATOR, folder, command), answers)

    def _shell(self, user: str, folder: str, command: str) -> list[str]:
        home = "/root" if user == "root" else f"/home/{user}"
        told = {"HOME": home, "USER": user, "LOGNAME": user, "PATH": PATH, "TERM": "dumb", **self.environment}
        enter = ["nsenter", "--target", str(self.leader), "--all", "env", "-i", *[f"{k}={v}" for k, v in told.items()]]
        return [*enter, "runuser", "-u", user, "--", "bash", "-c", f"cd {folder} && {command}"]


def talk(line: list[str], answers: Sequence[tuple[str, str]], *, timeout: float = 120) -> Ran:
    """Run a program on a terminal; each answer is given when its question is read."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(line[0], line)
    said, due, until = "", list(answers), time.monotonic() + timeout
    goes_on = True
    while goes_on and time.monotonic() < until:
        if due and re.search(due[0][0], said.rpartition("\0")[2]):
            os.write(terminal, f"{due.pop(0)[1]}\n".encode())
            said += "\0"  # the next question stands behind this one
        said, goes_on = _hear(terminal, said)
    os.close(terminal)
    return Ran(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.replace("\0", ""))


def _hear(terminal: int, said: str) -> tuple[str, bool]:
    ready, _, _ = select.select([terminal], [], [], 0.5)
    if not ready:
        return said, True
    try:
        data = os.read(terminal, 4096)
    except OSError:  # Linux says so when the other side has closed
        return said, False
    return said + data.decode(errors="replace"), bool(data)
