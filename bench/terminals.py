"""Measure terminals in the browser: what the live process adds to SSH, what they cost it, and how they bear a class and floods.

    python -m bench.terminals [TERMINALS] [--rounds N] [--seconds N] [--many N] [--part PART]     200, 5, 10 s, 1000; all parts

It starts a PostgreSQL and a Redis of its own, the live process as production does, an sshd for all guests (it says back what is
typed), one more for the first of them, and so many people with a machine. In a round a key is pressed once a second in each
terminal: first through the live process, then through bench.plain_bridge, then by bare asyncssh clients of the same guest.

Goals: echo: our best p95 at most 15 ms above the best bare one; 0.5 ms of the processor an echo, on a computer where it costs the plain
bridge 0.3 to 0.5. memory: 100 KB an idle terminal, 350
with a full ring. many: 150 MB with 1,000. class: 40 at once have a prompt within 6 s. floods: with `yes` in 20 the p95 of the 21st is
at most 50 ms higher, memory stays flat, Ctrl-C takes at most 1 s.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import quantiles
from typing import Any

from bench.live import Process
from bench.terminal_stage import Stage, stage_of
from bench.terminal_views import Bare, Screen, View, close_all, flood, open_all
from portal.live import freed_memory

PARTS = "echo", "memory", "many", "class", "floods"
CLASS, TRIES = 40, 3
FLOODS, FLOOD_SECONDS = 20, 10.0
GIVEN_BACK = freed_memory.SECONDS + 1  # after so many seconds what was freed is the system's again
PRESSES_A_SECOND = 10  # of the one beside the floods


async def echo(stage: Stage) -> None:
    """Let rounds of ours, of the plain bridge and of bare clients take turns."""
    process, places = stage.process, stage.places[: stage.wanted.terminals]
    async with stage.bridge() as bridge:
        views = await open_all(places)
        plain = await open_all([replace(place, port=bridge.port) for place in places])
        bare = [await Bare.opened(place, stage.key) for place in places]
        gc.collect()
        gc.freeze()
        ours_best, bare_best = [], []
        for _round in range(stage.wanted.rounds):
            ours, cost = await _costs(stage, process, views)
            _plain, plain_cost = await _costs(stage, bridge, plain)
            other, idle = await _costs(stage, process, bare)
            ours_best.append(_p95(ours))
            bare_best.append(_p95(other))
            print(
                f"ours {_said(ours)}; bare {_said(other)}; an echo costs {cost:.2f} ms of the processor, {cost - idle:.2f} more than idle, "
                f"and {plain_cost:.2f} on the plain bridge: {cost / plain_cost:.2f} times as much; load {os.getloadavg()[0]:.1f}"
            )
        more = min(ours_best) - min(bare_best)
        print(f"echo: our best p95 is {more:+.1f} ms from the best bare one (goal 15; an echo may cost 0.5 ms)")
        for one in bare:
            one.close()
        for view in plain:
            await view.hang_up()
        await close_all(views)


async def _costs(stage: Stage, process: Process, screens: Sequence[Screen]) -> tuple[list[float], float]:
    """Return the waits of a round in s, and what each press cost this process in ms of the processor."""
    before = process.seconds
    waits = await _round_of(screens, stage.wanted.seconds)
    return waits, 1000 * (process.seconds - before) / len(waits)


async def _round_of(screens: Sequence[Screen], seconds: float) -> list[float]:
    """Press a key once a second on each screen, spread over the second. Return how long each echo took."""

    async def one(place: int, screen: Screen) -> list[float]:
        due, waits = time.monotonic() + place / len(screens), []
        for _press in range(int(seconds)):
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            waits.append(await screen.echo())
            due += 1
        return waits

    rows = await asyncio.gather(*(one(place, screen) for place, screen in enumerate(screens)))
    return [wait for row in rows for wait in row]


async def memory(stage: Stage) -> None:
    process, number = stage.process, stage.wanted.terminals
    before = process.kilobytes
    views = await open_all(stage.places[:number])
    await asyncio.sleep(GIVEN_BACK)  # what the entries took meanwhile has been given back
    idle = process.kilobytes
    for view in views:
        await view.type(b"fill\r")
    await asyncio.gather(*(view.until(lambda view=view: view.count > 300_000) for view in views))
    await asyncio.sleep(GIVEN_BACK)  # buffers are as they stay
    full = process.kilobytes
    each, each_full = ((now - before) / number for now in (idle, full))
    print(
        f"memory: without terminals {before / 1000:.1f} MB; {number} cost {each:.1f} KB each (goal 100), with a full ring {each_full:.0f} KB (goal 350)"
    )
    await close_all(views)


async def many(stage: Stage) -> None:
    process, began = stage.process, time.monotonic()
    before, spent = process.kilobytes, process.seconds
    views = await open_all(stage.places[: stage.wanted.many])
    took, spent = time.monotonic() - began, process.seconds - spent
    await asyncio.sleep(GIVEN_BACK)  # what the entries took meanwhile has been given back
    after, idle = process.kilobytes, process.seconds
    await asyncio.sleep(10)  # is the time that is measured
    print(
        f"many: {len(views)} terminals: {after / 1000:.1f} MB (goal 150), {before / 1000:.1f} before; opened in {took:.0f} s by "
        f"{1000 * spent / len(views):.0f} ms of the processor each; idle they take {10 * (process.seconds - idle):.1f} % of one"
    )
    await close_all(views)


async def class_(stage: Stage) -> None:
    """Open the terminals of a class in one moment."""
    for _try in range(TRIES):
        views = [View(place) for place in stage.places[:CLASS]]
        began, spent = time.monotonic(), stage.process.seconds

        async def one(view: View) -> float:
            await view.open()
            await view.prompt()
            return time.monotonic() - began  # noqa: B023

        waits = sorted(await asyncio.gather(*map(one, views)))
        spent = stage.process.seconds - spent
        print(
            f"class: {CLASS} at once: the first has a prompt after {waits[0]:.2f} s, half after {waits[CLASS // 2]:.2f}, all after {waits[-1]:.2f} "
            f"(goal 6); {1000 * spent / CLASS:.0f} ms of the processor each; load {os.getloadavg()[0]:.1f}"
        )
        await close_all(views)


async def floods(stage: Stage) -> None:
    """Measure a terminal beside others that print without an end."""
    process = stage.process
    (view,) = await open_all(stage.places[:1])
    bare = await Bare.opened(view.place, stage.key)
    calm = await _press(view, 5)
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=flood, args=(stage.places[1 : FLOODS + 1], theirs))
    child.start()
    assert await asyncio.to_thread(ours.recv) == "runs"
    await asyncio.sleep(2)  # buffers are as they stay
    before = process.kilobytes
    pressing = asyncio.gather(_press(view, FLOOD_SECONDS), _press(bare, FLOOD_SECONDS))
    spent, seen = process.seconds, []
    while not pressing.done():
        seen.append(process.kilobytes)
        await asyncio.sleep(0.2)
    spent = process.seconds - spent
    ours.send("stop")
    stopped, count = await asyncio.to_thread(ours.recv)
    wild, wild_bare = pressing.result()
    print(
        f"floods: alone {_said(calm)}, beside {FLOODS} floods {_said(wild)} (goal +50), bare {_said(wild_bare)}; {before / 1000:.1f} MB at first, at most "
        f"{max(seen) / 1000:.1f} in {FLOOD_SECONDS:.0f} s; {count / 1e6:.0f} MB shown, {100 * spent / FLOOD_SECONDS:.0f} % of a processor; "
        f"Ctrl-C within {max(stopped):.2f} s (goal 1); "
        f"load {os.getloadavg()[0]:.1f}"
    )
    await asyncio.to_thread(child.join)
    bare.close()
    await close_all([view])


async def _press(view: Screen, seconds: float) -> list[float]:
    waits = []
    for _press in range(int(seconds * PRESSES_A_SECOND)):
        waits.append(await view.echo())
        await asyncio.sleep(1 / PRESSES_A_SECOND)
    return waits


def _p95(waits: Sequence[float]) -> float:
    return 1000 * quantiles(waits, n=20)[-1]


def _said(waits: Sequence[float]) -> str:
    return f"p50 {1000 * quantiles(waits, n=2)[0]:.1f}, p95 {_p95(waits):.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("terminals", nargs="?", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; may be said twice")
    wanted = parser.parse_args()
    works = {"echo": echo, "memory": memory, "many": many, "class": class_, "floods": floods}
    with stage_of(wanted, max(wanted.terminals, wanted.many, CLASS, FLOODS + 1)) as stage:
        for name in wanted.part or PARTS:
            asyncio.run(_part(stage, works[name]))


async def _part(stage: Stage, work: Any) -> None:
    await stage.ready()
    await work(stage)


if __name__ == "__main__":
    main()
