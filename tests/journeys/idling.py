"""Machines that nobody uses, with a policy of seconds: what is done with them, seen from outside. For both clouds.

Most of it is waiting, so three people's machines wait side by side, each in its own thread. The policy counts once all three have
begun: until then nobody is asked, however slowly a guest of a busy computer boots.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tests.journeys.stack import Person, Stack, make_key, ssh, wait_for
from tests.machines.idle.guest import terminal
from tests.waiting import PATIENCE
from tunnels.agent import relay

# Much more than the 10 s after which a load that was not heard is unknown: on a busy computer a guest that computes gets little for seconds.
IDLE_MINUTES = 0.4
# By template. Who goes on working has minutes, of which none is waited for: agents tell what passed every ten seconds only.
ASK_MINUTES = {"first-steps": 0.5, "web-lab": 3.0}
# For one second of four, which is as long as a look at its load: an emulated guest that never rests takes a whole processor from the other tests.
COMPUTES = "while :; do timeout 1 sh -c 'while :; do :; done'; sleep 3; done"
BUSY_SECONDS = 2 * 60 * IDLE_MINUTES  # twice what makes a quiet one be asked about
# After the portal has noted its line, bytes are taken for that line's for ten; agents tell whole seconds.
ECHO_SECONDS = 12
BRIEF_SECONDS = relay.BRIEF_SECONDS + 2  # what passes in a younger connection may be a scanner's
BEGIN_SECONDS = 600  # until all guests are up


class Question(NamedTuple):
    asked_at: datetime
    ends_at: datetime | None
    closed_at: datetime | None
    outcome: str


class Idler:
    """A person's machine, of one template. `all_have_begun` waits for the machines of the others; the policy counts from then on."""

    def __init__(
        self, minga: Stack, name: str, template: str, folder: Path, all_have_begun: Callable[[], None]
    ) -> None:
        self.minga, self.student, self.key = minga, Person(minga, name), make_key(folder, name)
        self.all_have_begun = all_have_begun
        for key in self.student.call("GET", "keys/").json():
            self.student.call("DELETE", f"keys/{key['id']}/")  # a small guest takes one
        public = self.key.with_name(f"{name}.pub").read_text()
        self.student.call("POST", "keys/", json={"name": "idle", "public_key": public})
        self.answer = timedelta(minutes=ASK_MINUTES[template])
        self.pk = self.student.launch(name="sloth", template=template)["id"]

    def leave(self) -> None:
        self.student.call("DELETE", f"machines/{self.pk}/")
        self.student.until(self.pk, "gone")

    @property
    def door(self) -> dict[str, Any]:
        access: list[dict[str, Any]] = self.student.machine(self.pk)["access"]
        return next(door for door in access if door["scheme"] == "ssh")

    def ran(self, command: str) -> str:
        door = self.door
        done = ssh(door["port"], self.key, command, user=door["user"], seconds=150)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def state(self) -> str:
        return str(self.student.machine(self.pk)["state"])

    def questions(self) -> list[Question]:
        columns = "asked_at, ends_at, closed_at, outcome"
        found = f"SELECT {columns} FROM machines_ask WHERE machine_id = %s AND kind = 'sleep' ORDER BY id"
        return [Question(*row) for row in self._rows(found)]

    def told(self) -> dict[str, str]:
        """The state of each channel of the last question."""
        found = (
            "SELECT n.channel, n.state FROM accounts_notice n JOIN machines_ask a ON n.about = 'ask:' || a.id "
            "WHERE a.machine_id = %s ORDER BY a.id, n.id"
        )
        return dict(self._rows(found))

    def _rows(self, query: str) -> list[Any]:
        with psycopg.connect(self.minga.database_url) as database:
            return list(database.execute(query, [self.pk]))

    def why(self) -> str:
        """The facts that explain why a machine is not asked about, for a failed test's message."""
        return str(self._rows("SELECT * FROM machines_activity WHERE machine_id = %s"))

    def is_heard_at_work(self) -> None:
        began, query = time.time(), "SELECT extract(epoch FROM cpu_at) FROM machines_activity WHERE machine_id = %s"

        def is_heard() -> bool:
            return any(at and at > began for (at,) in self._rows(query))

        wait_for(is_heard, 2 * PATIENCE, "its load is heard", say=self.why)

    def is_asked(self) -> None:
        wait_for(self.questions, 3 * PATIENCE, "it is asked about", say=self.why)


def sleeps_and_is_woken(idler: Idler) -> None:
    """Idle, asked, silence, suspended; ssh to the same port is held, and in: with the same process still running."""
    process = idler.ran("sleep 7777 > /dev/null 2>&1 & echo $!")
    idler.all_have_begun()
    idler.is_asked()
    wait_for(
        lambda: idler.told().get("mail") == "delivered", PATIENCE, "its owner has a mail", say=lambda: str(idler.told())
    )
    idler.student.until(idler.pk, "suspended")
    [question] = idler.questions()
    assert question.outcome == "silence"
    assert question.ends_at
    assert question.closed_at
    assert question.asked_at + idler.answer <= question.ends_at <= question.closed_at
    history = idler.student.call("GET", f"machines/{idler.pk}/events/").text
    assert "nobody answered" in history
    wait_for(lambda: idler.door["state"] == "held", PATIENCE, "its port is held")
    assert "7777" in idler.ran(f"tr '\\0' ' ' < /proc/{process}/cmdline")
    idler.student.until(idler.pk, "running")
    assert "connection from" in idler.student.call("GET", f"machines/{idler.pk}/events/").text


def works_and_is_left_alone(idler: Idler) -> None:
    """A computation without any connection; when it is over, its owner is asked."""
    busy = idler.ran(f"({COMPUTES}) < /dev/null > /dev/null 2>&1 & echo $!")
    idler.is_heard_at_work()
    idler.all_have_begun()
    time.sleep(BUSY_SECONDS)  # the claim is that nothing happens meanwhile
    assert idler.questions() == []
    assert idler.state == "running"
    idler.ran(f"kill {busy}")
    idler.is_asked()


def is_asked_and_not_cut(idler: Idler) -> None:
    asyncio.run(_is_asked_and_not_cut(idler))


async def _is_asked_and_not_cut(idler: Idler) -> None:
    """A session in which nobody types gets a line and lives; who goes on working after it is not put to sleep."""
    door = await asyncio.to_thread(lambda: idler.door)
    async with terminal("127.0.0.1", door["port"], idler.key, door["user"], command=None) as session:
        began = time.monotonic()
        session.process.stdin.write("echo ready-$((1+1))\n")  # prompts differ
        assert await session.shows("ready-2"), session.seen
        await asyncio.to_thread(idler.all_have_begun)
        assert await session.shows("Minga: ", 3 * PATIENCE), idler.why()
        await asyncio.to_thread(
            wait_for, lambda: idler.told().get("terminal") == "delivered", PATIENCE, "the line is noted"
        )
        # Sooner it would be taken for the echo of our line, or for a scanner's knock.
        await asyncio.sleep(max(ECHO_SECONDS, began + BRIEF_SECONDS - time.monotonic()))
        session.process.stdin.write("echo still-$((40+2)); seq 1 2000 | tail -n 400\n")
        assert await session.shows("still-42")
        await asyncio.to_thread(
            wait_for, lambda: idler.questions()[-1].closed_at, 2 * PATIENCE, "the question is closed"
        )
    questions = await asyncio.to_thread(idler.questions)
    assert questions[0].outcome == "active", (questions, await asyncio.to_thread(idler.told), session.seen)
    assert await asyncio.to_thread(lambda: idler.told()["terminal"]) == "delivered"
    assert await asyncio.to_thread(lambda: idler.state) == "running"


Scene = Callable[[Idler], None]
# Whose machine, of which template.
SCENES: tuple[tuple[Scene, str, str], ...] = (
    (sleeps_and_is_woken, "student", "first-steps"),
    (works_and_is_left_alone, "student2", "first-steps"),
    (is_asked_and_not_cut, "donor", "web-lab"),
)


class SideBySide:
    """The three scenes at once; what came of each is kept for a test of its own."""

    def __init__(self, minga: Stack, folder: Path) -> None:
        self.minga, self.folder = minga, folder
        self.begun = threading.Barrier(len(SCENES), action=self._set_policies)
        self.faults: dict[Scene, BaseException | None] = {}

    def play(self) -> "SideBySide":
        with ThreadPoolExecutor(len(SCENES)) as threads:
            played = {part[0]: threads.submit(self._play, *part) for part in SCENES}
        self._clear_policies()
        self.faults = {scene: future.exception() for scene, future in played.items()}
        return self

    def must_hold(self, scene: Scene) -> None:
        """Raises what the scene raised."""
        if (fault := self.faults[scene]) is not None:
            raise fault

    def _play(self, scene: Scene, name: str, template: str) -> None:
        begin = Once(lambda: self.begun.wait(BEGIN_SECONDS))
        try:
            idler = Idler(self.minga, name, template, self.folder, begin)
            try:
                idler.student.until(idler.pk, "running", BEGIN_SECONDS)
                scene(idler)
            finally:
                idler.leave()
        finally:
            begin()  # whoever failed before must not keep the others waiting

    def _set_policies(self) -> None:
        for template, ask in ASK_MINUTES.items():
            times = {"idle_minutes": IDLE_MINUTES, "ask_minutes": ask}
            self._set(template, times | {"first_minutes": IDLE_MINUTES, "first_ask_minutes": ask})

    def _clear_policies(self) -> None:
        for template in ASK_MINUTES:
            self._set(template, {})

    def _set(self, template: str, policy: dict[str, float]) -> None:
        with psycopg.connect(self.minga.database_url) as database:
            database.execute("UPDATE courses_template SET idle = %s WHERE slug = %s", [json.dumps(policy), template])


class Once:
    """A callable that acts at its first call only."""

    def __init__(self, do: Callable[[], Any]) -> None:
        self._todo = [do]

    def __call__(self) -> None:
        if self._todo:
            self._todo.pop()()
