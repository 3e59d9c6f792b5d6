"""Measure how fast notices go out by mail, and count those that go out twice when the worker is killed.

    python -m bench.notices [NOTICES] [--kills N] [--workers N]        1000, 5 kills, 1 worker

It starts an empty PostgreSQL of its own, which waits for the disk as in production, and a mail server on loopback. People are asked
about idle machines, each about one, so that a mail costs what a real one does: its question is read, two templates are rendered,
"sending" is committed before the hand-over and "delivered" after it. Workers are processes that do what Celery's do: a turn of
accounts.notices.mail every now and then.

First all notices go out undisturbed. Then once more, and at N random moments a worker gets kill -9 and is started again. At the
end the mails that came are counted by person. A mail in doubt (its worker died between "sending" and "delivered") may have come
once or not at all, never twice: at most one for each kill. The goal is 1,000 in 60 s.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from bench.idle import database
from deploy.local import free_ports

HERE = "127.0.0.1"
GIVE_UP = 600.0  # seconds for one run


class Server:
    """A mail server that counts what came, by recipient."""

    def __init__(self) -> None:
        self.came: Counter[str] = Counter()
        self.port = free_ports.free_port()
        self.controller = Controller(self, hostname=HERE, port=self.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.came.update(envelope.rcpt_tos)
        return "250 OK"

    @contextmanager
    def listening(self) -> Iterator[int]:
        self.controller.start()
        try:
            yield self.port
        finally:
            self.controller.stop()


def fill(number: int) -> None:
    """Insert so many people with a proven address, each asked about a machine."""
    from allauth.account.models import EmailAddress
    from django.utils import timezone

    from accounts.models import User
    from bench.idle import _tables, _templates
    from lib.notes import Note
    from machines.idle import questions
    from machines.models import Activity, Machine

    for model in _tables():
        model.objects.all().delete()
    now = timezone.now()
    people = User.objects.bulk_create(User(username=f"s{n}", email=f"s{n}@example.org") for n in range(number))
    EmailAddress.objects.bulk_create(EmailAddress(user=p, email=p.email, verified=True, primary=True) for p in people)
    template = _templates(now)[0]
    facts = {"template": template, "state": "running", "wanted": "running"}
    rows = (Machine(owner=p, name=p.username, server_id=f"server-{p.username}", **facts) for p in people)
    machines = Machine.objects.bulk_create(rows)
    Activity.objects.bulk_create(Activity(machine=machine) for machine in machines)
    for machine in machines:
        questions.ask(machine=machine, kind="sleep", why=Note("Idle."), now=now)


class Workers:
    """Processes that send; one can be killed, and another takes its place."""

    def __init__(self, count: int) -> None:
        self.running = [self._start() for _n in range(count)]

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-m", "bench.notices", "--be-a-worker"])

    def kill_one(self) -> None:
        victim = self.running.pop(0)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        self.running.append(self._start())

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()


def be_a_worker() -> None:
    import django

    django.setup()
    from django.utils import timezone

    from accounts.notices import mail

    while True:
        mail.send_due(timezone.now())
        time.sleep(0.2)


def counts() -> Counter[str]:
    from accounts.models import Notice

    return Counter(Notice.objects.filter(channel="mail").values_list("state", flat=True))


def run(number: int, workers: int, kills: int, server: Server) -> None:
    from django.utils import timezone

    from accounts.notices import outbox

    fill(number)
    server.came.clear()
    team = Workers(workers)
    at = sorted(random.sample(range(number // 10, number * 9 // 10), kills))
    try:
        seconds = _follow(team, server, at)
    finally:
        team.end()
    outbox.give_up_lost("mail", timezone.now() + 2 * outbox.LOST_AFTER)  # as it would be five minutes later
    states = counts()
    twice = sum(count > 1 for count in server.came.values())
    rate = f"{number} in {seconds:.1f} s ({number / seconds:.0f} a second)" if seconds else "nothing came"
    print(
        f"{workers} worker(s), {kills} kill(s): {rate}; {len(server.came)} came, {twice} of them twice; {dict(states)}"
    )
    missing = number - len(server.came) - states["failed"]
    if twice or missing > 0 or states["failed"] > kills:
        raise SystemExit("WRONG: a mail came twice, or was lost without a word.")


def _follow(team: Workers, server: Server, kill_at: list[int]) -> float:
    """Return the seconds from the first mail to the last, with the kills on the way."""
    began: float | None = None
    deadline = time.monotonic() + GIVE_UP
    while time.monotonic() < deadline:
        came = server.came.total()
        if came and began is None:
            began = time.monotonic()
        if kill_at and came >= kill_at[0]:
            kill_at.pop(0)
            team.kill_one()
        if not counts()["due"] and not _is_sending_now():
            break
        time.sleep(0.02)
    return time.monotonic() - (began or deadline)


def _is_sending_now() -> bool:
    from datetime import timedelta

    from django.utils import timezone

    from accounts.models import Notice

    return Notice.objects.filter(state="sending", claimed_at__gt=timezone.now() - timedelta(seconds=2)).exists()


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast notices go out by mail, also when the worker is killed.")
    parser.add_argument("notices", type=int, nargs="?", default=1000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--be-a-worker", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.be_a_worker:
        return be_a_worker()
    server = Server()
    with tempfile.TemporaryDirectory(prefix="minga-notices-", dir="/tmp") as folder, server.listening() as port:
        Path(folder).chmod(0o755)
        os.environ.update(EMAIL_URL=f"smtp://{HERE}:{port}", PORTAL_URL="https://labs.example.org")
        with database(Path(folder), careless=False):
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            print(f"{os.cpu_count()} processors, {subprocess.getoutput('uptime').split('load')[-1]}", flush=True)
            run(asked.notices, asked.workers, 0, server)
            run(asked.notices, max(asked.workers, 1), asked.kills, server)
            run(asked.notices, 3, asked.kills, server)


if __name__ == "__main__":
    main()
