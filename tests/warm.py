"""Long-lived programs of ours, started by a fork of a process that has already imported them.

`make test` starts the local cloud, the agent and the embedded VPS some 170 times, and each start spends a quarter of a second of
processor on the same imports. Each pytest worker therefore keeps one process that has them (`python -m tests.warm`), which forks
and runs the module as `python -m` would: with its arguments, its environment and its exit code. Real starts stay in whole stacks
(tests/journeys, tests/upgrade/test_running_installation.py) and in tests/cloud/test_server_process.py.
"""

import atexit
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

MODULES = ("cloud.localcloud", "tunnels.agent", "tunnels.embedded_vps")
ROOT = Path(__file__).resolve().parents[1]
LONGEST = 256 * 1024  # bytes of one order; the environment is most of it
kept: list["Forker"] = []  # none, or this worker's


class Forked:
    """A child of the warm process, with the part of `subprocess.Popen` that the stages use."""

    def __init__(self, pid: int, end: socket.socket) -> None:
        self.pid, self._end = pid, end
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def _look(self, seconds: float | None) -> int | None:
        """The exit code, once the warm process has written it."""
        if self.returncode is None and select.select([self._end], [], [], seconds)[0]:
            said = self._end.recv(32)
            self._end.close()
            assert said, "the warm process has ended before its child"
            self.returncode = int(said)
        return self.returncode

    def send_signal(self, which: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, which)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


Process = subprocess.Popen[bytes] | Forked


def start(command: list[str], *, log: IO[bytes], environment: dict[str, str]) -> Process:
    """Run a command in a session of its own, its output to `log`: by a fork where it is one of MODULES under our Python."""
    if command[:2] != [sys.executable, "-m"] or command[2] not in MODULES or not _in_a_test():
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=ROOT, start_new_session=True)
    if not kept:
        kept.append(Forker())
        atexit.register(kept[0].end)
    return kept[0].start(command[2], command[3:], log, environment)


def _in_a_test() -> bool:
    """Benches, which use the same stages, measure processes as they are in production."""
    return "PYTEST_VERSION" in os.environ


class Forker:
    """The test's end of the warm process, which ends when this is closed, at the latest with us. Its children live on, as Popen's do."""

    def __init__(self) -> None:
        self.orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            for end in (self.orders, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LONGEST)
            command = [sys.executable, "-m", "tests.warm"]
            self.process = subprocess.Popen(command, stdin=theirs, cwd=ROOT, start_new_session=True)

    def end(self) -> None:
        self.orders.close()
        self.process.wait()

    def start(self, module: str, arguments: list[str], log: IO[bytes], environment: dict[str, str]) -> Forked:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        order = json.dumps({"module": module, "arguments": arguments, "environment": environment})
        with theirs:
            socket.send_fds(self.orders, [order.encode()], [log.fileno(), theirs.fileno()])
        pid = ours.recv(32)
        assert pid, "the warm process has ended"
        return Forked(int(pid), ours)


def serve(orders: socket.socket) -> dict[str, Any] | None:
    """Fork a child for each order. Returns None when nobody is there to give any more; the order, in the child."""
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno())
    children: dict[int, socket.socket] = {}
    while True:
        ready = select.select([orders, wake], [], [])[0]
        if wake in ready:
            wake.recv(4096)
            _tell_of_the_dead(children)
        if orders in ready:
            text, files, _flags, _from = socket.recv_fds(orders, LONGEST, 2)
            if not text:
                return None
            log, end = files[0], socket.socket(fileno=files[1])
            if (pid := os.fork()) == 0:
                _become_a_program(log, end, [orders, wake, woken, *children.values()])
                return dict(json.loads(text))
            os.close(log)
            children[pid] = end


def _tell_of_the_dead(children: dict[int, socket.socket]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with children.pop(pid) as end, contextlib.suppress(OSError):  # perhaps nobody waits for it
            end.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _become_a_program(log: int, end: socket.socket, files: list[socket.socket]) -> None:
    """Become as after exec: a session of its own, no file of the warm process, no handler of its signals."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for file in files:
        file.close()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file_number in enumerate((nothing, log, log)):
        os.dup2(file_number, number)
    for number in {nothing, log} - {0, 1, 2}:
        os.close(number)
    with end:
        end.sendall(str(os.getpid()).encode())


def run(order: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(order["environment"])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    sys.argv[1:] = order["arguments"]
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


def main() -> None:
    for name in MODULES:
        spec = importlib.util.find_spec(name)
        assert spec
        real = f"{name}.__main__" if spec.submodule_search_locations else name
        importlib.import_module(real)
        del sys.modules[real]  # runpy runs it anew
    gc.freeze()
    order = serve(socket.socket(fileno=0))
    if order is not None:
        run(order)


if __name__ == "__main__":
    main()
