"""Measure files of machines: an upload through the live process against OpenSSH's sftp, and the memory that it takes.

    python -m bench.files [MB] [--rounds N]        200 MB, five rounds of ours and of sftp in turn

It starts a PostgreSQL and a Redis of its own, the live process as production does, and an sshd that stands for a guest (needs root).
Ours goes as the page sends it: pieces of 8 MiB, one after the other, on one connection. Both write into the same folder.

Goals: at least 0.6 x sftp, best round against best round; at most 40 MB more in the live process at its peak, up and down.
"""

import argparse
import asyncio
import getpass
import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from cryptography.fernet import Fernet

from bench.idle import database
from bench.live import Process, answers, broker, until
from deploy.local import free_ports

PIECE = 8 * 1024 * 1024
MB = 1_000_000


@contextmanager
def stage() -> Iterator[tuple[Process, str, dict[str, str], Path, Path]]:
    """Yield the live process, the address of a machine's files there, the headers of its owner, its home, and a key for sftp."""
    with tempfile.TemporaryDirectory(prefix="minga-files-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with database(folder), broker(folder) as redis:
            os.environ["REDIS_URL"] = redis
            _keys(folder)
            import django

            django.setup()
            from django.conf import settings
            from django.core.management import call_command

            from accounts.models import User
            from tests.live.process import session_of
            from tests.live.terminals.guest_stage import guest, machine_with_key

            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            person = User.objects.create_user("student")
            machine = machine_with_key(person)
            live = Process(free_ports.free_port())
            cookies = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_of(person)}"}
            headers = {**cookies, "Origin": f"http://localhost:{live.port}", "Host": f"localhost:{live.port}"}
            try:
                with guest(machine, folder) as home:
                    yield live, f"/live/files/{machine.pk}", headers, home, _person_key(folder, home)
            finally:
                live.end()


def _keys(folder: Path) -> None:
    path = folder / "machine_keys"
    path.write_text(f"{Fernet.generate_key().decode()}\n")
    path.chmod(0o600)
    os.environ["MACHINE_KEYS_FILE"] = str(path)


def _person_key(folder: Path, home: Path) -> Path:
    path = folder / "person"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    with (home / ".ssh" / "authorized_keys").open("a") as file:
        file.write(path.with_suffix(".pub").read_text())
    return path


def ours(live: Process, address: str, headers: dict[str, str], file: Path) -> float:
    """Send a file in pieces; return the seconds."""
    size, began = file.stat().st_size, time.monotonic()
    line = HTTPConnection("localhost", live.port, timeout=120)
    with file.open("rb") as source:
        for start in range(0, size, PIECE):
            piece = source.read(PIECE)
            span = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{size}"}
            line.request("PUT", f"{address}?path=ours&replace=1", piece, {**headers, **span})
            answer = line.getresponse()
            facts = answer.read()
            assert answer.status in (201, 202), facts
    line.close()
    return time.monotonic() - began


def down(live: Process, address: str, headers: dict[str, str]) -> tuple[float, str]:
    """Fetch the file; return the seconds and its SHA-256."""
    began, digest = time.monotonic(), hashlib.sha256()
    line = HTTPConnection("localhost", live.port, timeout=120)
    line.request("GET", f"{address}?path=ours", headers=headers)
    answer = line.getresponse()
    while part := answer.read(1 << 20):
        digest.update(part)
    line.close()
    return time.monotonic() - began, digest.hexdigest()


def theirs(port: int, key: Path, file: Path) -> float:
    began = time.monotonic()
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "Compression=no"]
    line = [
        "sftp",
        "-q",
        "-P",
        str(port),
        "-i",
        str(key),
        *(word for one in options for word in ("-o", one)),
        "-b",
        "-",
    ]
    subprocess.run(
        [*line, f"{getpass.getuser()}@127.0.0.1"],
        input=f"put {file} theirs\n".encode(),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - began


def peak(process: Process) -> float:
    """Return the largest memory that a process has had, in MB."""
    lines = Path(f"/proc/{process.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / MB


def peak_from_now(process: Process) -> float:
    """Forget the peak, which was while it started; return what is left of it, in MB."""
    Path(f"/proc/{process.process.pid}/clear_refs").write_text("5")
    return peak(process)


def _source(folder: Path, megabytes: int) -> Path:
    """Make a file that no compression shortens."""
    with (folder / "source").open("wb") as sink:
        for _ in range(megabytes):
            sink.write(os.urandom(MB))
    return folder / "source"


def _report(megabytes: int, rows: list[tuple[float, float]]) -> None:
    mine, others = (megabytes / min(column) for column in zip(*rows, strict=True))
    print(
        f"{megabytes} MB up, best rounds: ours {mine:.0f} MB/s, sftp {others:.0f} MB/s, ratio {mine / others:.2f} (goal: at least 0.6)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="An upload through the live process against OpenSSH's sftp.")
    parser.add_argument("megabytes", type=int, nargs="?", default=200)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    with stage() as (live, address, headers, home, key):
        from machines.models import Machine

        port = Machine.objects.get().port_map["22"]
        file, small = _source(home.parent, wanted.megabytes), home.parent / "small"
        small.write_bytes(b"hello")
        asyncio.run(until(lambda: answers(live.port)))
        ours(live, address, headers, small)
        theirs(port, key, small)
        before, rows = peak_from_now(live), list[tuple[float, float]]()
        for _ in range(wanted.rounds):
            rows.append((ours(live, address, headers, file), theirs(port, key, file)))
            print(f"ours {rows[-1][0]:6.2f} s   sftp {rows[-1][1]:6.2f} s", flush=True)
        up = peak(live) - before
        seconds, sum_there = down(live, address, headers)
        assert sum_there == hashlib.sha256(file.read_bytes()).hexdigest()
        _report(wanted.megabytes, rows)
        print(
            f"memory of the live process at its peak: + {up:.1f} MB up, + {peak(live) - before:.1f} MB after a download (goal: 40)"
        )
        print(
            f"down: {wanted.megabytes / seconds:.0f} MB/s, the same SHA-256; processor time of live {live.seconds:.1f} s in all"
        )


if __name__ == "__main__":
    main()
