"""People as administrators see them: with their state, machines and quota, a page of them in a few queries."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.people_search import Folded, sort_name
from lib.measures import MEASURES
from machines.models import Machine
from machines.states import State
from portal.presenters.machine_sentences import word
from portal.presenters.tones import tone_of
from quotas.actions import Usage
from quotas.models import Grant
from quotas.sentences import in_words
from quotas.usage_of_many import usages

MOST_MACHINES = 50  # of one person that a page shows


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A person in a list."""

    user: User
    machines: int
    usage: Usage

    @property
    def name(self) -> str:
        return self.user.shown_name

    @property
    def state(self) -> tuple[str, Promise] | None:
        """Return a class for the colour and a word; None for whoever signs in as usual."""
        if not self.user.is_active:
            return "tone-trouble", _("Blocked")
        if self.is_invited:
            return "tone-asleep", _("Invited")
        return None

    @property
    def is_invited(self) -> bool:
        return self.user.last_login is None and self.user.invited_at is not None and self.user.is_active

    @property
    def has_password(self) -> bool:
        return self.user.has_usable_password()


def listed(people: Collection[User]) -> list[ListedPerson]:
    """Return these people as they are shown. Three queries, however many they are."""
    counts = dict(_machines(people).values_list("owner").annotate(Count("pk")))
    used = usages(people)
    return [ListedPerson(person, counts.get(person.pk, 0), used[person.pk]) for person in people]


COLUMNS = (
    ("name", _("Name"), False),
    ("username", _("Username"), False),
    ("machines", _("Machines"), True),
    ("seen", _("Last sign-in"), True),
    ("state", _("State"), False),
)
_OWNED = Machine.objects.alive().filter(owner=OuterRef("pk")).order_by().values("owner").annotate(n=Count("pk"))
_ORDERS: dict[str, Callable[[], Any]] = {
    "name": sort_name,
    "username": lambda: Folded("username"),
    "machines": lambda: Coalesce(Subquery(_OWNED.values("n")), 0),
    "seen": lambda: F("last_login"),
    # As `ListedPerson.state`: blocked, invited, then all others.
    "state": lambda: Case(
        When(is_active=False, then=0), When(last_login=None, invited_at__isnull=False, then=1), default=2
    ),
}


def in_order(people: "QuerySet[User]", order: str) -> "QuerySet[User]":
    """Put people in the order of a column, by name among equals; with a minus before it the other way round."""
    column = order.removeprefix("-")
    found = people.alias(in_order=_ORDERS[column]())
    # Whoever never signed in is the longest away.
    turned = F("in_order").desc(nulls_last=True) if order.startswith("-") else F("in_order").asc(nulls_first=True)
    return found.order_by(turned, *([] if column == "name" else [sort_name()]), "pk")


def _machines(people: Collection[User]) -> "QuerySet[Machine]":
    return Machine.objects.alive().filter(owner__in=people)


@dataclass(frozen=True, slots=True)
class ListedMachine:
    """A machine of a person: its name, and its state in a word."""

    machine: Machine

    @property
    def word(self) -> str:
        return word(self.machine)

    @property
    def tone(self) -> str:
        return f"tone-{tone_of(self.machine.state)}"


def machines_of(person: User) -> list[ListedMachine]:
    """Return the person's machines, the newest first."""
    rows = Machine.objects.with_parts().filter(owner=person).exclude(state=State.GONE).order_by("-created_at")
    return [ListedMachine(machine) for machine in rows[:MOST_MACHINES]]


@dataclass(frozen=True, slots=True)
class ShownGrant:
    """A grant of one person as it is shown."""

    row: Grant
    words: str

    @property
    def amounts(self) -> dict[str, int]:
        """Return what is given, by measure; what is not is left out."""
        return {measure: amount for measure in MEASURES if (amount := getattr(self.row, measure))}

    @property
    def is_to_come(self) -> bool:
        return self.row.starts_at > timezone.now()

    @property
    def may_end(self) -> bool:
        return self.row.source == Grant.Source.HAND


def open_grants(person: User) -> QuerySet[Grant]:
    """Select what was given to this person alone and has not ended."""
    return Grant.objects.filter(user=person).exclude(ends_at__lte=timezone.now()).select_related("given_by")


def shown_grants(rows: Iterable[Grant]) -> list[ShownGrant]:
    return [ShownGrant(row, _words_of(row)) for row in rows]


def _words_of(row: Grant) -> str:
    amounts = [(measure, getattr(row, measure)) for measure in MEASURES]
    return ", ".join(str(in_words(measure, amount)) for measure, amount in amounts if amount)
