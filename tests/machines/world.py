"""A small world for tests of the life cycle: a fake cloud, an agent that does as told, and a clock that only we move."""

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from machines import actions, sweep
from machines.models import Machine, Watch
from tests.cloud.fake import FakeCloud
from tests.factories import grant, make_gateway, make_template
from tunnels.models import Tunnel


class World:
    """`turn()` is one second of everybody's work."""

    def __init__(self, clock: "Clock", cloud: FakeCloud, student: User) -> None:
        self.clock, self.cloud, self.student = clock, cloud, student
        make_gateway()
        grant(student)
        self.template = make_template()
        image, flavor = self.template.image, self.template.flavor
        type(image).objects.filter(pk=image.pk).update(cloud_id="linux")
        type(flavor).objects.filter(pk=flavor.pk).update(cloud_id="tiny")
        self.agent_works = True

    def launch(self, name: str = "mine") -> Machine:
        return actions.launch(owner=self.student, template=self.template, name=name, by=self.student)

    def turn(self) -> None:
        """The sweep lists, workers step whatever is due, the agent and the cloud do their part."""
        self.clock.move(1)
        sweep.tick(self.cloud, timezone.now())
        for pk in Machine.objects.due(timezone.now()).values_list("pk", flat=True):
            actions.step(pk, self.cloud)
        if self.agent_works:
            self.agent()
        self.cloud.tick()

    def turn_without_steps(self) -> None:
        """Only the cloud goes on, and is listed."""
        self.clock.move(1)
        self.cloud.tick()
        sweep.tick(self.cloud, timezone.now())

    def agent(self) -> None:
        """What wants to be open is open and answers; the rest is shut."""
        now = timezone.now()
        make_gateway().__class__.objects.update(heard_at=now)
        for tunnel in Tunnel.objects.live():
            state = {"open": "open", "closed": "closed", "held": "held", "gone": "gone"}[tunnel.wanted]
            answered = tunnel.answered_at or now if state == "open" else None
            Tunnel.objects.filter(pk=tunnel.pk).update(state=state, answered_at=answered)
        Machine.objects.filter(retry_at__isnull=False, unheard=0).exclude(state="failed").update(
            retry_at=None
        )  # its bell

    def until(self, machine: Machine, state: str, turns: int = 60) -> Machine:
        """Let time pass until the machine is in `state` and settled there."""
        for _turn in range(turns):
            machine.refresh_from_db()
            if machine.state == state and machine.is_settled:
                return machine
            self.turn()
        raise AssertionError(f"still {machine.state} (wanted {machine.wanted}) after {turns} turns: {machine.note}")

    def running(self) -> Machine:
        return self.until(self.launch(), "running")

    def known(self, machine: Machine) -> list[str]:
        return [server.id for server in self.cloud.living if server.machine == str(machine.pk)]

    def called(self, verb: str) -> int:
        return sum(call[0] == verb for call in self.cloud.calls)

    def forget_list(self) -> None:
        """The next list is a whole one."""
        Watch.objects.update(cursor="")


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self, traveller: "object") -> None:
        self._traveller = traveller

    def move(self, seconds: float) -> None:
        self._traveller.shift(timedelta(seconds=seconds))  # type: ignore[attr-defined]

    @property
    def now(self) -> datetime:
        return timezone.now()
