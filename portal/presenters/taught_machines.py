"""The machines made from a teacher's templates: found, counted, and shown a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.people_search import MOST_WORDS, TEXT, Folded, fold, spaced
from courses.models import Template
from machines.models import Machine
from machines.models.machine_queries import MachineQuerySet
from machines.states import State
from portal import access
from portal.presenters.machine_sentences import word
from portal.presenters.tones import tone_of

MOST_TEMPLATES = 100  # that a page lists
_SEARCHED = ("name", "owner__first_name", "owner__last_name", "owner__username")
# States that one colour stands for: what a teacher looks for.
GROUPS: dict[str, Promise] = {
    "on": pgettext_lazy("machines", "Running"),
    "busy": pgettext_lazy("machines", "Working on it"),
    "asleep": pgettext_lazy("machines", "Sleeping"),
    "away": pgettext_lazy("machines", "Put away or archived"),
    "trouble": pgettext_lazy("machines", "Needs attention"),
}


@dataclass(frozen=True, slots=True)
class TaughtTemplate:
    """A template of a teacher, with how many machines live from it, and how many of them run."""

    row: Template
    machines: int
    running: int


@dataclass(frozen=True, slots=True)
class TaughtMachine:
    """A machine in a teacher's list."""

    machine: Machine
    url: str

    @property
    def word(self) -> str:
        return word(self.machine)

    @property
    def tone(self) -> str:
        return f"tone-{tone_of(self.machine.state)}"


def templates_of(person: User) -> list[TaughtTemplate]:
    """Return the templates that a person may change, in the order of the cards, retired ones last. Two queries."""
    order = (F("retired_at").asc(nulls_first=True), "position", "name", "pk")
    rows = access.changeable(person).select_related("image", "flavor").order_by(*order)[:MOST_TEMPLATES]
    runs = Count("pk", filter=Q(state=State.RUNNING))
    counted = _living(person).order_by().values("template").annotate(machines=Count("pk"), running=runs)
    counts = {row["template"]: (row["machines"], row["running"]) for row in counted}
    return [TaughtTemplate(row, *counts.get(row.pk, (0, 0))) for row in rows]


def found(person: User, *, text: str = "", template: str = "", group: str = "") -> MachineQuerySet:
    """Select the living machines that a teacher looks for, by owner. text: parts of the machine's or its owner's names."""
    rows = _living(person).select_related("template", "owner")
    if template:
        rows = rows.filter(template__slug=template)
    if group:
        rows = rows.filter(state__in=[state for state in State if tone_of(state) == group])
    if words := fold(text).split()[:MOST_WORDS]:
        rows = rows.alias(found_in=Folded(Concat(*spaced(*_SEARCHED), output_field=TEXT)))
        for each in words:
            rows = rows.filter(found_in__contains=each)  # type: ignore[misc]  # the plugin knows no alias
    return rows.order_by("owner__first_name", "owner__last_name", "owner__username", "created_at", "pk")


def _living(person: User) -> MachineQuerySet:
    return access.taught_with(person).alive().not_in_bin()


def shown_to(reader: User, machines: Iterable[Machine]) -> list[TaughtMachine]:
    """Return these machines, each with the page on which the reader finds it."""
    is_admin = access.administers(reader)
    return [TaughtMachine(row, address_for(reader, row, is_admin=is_admin)) for row in machines]


def address_for(reader: User, machine: Machine, *, is_admin: bool) -> str:
    """Return a machine's own page for its owner and administrators, a teacher's page of it for everybody else."""
    is_theirs = is_admin or machine.owner_id == reader.pk
    return reverse("machine" if is_theirs else "teaching-machine", args=[machine.pk])


def teachers_of(machine: Machine) -> str:
    """Return whom the owner reads to watch the machine: the template's author, else its course; '' where nobody does."""
    template = machine.template
    author = template.created_by
    if author is not None and author.pk != machine.owner_id and access.teaches(author):
        return author.shown_name
    return template.course.name if template.course else ""
