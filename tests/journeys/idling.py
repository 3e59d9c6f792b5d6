"""A machine that nobody uses, with a policy of seconds: what is done with it, seen from outside. For both clouds."""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tests.journeys.stack import Person, Stack, make_key, ssh, wait_for
from tests.machines.idle.guest import terminal

ASK_MINUTES = 0.75
POLICY = {"idle_minutes": 0.4, "ask_minutes": ASK_MINUTES, "first_minutes": 0.4, "first_ask_minutes": ASK_MINUTES}
BUSY_SECONDS = 75  # three times what makes a quiet one be asked about
ECHO_SECONDS = 13  # a line of our own is taken for no work for ten; agents tell whole seconds


class Question(NamedTuple):
    asked_at: datetime
    ends_at: datetime | None
    closed_at: datetime | None
    outcome: str


class Idler:
    """A student's machine whose template has that policy."""

    def __init__(self, minga: Stack, folder: Path) -> None:
        self.minga, self.student, self.key = minga, Person(minga, "student"), make_key(folder)
        for key in self.student.call("GET", "keys/").json():
            self.student.call("DELETE", f"keys/{key['id']}/")  # a small guest takes one
        public = self.key.with_name("key.pub").read_text()
        self.student.call("POST", "keys/", json={"name": "idle", "public_key": public})
        self._policy(POLICY)
        self.pk = self.student.launch(name="sloth")["id"]
        self.student.until(self.pk, "running", 300)

    def leave(self) -> None:
        self._policy({})
        self.student.call("DELETE", f"machines/{self.pk}/")
        self.student.until(self.pk, "gone", 120)

    def _policy(self, idle: dict[str, float]) -> None:
        self.minga.django(f"from courses.models import Template; Template.objects.update(idle={idle!r})")

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
        """What has become of each channel of the last question."""
        found = (
            "SELECT d.channel, d.state FROM machines_delivery d JOIN machines_ask a ON a.id = d.ask_id "
            "WHERE a.machine_id = %s ORDER BY a.id, d.id"
        )
        return dict(self._rows(found))

    def _rows(self, query: str) -> list[Any]:
        with psycopg.connect(self.minga.database_url) as database:
            return list(database.execute(query, [self.pk]))

    def why(self) -> str:
        """For whoever wonders why it is not asked about."""
        return str(self._rows("SELECT * FROM machines_activity WHERE machine_id = %s"))

    def is_asked(self) -> None:
        wait_for(self.questions, 120, "it is asked about", say=self.why)


def sleeps_and_is_woken(idler: Idler) -> None:
    """Idle, asked, silence, suspended; ssh to the same port is held, and in: with the same process still running."""
    process = idler.ran("sleep 7777 > /dev/null 2>&1 & echo $!")
    idler.is_asked()
    wait_for(lambda: idler.told().get("mail") == "sent", 30, "its owner has a mail", say=lambda: str(idler.told()))
    idler.student.until(idler.pk, "suspended", 180)
    [question] = idler.questions()
    assert question.outcome == "silence"
    assert question.ends_at
    assert question.closed_at
    assert question.asked_at + timedelta(minutes=ASK_MINUTES) <= question.ends_at <= question.closed_at
    history = idler.student.call("GET", f"machines/{idler.pk}/events/").text
    assert "nobody answered" in history
    wait_for(lambda: idler.door["state"] == "held", 30, "its port is held")
    assert "7777" in idler.ran(f"tr '\\0' ' ' < /proc/{process}/cmdline")
    idler.student.until(idler.pk, "running")
    assert "connection from" in idler.student.call("GET", f"machines/{idler.pk}/events/").text


def works_and_is_left_alone(idler: Idler) -> None:
    """A computation without any connection; when it is over, its owner is asked."""
    busy = idler.ran("(while :; do :; done) < /dev/null > /dev/null 2>&1 & echo $!")
    time.sleep(BUSY_SECONDS)  # in which nobody may be asked: longer than a quiet machine would be left
    assert idler.questions() == []
    assert idler.state == "running"
    idler.ran(f"kill {busy}")
    idler.is_asked()


async def is_asked_and_not_cut(idler: Idler) -> None:
    """A session in which nobody types gets a line and lives; who goes on working after it is not put to sleep."""
    door = await asyncio.to_thread(lambda: idler.door)
    async with terminal("127.0.0.1", door["port"], idler.key, door["user"], command=None) as session:
        session.process.stdin.write("echo ready-$((1+1))\n")  # prompts differ
        assert await session.shows("ready-2", 30), session.seen
        assert await session.shows("Minga: ", 120), idler.why()
        await asyncio.sleep(ECHO_SECONDS)  # what is typed sooner counts as an echo of the line
        session.process.stdin.write("echo still-$((40+2)); seq 1 2000 | tail -n 400\n")
        assert await session.shows("still-42", 10)
        await asyncio.to_thread(wait_for, lambda: idler.questions()[-1].closed_at, 60, "the question is closed")
    questions = await asyncio.to_thread(idler.questions)
    assert questions[0].outcome == "active", (questions, await asyncio.to_thread(idler.told), session.seen)
    assert await asyncio.to_thread(lambda: idler.told()["terminal"]) == "sent"
    assert await asyncio.to_thread(lambda: idler.state) == "running"
