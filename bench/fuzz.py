"""python -m bench.fuzz [--seconds N] [--gateway openssh|embedded] [--seed N]: does a stream stay whole beside mad visitors?

Visitors and targets reset, half-close, hang up, dawdle, flood and talk garbage, in any order, for a minute. A second pair beside
them carries a known stream. Fails when one byte of that is wrong, or when the agent had to connect to its gateway again.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.tunnels.agent_stage import SSHD, Stage, staged
from tests.tunnels.fuzz import Crowd, MadTarget, Steady
from tests.waiting import until

PORTS = 4  # of mad targets


def open_ports(stage: Stage, seed: int) -> tuple[int, list[int]]:
    """Open the port of the stream, and those behind which nothing can be relied on."""
    _key, port = stage.opened()
    targets = [MadTarget(seed + number) for number in range(PORTS)]
    keys = [stage.portal.wish(port + 1 + n, target.port, probe=False) for n, target in enumerate(targets)]
    until(lambda: stage.portal.is_open(*keys))
    return port, [port + 1 + number for number in range(PORTS)]


def fuzz(seconds: float, kind: str, seed: int) -> int:
    """Disturb the stream. Return how often the agent had to connect anew."""
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder), kind, PORTS + 1) as stage:
        port, ports = open_ports(stage, seed)
        with Steady(port) as steady, Crowd(ports, seed, at_once=24) as crowd:
            until_then = time.monotonic() + seconds
            while time.monotonic() < until_then:
                steady.go()
        links = stage.agent.said().count("connected to gateway") - 1
        survived = sum(report["mishaps"]["faults"] for report in stage.portal.reports)
        print(f"{crowd.visits} mad visits in {seconds:.0f} s, {crowd.refused} refused; {survived} exceptions survived")
        print(f"the stream beside them: {steady.passed / 1e6:.1f} MB, whole; connections to the gateway lost: {links}")
        return links


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--gateway", choices=["openssh", "embedded"], default="openssh" if SSHD else "embedded")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    wish = parser.parse_args()
    print(f"gateway: {wish.gateway}, --seed {wish.seed}")
    sys.exit(1 if fuzz(wish.seconds, wish.gateway, wish.seed) else 0)


if __name__ == "__main__":
    main()
