"""Progress of a machine: a percentage and a sentence, computed from facts and one `now`."""

from dataclasses import dataclass
from datetime import datetime
from math import exp
from statistics import median
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from machines.states import State

if TYPE_CHECKING:
    from machines.models import Machine

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
SAMPLE = 20  # past launches from which the typical time is taken


@dataclass(frozen=True, slots=True)
class Progress:
    percent: int  # 0-100; 100 only when nothing is under way
    sentence: str  # in the reader's language


def typical_seconds(template_id: int) -> float:
    """Return the median of the template's last launches, from the cloud's yes to the guest's answer."""
    from machines.models import Machine

    ready = Machine.objects.filter(template_id=template_id, ready_at__isnull=False, build_started_at__isnull=False)
    pairs = ready.order_by("-ready_at").values_list("build_started_at", "ready_at")[:SAMPLE]
    lengths = [(end - start).total_seconds() for start, end in pairs if start and end]
    return max(1.0, median(lengths)) if lengths else DEFAULT_SECONDS[State.BUILDING]


def progress_of(machine: "Machine", now: datetime, typical: float | None = None) -> Progress:
    """Return how far a machine is. `typical`: seconds of a launch of its template, where the caller knows it already."""
    state = State(machine.state)
    if state in (State.NEW, State.QUEUED):
        return Progress(2, str(machine.note) or _("Asking the cluster for a place."))
    if state not in DEFAULT_SECONDS:
        return Progress(100, str(machine.note))
    seconds = DEFAULT_SECONDS[state]
    if state == State.BUILDING:
        seconds = typical_seconds(machine.template_id) if typical is None else typical
    low, high = _bounds(machine)
    # 1 - e^(-2t/T): 86 % at the typical time, and still moving after it.
    part = 1 - exp(-2 * machine.time_in_state(now).total_seconds() / seconds)
    # A sub-step that came early begins at `low`, and must move on from there.
    percent = max(min(high, 100 * part), low + (high - low) * part)
    return Progress(int(percent), str(machine.note) or _sentence(machine))


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
        State.DELETING: _("Being deleted."),
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
