"""Find machines among all: by name, owner, address or port; by state, template, owner's role, host and last use; and put them in order."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.db.models.functions import Concat, Lower

from accounts.people_search import MOST_WORDS, TEXT, Folded, fold, holds, spaced
from machines.models import MachineQuerySet
from machines.states import Refused, Setup, State
from tunnels.models import PORTS, Tunnel

S = State
QUIET_FOR = timedelta(hours=2)  # of a running machine that stands among the ready-made filters
# States as people tell them apart. A machine in the recycle bin is in that alone.
_IN: dict[str, tuple[State, ...]] = {
    "running": (S.RUNNING,),
    "asleep": (S.SUSPENDED,),
    "away": (S.SHELVED,),
    "archived": (S.ARCHIVED,),
    "waiting": (S.QUEUED,),
    "moving": (S.NEW, S.BUILDING, S.WAKING, S.SUSPENDING, S.SHELVING, S.ARCHIVING, S.DELETING),
}
_OUT_OF_BIN = Q(binned_at=None)
_FAILED = Q(state=S.FAILED)
_FLAWED = ~Q(refused=Refused.NONE) | Q(setup__in=(Setup.FAILED, Setup.OVERDUE), setup_seen=False)
STATES: dict[str, Q] = {
    **{name: _OUT_OF_BIN & Q(state__in=states) for name, states in _IN.items()},
    "failed": _FAILED,
    "unhealthy": ~Q(state=S.GONE) & (_FAILED | _FLAWED | Q(cloud_errors__gt=0)),
    "vanished": Q(state=S.GONE),
    "bin": ~Q(state=S.GONE) & Q(binned_at__isnull=False),
}
ORDERS: dict[str, tuple[str, ...]] = {
    "name": ("in_order",),
    "owner": ("owner_in_order", "in_order"),
    "state": ("state", "in_order"),
    "launched": ("created_at",),
    "used": ("used_at",),
}
_PERSON = ("owner__first_name", "owner__last_name", "owner__username")


@dataclass(frozen=True, slots=True)
class MachineFilters:
    """Conditions of the machines that are wanted; an empty one wants all. state: one of STATES."""

    text: str = ""
    state: str = ""
    template: str = ""  # a slug
    role: str = ""  # of its owner
    host: str = ""
    unused_since: datetime | None = None
    is_ownerless: bool = False  # its owner is blocked or was removed

    def narrow(self, machines: MachineQuerySet) -> MachineQuerySet:
        """Select the machines that pass."""
        facts = {"template__slug": self.template, "host": self.host}
        machines = machines.filter(**{column: value for column, value in facts.items() if value})
        if self.state:
            machines = machines.filter(STATES[self.state])
        if self.role:
            machines = machines.filter(holds(self.role, "owner__"))
        if self.unused_since:
            machines = machines.filter(used_at__lt=self.unused_since)
        if self.is_ownerless:
            machines = machines.filter(owner__is_active=False)
        return _found(machines, self.text)


def every(machines: MachineQuerySet) -> MachineQuerySet:
    """Leave out machines that were deleted on request."""
    return machines.alive() | machines.missed()


def _found(machines: MachineQuerySet, text: str) -> MachineQuerySet:
    """Select machines in which each word is found: in a name, the beginning of an address, or as a public port."""
    words = fold(text).split()[:MOST_WORDS]
    if words:
        names = Concat(*spaced("name", *_PERSON), output_field=TEXT)
        machines = machines.alias(found_in=Folded(names))
    for word in words:
        machines = machines.filter(Q(found_in__contains=word) | Q(address__startswith=word) | _at_port(word))
    return machines


def _at_port(word: str) -> Q:
    if not (word.isascii() and word.isdigit() and len(word) < 6 and int(word) in PORTS):
        return Q()
    return Q(pk__in=Tunnel.objects.live().filter(port=int(word)).values("holder"))


def in_order(machines: MachineQuerySet, order: str) -> MachineQuerySet:
    """Put machines in an order of ORDERS; with a minus before it the other way round."""
    columns = ORDERS[order.removeprefix("-")]
    names: dict[str, Any] = {"in_order": Lower("name")}
    if "owner_in_order" in columns:
        names["owner_in_order"] = Folded(Concat(*spaced(*_PERSON), output_field=TEXT))
    first, *rest = (F(column) for column in columns)
    turned = first.desc() if order.startswith("-") else first.asc()
    return machines.alias(**names).order_by(turned, *rest, "pk")


def counts(machines: MachineQuerySet, conditions: dict[str, Q]) -> dict[str, int]:
    """Count the machines that meet each condition, in one query."""
    return machines.order_by().aggregate(**{name: Count("pk", filter=when) for name, when in conditions.items()})


def hosts(machines: MachineQuerySet) -> list[str]:
    """Return the names of the hosts on which these machines are or were last."""
    return list(machines.exclude(host="").order_by("host").values_list("host", flat=True).distinct())
