"""Facts for the dashboard, read at one moment: a handful of queries, whatever the number of machines and people. Nothing is asked of the cloud."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, Func, Min, Q, QuerySet, Sum, Value
from django.utils import timezone

from accounts.announcements.pauses import Pause, current_pause
from accounts.models import Notice, RowFailure, User
from accounts.notices import outbox
from accounts.people_search import holds
from catalog.models import Image
from machines.idle import terminals
from machines.launches_under_way import LASTS
from machines.models import CloudWatch, DiskImage, Machine, Question, Stray
from machines.states import State, Wanted
from nodes import states as computer_states
from nodes.models import Computer, Node
from portal.models import CloudCheck, DayCount, Finding
from portal.ops.health import FAILS_TOLD
from quotas.models import QuotaRequest
from tunnels import states as tunnel_states
from tunnels.models import Gateway, Tunnel

LATELY = timedelta(days=7)  # of mails and copies of disks that failed, and of people who signed in
LAUNCHING = (State.NEW, State.BUILDING)
FEW = 3  # machines that are named
ROLES = dict(User.Role.choices)  # with their labels


@dataclass(frozen=True, slots=True)
class InState:
    """The machines in one state: how many, and since when the first of them is in it."""

    count: int
    since: datetime
    queued_since: datetime | None = None
    stuck: int = 0  # longer than a launch takes


@dataclass(frozen=True)
class Snapshot:
    """Everything that the dashboard shows, except the charts."""

    now: datetime
    clock_ahead: timedelta = timedelta()  # by how much the database's clock is ahead of this process's
    watch: CloudWatch | None = None
    gateways: Sequence[Gateway] = ()
    connections: Mapping[int, int] = field(default_factory=dict)  # through the ports of each gateway
    people: Mapping[str, int] = field(default_factory=dict)  # by role; "all", "lately"
    states: Mapping[str, InState] = field(default_factory=dict)
    in_bin: int = 0
    failed: Sequence[Machine] = ()  # the first of them
    stuck: Sequence[Machine] = ()  # likewise, of launches
    uncopied: Sequence[Machine] = ()  # likewise, of those of whose disk no copy could be made
    counts: Mapping[str, int] = field(default_factory=dict)
    mails_since: datetime | None = None
    hosts: Sequence[Node] = ()
    hosts_at: datetime | None = None
    deeds: Mapping[str, int] = field(default_factory=dict)  # what becomes of idle machines in the next days
    deeds_at: datetime | None = None
    check: CloudCheck | None = None
    pause: Pause | None = None  # of launches

    @property
    def machines(self) -> int:
        return sum(each.count for each in self.states.values())

    def count(self, what: str) -> int:
        return self.counts.get(what, 0)

    def in_state(self, *states: str) -> int:
        return sum(self.states[state].count for state in states if state in self.states)


def take_snapshot() -> Snapshot:
    """Read everything. The clocks are compared by the first query."""
    now = timezone.now()
    watch, ahead = _watch()
    states, in_bin = _states(now)
    counts = _counts(now)
    deeds = Finding.objects.filter(name=Finding.Name.DEED_COUNTS).first()
    hosts = list(Node.objects.filter(listed=True))
    return Snapshot(
        now,
        clock_ahead=ahead,
        watch=watch,
        gateways=(gateways := list(Gateway.objects.enabled())),
        connections=_connections() if gateways else {},
        people=_people(now),
        states=states,
        in_bin=in_bin,
        failed=_named(Q(state=State.FAILED)) if State.FAILED in states else (),
        stuck=_stuck(now) if any(each.stuck for each in states.values()) else (),
        uncopied=_named(Q(pk__in=_failed_copies(now).values("machine"))) if counts.get("copies failed") else (),
        counts=counts,
        mails_since=outbox.failing_since(now),
        hosts=hosts,
        hosts_at=max((node.seen_at for node in hosts), default=None),
        deeds=deeds.data if deeds else {},
        deeds_at=deeds.found_at if deeds else None,
        check=CloudCheck.objects.filter(pk=1).first(),
        pause=current_pause(now),
    )


def _watch() -> tuple[CloudWatch | None, timedelta]:
    """Return the row about the cloud's lists, and by how much the database's clock is ahead of ours (half the way there counted in)."""
    clock = Func(function="clock_timestamp", output_field=DateTimeField())
    asked = timezone.now()
    row = CloudWatch.objects.filter(pk=1).annotate(database_now=clock).first()
    if row is None:
        return None, timedelta()
    middle = asked + (timezone.now() - asked) / 2
    return row, row.database_now - middle


def _states(now: datetime) -> tuple[dict[str, InState], int]:
    """Return the machines of each state, and how many of all are in the recycle bin."""
    is_stuck = Q(state__in=LAUNCHING, state_since__lt=now - LASTS, held_at=None)
    facts = {
        "count": Count("pk"),
        "since": Min("state_since"),
        "queued": Min("queued_at", filter=Q(state=State.QUEUED) & ~Q(wanted=Wanted.GONE)),
        "stuck": Count("pk", filter=is_stuck),
        "binned": Count("pk", filter=Q(binned_at__isnull=False)),
    }
    rows: list[dict[str, Any]] = list(Machine.objects.alive().order_by().values("state").annotate(**facts))  # type: ignore[arg-type]
    found = {row["state"]: InState(row["count"], row["since"], row["queued"], row["stuck"]) for row in rows}
    return found, sum(row["binned"] for row in rows)


def _named(which: Q) -> list[Machine]:
    """Return the first machines of some, with their owners."""
    rows = Machine.objects.alive().filter(which).select_related("owner").order_by("state_since")
    return list(rows.only("name", "state_since", "owner__username")[:FEW])


def _stuck(now: datetime) -> list[Machine]:
    return _named(Q(state__in=LAUNCHING, state_since__lt=now - LASTS, held_at=None))


def _failed_copies(now: datetime) -> QuerySet[DiskImage]:
    return DiskImage.objects.filter(
        state=DiskImage.State.FAILED, asked_at__gte=now - LATELY, machine__state__in=set(State.values) - {State.GONE}
    )


def _people(now: datetime) -> dict[str, int]:
    """Count those who may sign in: all of them, by role, and who did so lately."""
    roles = {role: Count("pk", filter=holds(role)) for role in ROLES}
    lately = Count("pk", filter=Q(last_login__gte=now - LATELY))
    found: dict[str, int] = User.objects.filter(is_active=True).aggregate(**roles, lately=lately, all=Count("pk"))
    return found


def _connections() -> dict[int, int]:
    """Sum up the connections that are open through each gateway, by its agent's last report."""
    rows = Tunnel.objects.live().order_by().values_list("gateway").annotate(Sum("connections"))
    return dict(rows)


def _counts(now: datetime) -> dict[str, int]:
    """Count many kinds of rows in one query."""
    lately = now - LATELY
    mails = Notice.objects.filter(channel=Notice.Channel.MAIL)
    open_strays = Stray.objects.open()
    kinds: dict[str, QuerySet[Any]] = {
        "failing rows": RowFailure.objects.live(now).filter(fails__gte=FAILS_TOLD),
        "mails failed": mails.filter(state=Notice.State.FAILED, created_at__gte=lately),
        "mails waiting": mails.filter(state=Notice.State.DUE),
        "questions": Question.objects.open(),
        "requests": QuotaRequest.objects.filter(state=QuotaRequest.State.OPEN),
        "offers": Computer.objects.filter(state=computer_states.State.OFFERED),
        "copies failed": _failed_copies(now),
        "images failed": Image.objects.filter(missing=False).exclude(fault=""),
        "lost servers": open_strays.filter(kind=Stray.Kind.LOST),
        "ports failed": Tunnel.objects.filter(state=tunnel_states.State.FAILED),
        "terminals unheard": terminals.unheard(now),
    }
    labelled = [
        rows.order_by().annotate(of=Value(name)).values_list("of").annotate(Count("pk")) for name, rows in kinds.items()
    ]
    return dict(labelled[0].union(*labelled[1:], all=True))


def daily(days: int, today: Any) -> list[DayCount]:
    """Return the rows of the last `days` days, today's included, the oldest first."""
    return list(DayCount.objects.filter(day__gt=today - timedelta(days=days), day__lte=today).order_by("day"))
