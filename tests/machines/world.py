"""A small world for tests of the life cycle: a fake cloud, an agent that does as told, and a clock that only we move."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Template
from machines import actions, machine_names
from machines.models import CloudWatch, Machine
from machines.reconcile import sweep
from machines.stepper import worker
from tests import launches
from tests.cloud.fake import FakeCloud
from tests.factories import grant, make_ground
from tests.machines import lives

# As text: each turn of each test runs it, and Django would build it anew each time.
# The last is the bell of whoever waits.
OF_THE_AGENT = """
    WITH heard AS (UPDATE tunnels_gateway SET heard_at = %(now)s),
    told AS (
        UPDATE tunnels_tunnel SET state = wanted,
        answered_at = CASE WHEN wanted = 'open' AND service <> ALL(%(silent)s) THEN coalesce(answered_at, %(now)s) END
        WHERE state <> 'gone'
    )
    UPDATE machines_machine SET retry_at = NULL WHERE retry_at IS NOT NULL AND unheard = 0 AND state <> 'failed'
"""
BUILD_STEPS = 3  # of the fake cloud, after the first


class World:
    """`turn()` is one second of everybody's work."""

    def __init__(self, clock: "Clock", cloud: FakeCloud, student: User) -> None:
        self.clock, self.cloud, self.student = clock, cloud, student
        sight = launches.Sight(student, "lab")
        make_ground(sight)
        if sight.has_grant:
            grant(student)
        self.template = Template.objects.select_related("image", "flavor").get(slug="lab")
        image, flavor = self.template.image, self.template.flavor
        type(image).objects.filter(pk=image.pk).update(cloud_id="linux")
        type(flavor).objects.filter(pk=flavor.pk).update(cloud_id="tiny")
        self.agent_works = True
        self.silent: set[str] = set()  # services in which nothing answers
        self.patches: pytest.MonkeyPatch | None = None  # of the test, where they are known

    def launch(self, name: str = "mine") -> Machine:
        name = machine_names.free(self.student.pk, name)
        return actions.launch(owner=self.student, template=self.template, name=name, by=self.student)

    def turn(self) -> None:
        """Let the sweep list, workers step whatever is due, bell or not, and agent and cloud do their part."""
        self.clock.move(1)
        sweep.list_if_due(self.cloud, timezone.now())
        for pk in Machine.objects.due(timezone.now()).values_list("pk", flat=True):
            worker.step(pk, self.cloud)
        if self.agent_works:
            self.agent()
        self.cloud.tick()

    def turn_without_steps(self) -> None:
        """Let only the cloud go on, and list it."""
        self.clock.move(1)
        self.cloud.tick()
        sweep.tick(self.cloud, timezone.now())

    def agent(self) -> None:
        """Open what should be open, let it answer, and shut the rest."""
        told = {"now": timezone.now(), "silent": list(self.silent)}
        with connection.cursor() as cursor:
            cursor.execute(OF_THE_AGENT, told)

    @contextmanager
    def what_if(self, note: str) -> Iterator[None]:
        """Undo whatever happens within: rows, cloud and clock are as before. A failure bears the note."""
        savepoint, before, now = transaction.savepoint(), _facts_of(self.cloud), self.clock.now
        try:
            yield
        except Exception as error:
            error.add_note(note)
            raise
        transaction.savepoint_rollback(savepoint)
        vars(self.cloud).update(before)
        self.clock.set(now)

    def until(self, machine: Machine, state: str, turns: int = 60) -> Machine:
        """Let time pass until the machine is in `state` and settled there."""
        row = Machine.objects.filter(pk=machine.pk).values_list("state", flat=True)
        for _turn in range(turns):
            if row.all()[0] == state:  # to read all of it costs three times as much
                machine.refresh_from_db()
                if machine.is_settled:
                    return machine
            self.turn()
        machine.refresh_from_db()
        raise AssertionError(f"still {machine.state} (wanted {machine.wanted}) after {turns} turns: {machine.note}")

    def running(self) -> Machine:
        """Make a machine that is up, as it comes up or came up in another world like this one."""
        return lives.first_of_its_kind(self, self.come_up)

    def come_up(self) -> Machine:
        """Make a machine that is up. Nobody lists while the cloud builds it: turns without news were a third of this."""
        machine = self.launch()
        self.turn()
        for _step in range(BUILD_STEPS):
            self.clock.move(1)
            self.cloud.tick()
        return self.until(machine, "running")

    def known(self, machine: Machine) -> list[str]:
        return [server.id for server in self.cloud.living if server.machine == str(machine.pk)]

    def called(self, verb: str) -> int:
        return sum(call[0] == verb for call in self.cloud.calls)

    def forget_list(self) -> None:
        """Make the next list a whole one."""
        CloudWatch.objects.update(cursor="")


def _facts_of(cloud: FakeCloud) -> dict[str, Any]:
    """Copy all that it is now, but for its lock and its numbers: those go on, and none is given twice."""
    return deepcopy({name: fact for name, fact in vars(cloud).items() if name not in ("_lock", "_numbers")})


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self, traveller: "object") -> None:
        self._traveller = traveller

    def move(self, seconds: float) -> None:
        self._traveller.shift(timedelta(seconds=seconds))  # type: ignore[attr-defined]

    def set(self, now: datetime) -> None:
        self._traveller.move_to(now)  # type: ignore[attr-defined]

    @property
    def now(self) -> datetime:
        return timezone.now()
