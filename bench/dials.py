"""Measure dialed connections: the portal asks, the agent connects, the live process joins the two (docs/adr/0077).

    python -m bench.dials [DIALS] [--at-once N]        100 one after the other, then 50 at once

This starts an empty PostgreSQL and a Redis of its own, the site, the live process, an embedded VPS and the real agent. Two ports of this
computer stand for guests: one echoes, at the other nobody listens. The time of a dial is that of all its parts: the portal asks, the
agent learns of it and connects, a word goes there and back, the connection is closed.

Goals: the median is below 0.3 s, within which the agent is to learn of a dial; 50 are open at once; a closed port is refused within 3 s.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.idle import database
from bench.live import broker
from deploy.local import free_ports

WORD = b"hello"
CLOSED_DIALS = 5


@contextmanager
def stage() -> Iterator[Any]:
    """Yield a tests.tunnels.dial_stage.DialStage on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="minga-dials-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with database(folder), broker(folder) as redis:
            os.environ["REDIS_URL"] = redis
            import django

            django.setup()
            from django.conf import settings
            from django.core.management import call_command

            from accounts.models import User
            from tests.live.process import LiveProcess
            from tests.tunnels.agent_stage import Vps
            from tests.tunnels.dial_stage import PORTS, dial_stage

            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            (folder / "gateway").mkdir()
            vps, live = Vps(folder / "gateway", "embedded", PORTS), LiveProcess()
            # Guests that only the agent reaches.
            settings.CLOUD, settings.LIVE_INSIDE, settings.ALLOWED_HOSTS = "openstack", live.url, ["*"]
            try:
                with dial_stage(vps, folder, live, User.objects.create_user("student")) as ready:
                    yield ready
            finally:
                live.stop()
                vps.program.kill()


def seconds_of(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def all_at_once(tunnel: Any, number: int) -> float:
    """Return the seconds that `number` dials take. All are open at the same time before the first sends a word."""
    from tests.tunnels.dial_stage import echo_of
    from tunnels.dialing import connected, way_to

    ways = [way_to(tunnel_id=tunnel.pk, by=None) for _ in range(number)]
    there = asyncio.Barrier(number)

    async def one(way: Any) -> bytes:
        async with connected(way) as sock:
            await there.wait()
            return await echo_of(WORD)(*await asyncio.open_connection(sock=sock))

    async def go() -> list[bytes]:
        return list(await asyncio.gather(*map(one, ways)))

    began = time.monotonic()
    answers = asyncio.run(go())
    assert answers == [WORD] * number
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="Dialed connections through the real agent and the live process.")
    parser.add_argument("dials", type=int, nargs="?", default=100)
    parser.add_argument("--at-once", type=int, default=50)
    wanted = parser.parse_args()
    with stage() as ready:
        from tests.tunnels.dial_stage import as_worker, echo_of
        from tests.tunnels.targets import Target
        from tunnels.dialing import DialFailed

        echo = Target()
        tunnel, closed = ready.tunnel(echo.port), ready.tunnel(free_ports.free_port())

        def refused() -> None:
            try:
                as_worker(closed, echo_of(WORD))
            except DialFailed:
                return
            raise AssertionError("a closed port was connected")

        as_worker(tunnel, echo_of(WORD))  # warms up what is started only once
        waits = sorted(seconds_of(lambda: as_worker(tunnel, echo_of(WORD))) for _ in range(wanted.dials))
        print(
            f"{wanted.dials} dials, one after the other: median {1000 * statistics.median(waits):.0f} ms, most {1000 * waits[-1]:.0f} ms (goal: 300)"
        )
        print(f"{wanted.at_once} at once, open together: {all_at_once(tunnel, wanted.at_once):.2f} s")
        said = max(seconds_of(refused) for _ in range(CLOSED_DIALS))
        print(f"a closed port: at most {said:.2f} s of {CLOSED_DIALS} (goal: 3)")
        echo.close()


if __name__ == "__main__":
    main()
