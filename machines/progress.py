"""Progress of a machine: a percentage and a sentence, computed from facts and one `now`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, exp
from statistics import median
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _n

from courses.models import Template
from machines.states import State

if TYPE_CHECKING:
    from machines.models import Machine

K = TypeVar("K", int, UUID)
DEFAULT_SECONDS = {
    State.BUILDING: 30.0,
    State.WAKING: 10.0,
    State.SUSPENDING: 8.0,
    State.SHELVING: 20.0,
    State.ARCHIVING: 60.0,
    State.DELETING: 6.0,
}
# Nova's names of the sub-steps of a build, and the range of the bar for each, in percent.
SUBSTEPS = {
    "scheduling": (4, 15),
    "networking": (15, 30),
    "block_device_mapping": (30, 45),
    "spawning": (45, 70),
    "rebuilding": (10, 45),
    "rebuild_block_device_mapping": (30, 50),
    "rebuild_spawning": (45, 70),
}
STARTED = (70, 97)  # the cloud is done; the guest starts and its ports open
MINUTE = 90  # seconds; from here on a time is told in minutes
SAMPLE = 20  # past launches from which the typical time is taken


# The steps of a build, and Nova's sub-steps in each but the last, which begins when the cloud is done.
STEPS = (
    (_n("Finding a computer"), {"", "scheduling"}),
    (_n("Network and address"), {"networking"}),
    (_n("Copying the disk"), {"block_device_mapping", "spawning"}),
    (_n("First start"), set[str]()),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a build, named in the reader's language."""

    name: str
    is_done: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a machine towards what was asked of it."""

    percent: int  # 0-100; 100 only when nothing is under way
    sentence: str  # in the reader's language
    # By the template's launches before; 0: it takes longer than they did; None: unknown.
    seconds_left: int | None = None
    steps: tuple[Step, ...] = ()  # of a build

    @property
    def time_left(self) -> str:
        """Say how long it will still take; '' where nobody knows."""
        if self.seconds_left is None:
            return ""
        if not self.seconds_left:
            return _("It is taking longer than usual.")
        if self.seconds_left < MINUTE:
            return _("About %(seconds)s s left") % {"seconds": self.seconds_left}
        return _("About %(minutes)s min left") % {"minutes": ceil(self.seconds_left / 60)}


def typical_seconds(templates: Collection[int]) -> dict[int, float]:
    """Return the median of the last launches of each template that has any, from the cloud's yes to the guest's answer.

    One query, which reads SAMPLE launches of each template, however many there were.
    """
    from machines.models import Machine

    if not templates:
        return {}
    rows = Template.objects.filter(pk__in=templates).order_by()
    return _medians(rows.values_list("pk", _lengths(Machine.objects.filter(template=OuterRef("pk")))))


def typical_seconds_before(builds: Collection[UUID]) -> dict[UUID, float]:
    """Return, by machine, the typical seconds of its template when its build began, where there were any.

    A launch that ends meanwhile, its own as well, must not move its bar back. One query.
    """
    from machines.models import Machine

    if not builds:
        return {}
    earlier = Machine.objects.filter(template=OuterRef("template"), ready_at__lt=OuterRef("state_since"))
    rows = Machine.objects.filter(pk__in=builds).order_by()
    return _medians(rows.values_list("pk", _lengths(earlier)))


def _lengths(launches: "QuerySet[Machine]") -> ArraySubquery:
    launches = launches.filter(ready_at__isnull=False, build_started_at__isnull=False)
    return ArraySubquery(launches.order_by("-ready_at").values_list(F("ready_at") - F("build_started_at"))[:SAMPLE])


def _medians(rows: "Iterable[tuple[K, list[timedelta]]]") -> dict[K, float]:
    return {pk: max(1.0, median(length.total_seconds() for length in found)) for pk, found in rows if found}


def progress_of(machine: "Machine", now: datetime, typical: float | None = None) -> Progress:
    """Return how far a machine is. `typical`: seconds of a launch of its template; None: there was none yet."""
    state = State(machine.state)
    if state in (State.NEW, State.QUEUED):
        return Progress(2, str(machine.note) or _("Asking the cluster for a place."))
    if state not in DEFAULT_SECONDS:
        return Progress(100, str(machine.note))
    seconds = DEFAULT_SECONDS[state]
    if state == State.BUILDING:
        seconds = typical or seconds
    low, high = _bounds(machine)
    # 1 - e^(-2t/T): 86 % at the typical time, and still moving after it.
    part = 1 - exp(-2 * machine.time_in_state(now).total_seconds() / seconds)
    # A sub-step that came early begins at `low`, and must move on from there.
    percent = max(min(high, 100 * part), low + (high - low) * part)
    said = str(machine.note) or _sentence(machine)
    return Progress(int(percent), said, _seconds_left(machine, now, typical), _steps(machine))


def _is_no_launch(machine: "Machine") -> bool:
    """Say whether this is a reset, which may go back to a kept moment, or an archive that is restored. A reset is under way until its guest answers."""
    return machine.resets_asked != machine.resets_done or bool(machine.archive_id)


def _seconds_left(machine: "Machine", now: datetime, typical: float | None) -> int | None:
    if machine.state != State.BUILDING or typical is None or _is_no_launch(machine):
        return None
    began = machine.build_started_at or machine.state_since
    return max(0, ceil(typical - (now - began).total_seconds()))


def _steps(machine: "Machine") -> tuple[Step, ...]:
    """Return the steps of a first build; a reset and an archive have others, and are told in a sentence."""
    if machine.state != State.BUILDING or _is_no_launch(machine):
        return ()
    here = len(STEPS) - 1 if machine.is_up else _step_of(machine.cloud_task)
    return tuple(Step(_(name), number < here, number == here) for number, (name, _tasks) in enumerate(STEPS))


def _step_of(task: str) -> int:
    return next((number for number, (_name, tasks) in enumerate(STEPS) if task in tasks), 0)


def _bounds(machine: "Machine") -> tuple[int, int]:
    if machine.state != State.BUILDING:
        return (5, 97)
    if machine.is_up:
        return STARTED
    return SUBSTEPS.get(machine.cloud_task, (2, 70))


def _sentence(machine: "Machine") -> str:
    if machine.state == State.BUILDING:
        return _build_sentence(machine)
    if machine.state == State.WAKING:
        return _wake_sentence(machine)
    return {
        State.SUSPENDING: _sleep_sentence(machine),
        State.SHELVING: _("Being put away. Its disk is being kept."),
        State.ARCHIVING: _archive_sentence(machine),
        State.DELETING: _("Its disk and its ports go with it."),
    }[State(machine.state)]


def _sleep_sentence(machine: "Machine") -> str:
    if machine.template.image.can_suspend:
        return _("Going to sleep. Its memory is being kept.")
    return _("Being switched off. Its disk is being kept.")


def _archive_sentence(machine: "Machine") -> str:
    if machine.archive_id:
        return _("Its archive is complete. Its place on the cluster is being given back.")
    if machine.archive_name:
        return _("Its disk is being copied into an archive.")
    return _("It is switched off before its disk is copied.")


def _wake_sentence(machine: "Machine") -> str:
    if machine.restarts_asked != machine.restarts_done:
        return _("Restarting.")
    if machine.is_up:
        return _("Awake. Its public ports are being opened.")
    if machine.cloud_status == "shelved":
        return _("Being fetched. It starts anew, with its disk as it was left.")
    if machine.cloud_status == "stopped":
        return _("Starting. It was switched off, so it begins anew with its disk.")
    return _("Waking up. It goes on where it stopped.")


def _build_sentence(machine: "Machine") -> str:
    if machine.is_up:
        return _("Starting up, and opening its public ports.")
    if machine.resets_asked != machine.resets_done:
        return _("Starting again from its template.")
    if machine.archive_id and machine.cloud_task not in ("scheduling", "networking"):
        return _("Being made from its archive.")
    return {
        "scheduling": _("Looking for a computer with room."),
        "networking": _("Connecting it to the network."),
        "block_device_mapping": _("Preparing its disk."),
        "spawning": _("Copying the image and switching it on."),
    }.get(machine.cloud_task, _("Being built."))
