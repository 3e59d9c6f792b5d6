"""python bench/tunnels.py [--ports N] [--megabytes N]: how fast ports open, what they cost, how much passes through one.

In front of a real sshd on loopback; the same bytes go through a plain `ssh -R` to the same sshd, for comparison.
"""

import argparse
import contextlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from bench import needs
from tests.tunnels.agent_stage import Stage, is_listening, staged
from tests.tunnels.targets import HERE
from tests.waiting import until

CHUNK = bytes(1 << 20)


def source(megabytes: int) -> int:
    """Open a port that sends so much to everybody and hangs up."""
    server = socket.create_server((HERE, 0))

    def serve() -> None:
        while True:
            visitor, _address = server.accept()
            with contextlib.suppress(OSError), visitor:
                for _number in range(megabytes):
                    visitor.sendall(CHUNK)

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


def megabytes_per_second(port: int) -> float:
    buffer, read, began = bytearray(1 << 20), 0, time.monotonic()
    with socket.create_connection((HERE, port)) as visit:
        while count := visit.recv_into(buffer):
            read += count
    return read / (1 << 20) / (time.monotonic() - began)


def memory_mb(stage: Stage) -> float:
    return psutil.Process(stage.agent.process.pid).memory_info().rss / (1 << 20)


def cpu_seconds(stage: Stage) -> float:
    """Return the processor time of the agent: wall times mean little on a computer with other work."""
    times = psutil.Process(stage.agent.process.pid).cpu_times()
    return float(times.user + times.system)


def open_many(stage: Stage, many: int, target: int) -> None:
    before, spent = memory_mb(stage), cpu_seconds(stage)
    with stage.portal.news:  # one revision, as after a start of the agent
        keys = [stage.portal.wish(stage.first + number, target) for number in range(many)]
    began = time.monotonic()
    until(lambda: stage.portal.is_open(*keys))
    took = time.monotonic() - began
    memory = f"agent {before:.0f} MB before, {memory_mb(stage):.0f} MB after"
    print(
        f"{many} ports: open and reported after {took:.2f} s, {cpu_seconds(stage) - spent:.2f} s of the processor; {memory}"
    )


def compare(stage: Stage, number: int, target: int) -> None:
    port, folder = stage.first + number, stage.folder / "vps"
    command = [
        "ssh",
        "-F",
        "none",
        "-N",
        "-i",
        folder / "agent_key",
        "-p",
        str(stage.vps_port),
        "-o",
        "StrictHostKeyChecking=no",
    ]
    command += ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-R", f"{HERE}:{port}:{HERE}:{target}"]
    plain = subprocess.Popen([*command, f"{stage.portal.gateway['user']}@{HERE}"])
    until(lambda: is_listening(port))
    time.sleep(1)  # the visit that found it listening is served first
    for turn in range(3):
        spent = cpu_seconds(stage)
        ours = megabytes_per_second(stage.first)
        spent = cpu_seconds(stage) - spent
        theirs = megabytes_per_second(port)
        ratio = f"ratio {ours / theirs:.2f}"
        print(
            f"turn {turn + 1}: agent {ours:.0f} MB/s ({spent:.2f} s of the processor), ssh -R {theirs:.0f} MB/s, {ratio}"
        )
    print(f"agent {memory_mb(stage):.0f} MB after it")
    plain.terminate()
    plain.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ports", type=int, default=1000)
    parser.add_argument("--megabytes", type=int, default=200)
    wish = parser.parse_args()
    needs.tools("sshd", "ssh", "ssh-keygen")
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder), "openssh", wish.ports + 1) as stage:
        target = source(wish.megabytes)
        open_many(stage, wish.ports, target)
        compare(stage, wish.ports, target)


if __name__ == "__main__":
    main()
