"""Measure what open pages cost the live process, and how they come back after a restart.

    python -m bench.live [PAGES] [--seconds N] [--all]        500 pages, 20 s; --all: each event reaches every page

It starts a PostgreSQL and a Redis of its own, the live process as production does, and so many people with a machine, each with a
page open. The pages are sockets of this process, and come back as static/js/events.js does: when they were told to (a restart in
good order), or at a time of their own within 6 s, then later and later (kill -9).

Goals: at most 20 KB a page; 0 threads and 0 connections to the database more; at most 0.2 of a processor at 10 events a second;
all back within 10 s after a restart, at most 50 a second; at most 80 MB without pages.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.idle import database
from deploy.local import child, free_ports
from deploy.local.redis import Redis

EVENTS_A_SECOND = 10


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    server = Redis(folder / "redis", free_ports.free_port(), "bench")
    server.prepare()
    program = child.Program("redis", server.command())
    process = child.start(program, log=folder / "redis.log", pidfile=folder / "redis.pid")
    try:
        yield server.url
    finally:
        child.end(process, program, pidfile=folder / "redis.pid")


class Process:
    """A server that is measured. `line`: a module and its arguments; the live process where nothing is said."""

    def __init__(self, port: int, *line: str) -> None:
        self.port, self.line = port, line or ("portal.live", "--host", "127.0.0.1", "--port", str(port))
        self.start()

    def start(self) -> None:
        line = [sys.executable, "-m", *self.line]
        self.process = subprocess.Popen(line, env={**os.environ, "DB_POOL": "on"}, stderr=subprocess.DEVNULL)
        self.facts = psutil.Process(self.process.pid)

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)

    @property
    def kilobytes(self) -> int:
        return int(self.facts.memory_info().rss // 1000)

    @property
    def seconds(self) -> float:
        return sum(self.facts.cpu_times()[:2])


class Page:
    """A browser with its stream."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port, self.cookie = port, cookie
        self.is_open, self.heard = False, 0
        self.back_at, self.retry_seconds, self.soon = 0.0, 0.0, 0

    async def live(self) -> None:
        tries = 0
        await asyncio.sleep(random.uniform(0, 8))  # people do not come all at once
        while True:
            self.retry_seconds = 0.0
            try:
                await self._read()
            except OSError:
                pass
            tries = 0 if self.is_open else tries
            self.is_open = False
            own = random.uniform(1.0 if tries else 0.2, 6.0 if tries < 2 else 10.0 if tries < 4 else 30.0)
            own = random.uniform(0.3, 1.5) if self.soon else own
            self.soon = 2 if self.retry_seconds else max(0, self.soon - 1)
            await asyncio.sleep(self.retry_seconds or own)
            tries += 1

    async def _read(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"GET /live/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nCookie: {self.cookie}\r\n\r\n"
        writer.write(head.encode())
        try:
            while line := await reader.readline():
                if line.startswith(b"event: state"):
                    self.is_open, self.back_at, self.soon = True, time.monotonic(), 0
                self.heard += line.startswith(b"event: change")
                if line.startswith(b"data: restart "):
                    self.retry_seconds = int(line.split()[2]) / 1000
        finally:
            writer.close()


def fill(pages: int, *, all_see: bool) -> list[str]:
    """Create `pages` people with a machine each, and return their cookies."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from accounts.models import User
    from machines.models import Machine
    from tests.factories import make_template

    roles = ["admin"] if all_see else ["student"]
    people = User.objects.bulk_create(User(username=f"s{n}", password="!", roles=roles) for n in range(pages))
    template = make_template()
    Machine.objects.bulk_create(Machine(owner=p, template=template, name="m", state="running") for p in people)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    cookies = []
    for person in people:
        session = store()
        session.update(
            {
                SESSION_KEY: str(person.pk),
                BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
                HASH_SESSION_KEY: person.get_session_auth_hash(),
            }
        )
        session.create()
        cookies.append(f"{settings.SESSION_COOKIE_NAME}={session.session_key}")
    return cookies


def connections() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


async def until(true: Any, seconds: float = 60) -> float:
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > seconds:
            raise SystemExit("The pages did not come.")
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def measure(process: Process, cookies: list[str], seconds: float) -> None:
    from asgiref.sync import sync_to_async

    ask = sync_to_async(connections)
    await until(lambda: answers(process.port))
    warm = [Page(process.port, cookie) for cookie in cookies[:5]]
    early = [asyncio.create_task(page.live()) for page in warm]
    await until(lambda: all(page.is_open for page in warm))
    await asyncio.sleep(3)  # in which rights are looked at twice: both threads and the pool are as they stay
    before = process.kilobytes, process.facts.num_threads(), await ask()
    print(f"without pages: {before[0] / 1000:.1f} MB (goal 80), {before[1]} threads, {before[2]} connections")
    pages = [Page(process.port, cookie) for cookie in cookies]
    tasks = [asyncio.create_task(page.live()) for page in pages]
    took = await until(lambda: all(page.is_open for page in pages))
    await asyncio.sleep(5)  # what the entries took meanwhile has been given back
    after = process.kilobytes, process.facts.num_threads(), await ask()
    print(
        f"{len(pages)} pages came in {took:.1f} s: {(after[0] - before[0]) / len(pages):.1f} KB each (goal 20), "
        f"{after[1] - before[1]} threads and {after[2] - before[2]} connections more (goal 0)"
    )
    await _events(process, pages, seconds)
    for task in early:
        task.cancel()
    await _restart(process, pages, "a restart", process.end)
    await _restart(process, pages, "kill -9", process.kill)
    for task in tasks:
        task.cancel()


async def _events(process: Process, pages: list[Page], seconds: float) -> None:
    from asgiref.sync import sync_to_async

    from lib import events
    from machines.models import Machine

    machines = await sync_to_async(lambda: list(Machine.objects.values_list("pk", flat=True)))()
    heard, spent, began = sum(page.heard for page in pages), process.seconds, time.monotonic()
    sent = 0
    while time.monotonic() - began < seconds:
        await sync_to_async(events.publish)("machine", random.choice(machines))
        sent += 1
        await asyncio.sleep(max(0.0, began + sent / EVENTS_A_SECOND - time.monotonic()))
    took = time.monotonic() - began
    await asyncio.sleep(1)  # the last event is on its way
    heard = sum(page.heard for page in pages) - heard
    print(
        f"{sent / took:.1f} events a second: {(process.seconds - spent) / took:.3f} of a processor (goal 0.2); "
        f"{sent} sent, {heard} heard by pages, {process.kilobytes / 1000:.1f} MB"
    )


async def _restart(process: Process, pages: list[Page], what: str, end: Callable[[], None]) -> None:
    await asyncio.to_thread(end)
    await until(lambda: not any(page.is_open for page in pages))
    process.start()
    await until(lambda: answers(process.port))
    began = time.monotonic()
    took = await until(lambda: all(page.is_open for page in pages))
    each = Counter(int(page.back_at - began) for page in pages)
    print(f"after {what} all were back in {took:.1f} s (goal 10), at most {max(each.values())} in one second (goal 50)")


def answers(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="?", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--all", action="store_true", help="each event reaches every page")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, database(Path(folder)), broker(Path(folder)) as url:
        os.environ["REDIS_URL"] = url
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        cookies = fill(wanted.pages, all_see=wanted.all)
        process = Process(free_ports.free_port())
        try:
            asyncio.run(measure(process, cookies, wanted.seconds))
        finally:
            process.end()


if __name__ == "__main__":
    main()
