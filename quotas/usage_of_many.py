"""The quota use of many people at once, in two queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from lib.measures import MEASURES, Size
from quotas.actions import Usage
from quotas.gauges import Gauge
from quotas.models import Grant, Reservation

Sums = dict[Any, list[int]]  # by a person's pk or a role


def usages(people: Collection[User]) -> dict[int, Usage]:
    """Return what each of these people uses and may use, by pk."""
    given = _given(people)
    used: Sums = defaultdict(lambda: [0] * len(MEASURES))
    open_ones = Reservation.objects.filter(user__in=people, closed_at__isnull=True)
    for user, *amounts in open_ones.values_list("user_id", *MEASURES):
        _add(used[user], amounts)
    return {person.pk: _usage(used[person.pk], _limits(given, person)) for person in people}


def limits(people: Collection[User]) -> dict[int, Size]:
    """Return what the live grants of each of these people give, by pk. One query."""
    given = _given(people)
    return {person.pk: Size(*_limits(given, person)) for person in people}


def _given(people: Collection[User]) -> Sums:
    roles = {role for person in people for role in person.roles}
    live = Grant.objects.live(timezone.now()).filter(Q(user__in=people) | Q(role__in=roles))
    given: Sums = defaultdict(lambda: [0] * len(MEASURES))
    rows: Iterable[Any] = live.values_list("user_id", "role", *MEASURES)
    for user, role, *amounts in rows:
        _add(given[role or user], amounts)
    return given


def _limits(given: Sums, person: User) -> list[int]:
    limits = [0] * len(MEASURES)
    for key in (person.pk, *person.roles):
        _add(limits, given[key])
    return limits


def _usage(used: list[int], limits: list[int]) -> Usage:
    return Usage(*(Gauge(*both) for both in zip(used, limits, strict=True)))


def _add(sums: list[int], amounts: Collection[int]) -> None:
    for place, amount in enumerate(amounts):
        sums[place] += amount
