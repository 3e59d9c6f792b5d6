"""Machines that nobody uses, as facts in memory and as rows: quiet for two hours and heard of just now, unless told otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import Notice, User
from courses.models import Lesson, Template
from courses.policy import IdlePolicy
from machines.idle.facts import Facts
from machines.idle.forecast import Outlook, outlook_of
from machines.idle.questions import about_of
from machines.idle.stages import step_of
from machines.models import Activity, Hold, Machine, Question
from tests.factories import make_machine

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
LONG_AGO = timedelta(hours=2)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


_ASKED, _ENDS = NOW - minutes(20), NOW - minutes(5)


def heard(now: datetime = NOW, **told: Any) -> dict[str, Any]:
    """Return the columns of an Activity: all heard, all quiet, visited once."""
    quiet = {
        "since": now - LONG_AGO, "ports_heard_at": now, "load_heard_at": now, "connected_at": now - LONG_AGO,
        "cpu_seconds": 1.0, "disk_bytes": 1, "nic_bytes": 1, "cpu_percent": 0.1, "disk_rate": 0.0, "nic_rate": 0.0,
    }  # fmt: skip
    return {**quiet, **told}


def facts(*, state: str = "running", wanted: str = "", policy: IdlePolicy | None = None, **given: Any) -> Facts:
    """Build facts in memory only. `activity`: what differs from `heard`; `machine`: likewise of the row."""
    times = {"state_since": NOW - LONG_AGO, "used_at": NOW - LONG_AGO, "created_at": NOW - LONG_AGO}
    row = Machine(state=state, wanted=wanted or state, template=Template(), **{**times, **given.pop("machine", {})})
    row.activity = Activity(**heard(**given.pop("activity", {})))
    return Facts(row, policy or IdlePolicy(), **given)


def seen(given: Facts, now: datetime = NOW) -> Outlook:
    return outlook_of(given, now)


def due(given: Facts, now: datetime = NOW) -> str:
    """Return the name of the row of the table whose turn it is; '' for none."""
    step = step_of(outlook_of(given, now))
    return step.stage.name if step else ""


def question(*, asked: datetime = _ASKED, ends: datetime | None = _ENDS, **more: Any) -> Question:
    return Question(pk=1, kind=more.pop("kind", "sleep"), asked_at=asked, ends_at=ends, **more)


def hold(until: datetime) -> Hold:
    return Hold(kind="more", starts_at=NOW - LONG_AGO, ends_at=until)


def lesson(until: datetime) -> Lesson:
    return Lesson(starts_at=NOW - LONG_AGO, ends_at=until)


# ---- rows ----


def row(owner: User, now: datetime, *, state: str = "running", name: str = "mine", **told: Any) -> Machine:
    """Create a machine that has been in this state for two hours; a running one has been quiet all the while."""
    machine = make_machine(owner, state=state, name=name, state_since=now - LONG_AGO, used_at=now - LONG_AGO)
    if state == "running":
        Activity.objects.create(machine=machine, **heard(now, **told))
    return machine


def told(machine: Machine, at: datetime) -> Question:
    """Deliver the open question of this machine on its page."""
    ask = Question.objects.open().get(machine=machine)
    page = Notice.objects.filter(about=about_of(ask.pk), channel="page")
    page.update(state="delivered", delivered_at=at)
    Question.objects.filter(pk=ask.pk).update(ends_at=at + minutes(15))
    ask.refresh_from_db()
    return ask
