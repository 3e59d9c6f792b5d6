"""The moment at which a guest's process has given back its ports."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.localcloud import processes
from tests.ports import free_port
from tests.waiting import PATIENCE, until

# A listener with so much memory that the system needs a while to end it, as it does for a guest.
LISTENER = """
import socket, sys, time
held = bytearray(300 << 20)
server = socket.create_server(("127.0.0.1", int(sys.argv[-1])))
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path, int]]:
    """A process that looks like a guest's, the pid file on its command line, and the port on which it listens."""
    pidfile, port = tmp_path / "pid", free_port()
    words = ["qemu-system-x86_64", "-c", LISTENER, "-pidfile", str(pidfile), str(port)]
    home = {**os.environ, "PYTHONHOME": sys.base_prefix}  # which Python finds by its own name otherwise
    process = subprocess.Popen(words, executable=sys.executable, env=home, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    yield process, pidfile, port
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_guest_that_has_let_go_no_longer_listens(guest: tuple[subprocess.Popen[str], Path, int]) -> None:
    process, pidfile, port = guest
    assert processes.is_alive(process.pid, pidfile)
    assert not processes.has_let_go(process.pid, pidfile)
    process.send_signal(signal.SIGKILL)
    while not processes.has_let_go(process.pid, pidfile):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()


def test_a_process_with_the_same_number_is_another(guest: tuple[subprocess.Popen[str], Path, int]) -> None:
    process, pidfile, _port = guest
    assert processes.has_let_go(process.pid, pidfile.with_name("another"))


def test_a_process_that_is_gone_has_let_go(guest: tuple[subprocess.Popen[str], Path, int]) -> None:
    process, pidfile, _port = guest
    process.kill()
    process.wait()
    until(lambda: processes.has_let_go(process.pid, pidfile), "it is gone")
