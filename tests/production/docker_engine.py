"""A Docker engine of our own in namespaces of its own: network, mounts and processes. When it ends, all of them end with it.

So the computer's own network is never touched: docker0, the rules of iptables and the forwarding are inside. The way out to the package
registries is slirp4netns, a network stack in user space; to it, 10.0.2.2 is the computer's own 127.0.0.1.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.production.engine_tools import Tools

HOST = "10.0.2.2"
NAME_SERVER = "10.0.2.3"
START_SECONDS = 60
CGROUP = "minga-production"
PR_SET_PDEATHSIG = 1
_START = """
set -e
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount -t tmpfs tmpfs /run
touch "$1/is-inside"
exec dockerd --data-root "$2" --exec-root /run/docker --pidfile /run/docker.pid --host "unix://$1/docker.sock" --cgroup-parent "$3"
"""


class Engine:
    """`work`: a folder for this run; `data`: images and the builder's cache, kept for the next."""

    def __init__(self, tools: Tools, data: Path, work: Path) -> None:
        self.tools, self.data, self.work = tools, data, work
        self._processes: list[subprocess.Popen[bytes]] = []

    def environment(self) -> dict[str, str]:
        settings = self.work / "docker-config"
        if not settings.exists():
            settings.mkdir(parents=True)
            (settings / "cli-plugins").symlink_to(self.tools.plugins)
        host = f"unix://{self.work}/docker.sock"
        return {**self.tools.environment(), "DOCKER_HOST": host, "DOCKER_CONFIG": str(settings), "DOCKER_BUILDKIT": "1"}

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        (self.work / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
        unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        inside = ["sh", "-c", _START, "sh", str(self.work), str(self.data), CGROUP]
        self._begin([*unshare, *inside], "dockerd.log")
        self._wait(lambda: (self.work / "is-inside").exists())
        self._begin(["slirp4netns", "--configure", "--mtu=65520", str(self.first), "tap0"], "slirp4netns.log")
        self._wait(lambda: self.docker("info", check=False).returncode == 0)
        self._forget_the_last_run()

    def stop(self) -> None:
        """dockerd ends its containers; whatever does not end goes with its namespace."""
        for process in self._processes[::-1]:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self._processes.clear()
        for place in [*Path("/sys/fs/cgroup").glob(f"*/{CGROUP}"), Path("/sys/fs/cgroup", CGROUP)]:
            for folder, _folders, _files in os.walk(place, topdown=False):
                with contextlib.suppress(OSError):
                    Path(folder).rmdir()

    @property
    def first(self) -> int:
        """The process 1 of the namespaces, by its number outside."""
        holder = self._processes[0].pid
        return int(Path(f"/proc/{holder}/task/{holder}/children").read_text().split()[0])

    def docker(self, *words: str, check: bool = True, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        command = ["docker", *words]
        ran = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=seconds)
        if check and ran.returncode:
            raise RuntimeError(f"{' '.join(command)}: {(ran.stderr or ran.stdout)[-2000:]}")
        return ran

    def inside(self) -> list[str]:
        """The words before a command that put it into the engine's network."""
        return ["nsenter", f"--net=/proc/{self.first}/ns/net"]

    def _begin(self, command: list[str], log: str) -> None:
        with (self.work / log).open("wb") as output:
            process = subprocess.Popen(
                command,
                env=self.tools.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self._processes.append(process)

    def _wait(self, is_true: Callable[[], bool]) -> None:
        ends_at = time.monotonic() + START_SECONDS
        while not is_true():
            if time.monotonic() > ends_at or self._processes[0].poll() is not None:
                raise RuntimeError("Docker does not start: " + (self.work / "dockerd.log").read_text()[-2000:])
            time.sleep(0.1)

    def _forget_the_last_run(self) -> None:
        """Remove the containers of a run that was killed: they are in `data`."""
        if left := self.docker("ps", "--all", "--quiet").stdout.split():
            self.docker("rm", "--force", "--volumes", *left)
        self.docker("network", "prune", "--force")
        self.docker("volume", "prune", "--force")


def die_with_parent() -> None:
    """Ask the kernel, between fork and exec, for our end with the parent's: even a `kill -9` of the one who started it leaves nothing behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
