"""Maintenance of nodes that is due from time to time, and how old and how reliable the cluster's computers are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum

from accounts.audit.trail import Thing, record
from accounts.models import User
from nodes.hypervisors import hours
from nodes.hypervisors.models import Node, NodeEvent, NodeTie, ServedMonth


def due_at(node: Node) -> datetime | None:
    """Return when its next maintenance is due; None where MAINTENANCE_DAYS is 0."""
    every = timedelta(days=settings.MAINTENANCE_DAYS)
    return (node.maintained_at or node.first_seen_at) + every if every else None


def is_due(node: Node, now: datetime) -> bool:
    """Say whether its maintenance is due."""
    at = due_at(node)
    return at is not None and at <= now


@transaction.atomic
def record_maintenance(*, node: Node, note: str, by: User, now: datetime) -> None:
    """Write down that a node was maintained: cleaned, looked at, what was done. The days until the next time begin anew."""
    [row] = hours.locked([node.pk])
    row.maintained_at = now
    row.save(update_fields=["maintained_at"])
    NodeEvent.objects.create(node=row, at=now, kind=NodeEvent.Kind.MAINTAINED, by=by, note=note)
    record(by=by, verb="maintain_node", thing=Thing("node", row.pk, row.name), detail={"note": note} if note else {})


@dataclass(frozen=True, slots=True)
class Reliability:
    """Reliability of nodes. seconds: for how long they were up. failures: how often they stopped answering."""

    seconds: int = 0
    failures: int = 0

    @property
    def hours_between(self) -> int | None:
        """Return the mean time to failure in hours; None before the first failure."""
        return self.seconds // 3600 // self.failures if self.failures else None


def reliability(nodes: Iterable[int]) -> Reliability:
    """Return how reliable these nodes were, in two queries."""
    chosen = list(nodes)
    served = ServedMonth.objects.filter(node__in=chosen).aggregate(all=Sum("seconds"))["all"]
    failed = NodeEvent.objects.filter(node__in=chosen, kind=NodeEvent.Kind.DOWN).aggregate(all=Count("pk"))["all"]
    return Reliability(served or 0, failed)


@dataclass(frozen=True, slots=True)
class Ages:
    """Ages of computers, in years. counted: of how many the year is known."""

    counted: int = 0
    mean: float = 0.0
    oldest: int = 0


def ages(nodes: Iterable[int], today: date) -> Ages:
    """Return how old the computers of these nodes are, by the year in which each was made. One query."""
    ties = NodeTie.objects.filter(node__in=list(nodes), until=None)
    years = [max(0, today.year - year) for year in ties.values_list("computer__year", flat=True) if year]
    return Ages(len(years), sum(years) / len(years), max(years)) if years else Ages()
