"""Given computers as administrators see them: the list with its counts, the facts, what may be undone, and what happened."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from accounts.models import User
from accounts.people_search import MOST_WORDS, TEXT, ContainsAll, Folded, fold, spaced
from lib.measures import UNBROKEN, amount, kilos, memory
from nodes import specs, states
from nodes.actions import UNDO
from nodes.models import Computer, IntakeCode, StateChange
from nodes.states import State
from portal.presenters.state_tones import tone_of

# States in which a computer waits for staff, and what is to be done; of these whoever has waited longest comes first.
NEEDS: dict[str, Promise] = {
    State.OFFERED: pgettext_lazy("desk", "To decide"),
    State.ACCEPTED: pgettext_lazy("desk", "On their way"),
    State.RECEIVED: pgettext_lazy("desk", "To wipe"),
    State.WIPED: pgettext_lazy("desk", "To test"),
    State.TESTED: pgettext_lazy("desk", "To put into service"),
}
_SEARCHED = (
    "model",
    "cpu",
    "reference",
    "donation__donor__name",
    "donation__donor__organisation",
    "donation__donor__email",
)
BITS = {32: gettext_lazy("32-bit"), 64: gettext_lazy("64-bit")}
_MBIT = 1000  # of a Gbit


@dataclass(frozen=True, slots=True)
class DeskRow:
    """A computer among others."""

    computer: Computer

    @property
    def tone(self) -> str:
        return tone_of(self.computer.state)

    @property
    def brief(self) -> str:
        """Return what decides whether it helps: processor, memory, disk."""
        c = self.computer
        return " · ".join(filter(None, [c.cpu, memory(c.ram_mb) if c.ram_mb else "", _disk(c)]))

    @property
    def doubt(self) -> str:
        return doubt_about(self.computer)

    @property
    def next(self) -> "Promise | str":
        step = states.next_step(self.computer.state) if self.computer.state in NEEDS else None
        return states.STEPS[step].label if step else ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A ready-made filter: its words, the state that it leaves, how many are in it, and whether it is set."""

    label: "Promise | str"
    state: str
    count: int
    here: bool


def counts_of(computers: "QuerySet[Computer]") -> Counter[str]:
    """Count the computers by state, in one query."""
    rows = computers.order_by().values_list("state").annotate(Count("pk"))
    return Counter(dict(rows))


def chips(counts: Counter[str], given: dict[str, str]) -> list[Chip]:
    """Return the ready-made filters: all, and each state in which a computer waits for staff."""
    every = Chip(pgettext_lazy("computers", "All"), "", counts.total(), not given)
    return [every, *(Chip(label, name, counts[name], given == {"state": name}) for name, label in NEEDS.items())]


def found(computers: "QuerySet[Computer]", text: str, state: str) -> "QuerySet[Computer]":
    """Select and put in order: what waits for staff from the longest on, else what changed last."""
    computers = computers.select_related("donation__donor")
    if state:
        computers = computers.filter(state=state)
    if words := fold(text).split()[:MOST_WORDS]:
        computers = computers.filter(ContainsAll(Folded(Concat(*spaced(*_SEARCHED), output_field=TEXT)), words))
    return computers.order_by("state_since", "pk") if state in NEEDS else computers.order_by("-state_since", "-pk")


def facts_of(computer: Computer) -> list[tuple[Any, str]]:
    """Return what is known of a computer, each with its name."""
    known = [
        (_("Kind"), computer.get_kind_display()),
        (_("Model"), computer.model),
        (_("Processor"), " · ".join(filter(None, [computer.cpu, str(BITS[computer.bits]) if computer.bits else ""]))),
        (_("Memory"), computer.ram_mb and memory(computer.ram_mb)),
        (_("Disk"), _disk(computer)),
        (_("Network card"), computer.nic_mbit and speed(computer.nic_mbit)),
        (_("Year"), computer.year and str(computer.year)),
        (_("Weight"), computer.grams and kilos(computer.grams)),
        (_("Reference"), computer.reference),
    ]
    return [(name, value) for name, value in known if value]


def _disk(computer: Computer) -> str:
    if computer.disk_gb is None:
        return ""
    return amount(computer.disk_gb, "GB") if computer.disk_gb else _("no disk")


def speed(mbit: int) -> str:
    """Write Mbit/s as people read them: 100 Mbit/s, 1 Gbit/s."""
    return f"{mbit // _MBIT}{UNBROKEN}Gbit/s" if mbit % _MBIT == 0 else f"{mbit}{UNBROKEN}Mbit/s"


def doubt_about(computer: Computer) -> str:
    """Return why a computer that may still be decided cannot help, by what is known of it; '' where nothing speaks against it."""
    if computer.state not in NEEDS:
        return ""
    return " ".join(str(reason.label) for reason in specs.all_why_not(computer.facts))


# ---- what happened ----


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A change as staff read it."""

    change: StateChange

    @property
    def at(self) -> datetime:
        return self.change.at

    @property
    def note(self) -> str:
        return self.change.note

    @property
    def tone(self) -> str:
        return "tone-gone" if self.is_undone or self.change.undoes_id else tone_of(self.change.to_state)

    @property
    def words(self) -> str:
        label = str(State(self.change.to_state).label)
        if self.change.undoes_id:
            text = _("“%(step)s” was taken back: it is “%(state)s” again")
            return text % {"step": State(self.change.from_state).label, "state": label}
        return label

    @property
    def reason(self) -> str:
        change = self.change
        if change.disks and not change.undoes_id:
            return str(states.Uncertified(change.disks).label)
        return str(states.Reason(change.reason).label) if change.reason and not change.undoes_id else ""

    @property
    def is_undone(self) -> bool:
        return hasattr(self.change, "undone_by")

    @property
    def who(self) -> str:
        """Return who did it; of an offer the donor, of what was declined at once the form."""
        change = self.change
        if change.by:
            return change.by.shown_name
        if not change.from_state:
            return _("the donor")
        is_at_once = (change.from_state, change.to_state) == (State.OFFERED, State.DECLINED)
        return _("the form, as less than the minimum") if is_at_once else _("somebody whose account is gone")


@dataclass(frozen=True, slots=True)
class WithdrawnLine:
    """A code for measuring that somebody withdrew before it was used."""

    at: datetime
    who: str
    tone: str = "tone-gone"
    note: str = ""
    reason: str = ""
    is_undone: bool = False

    @property
    def words(self) -> str:
        return _("The code to measure it was withdrawn, not used")


Line = HistoryLine | WithdrawnLine


def history(changes: Iterable[StateChange], codes: Iterable[IntakeCode] = ()) -> list[Line]:
    """Return the lines of a computer's history, the newest first. changes, codes: the newest first."""
    steps: list[Line] = [HistoryLine(change) for change in changes]
    withdrawn: list[Line] = [
        WithdrawnLine(code.withdrawn_at, code.withdrawn_by.shown_name)
        for code in codes
        if code.withdrawn_at and code.withdrawn_by
    ]
    return list(merge(steps, withdrawn, key=lambda line: line.at, reverse=True))


def withdrawn_codes(computer: Computer) -> list[IntakeCode]:
    """Return the codes of a computer that people withdrew, the newest first. Those of who is gone stand in the audit log only."""
    rows = computer.intake_codes.filter(withdrawn_by__isnull=False).select_related("withdrawn_by")
    return list(rows.order_by("-withdrawn_at"))


def changes_of(computer: Computer) -> list[StateChange]:
    """Return the changes of a computer, the newest first, in one query."""
    return list(computer.changes.select_related("by", "undone_by").order_by("-pk"))


@dataclass(frozen=True, slots=True)
class Undoable:
    """The last step, while it can be taken back."""

    change: StateChange
    done: str  # what it made of the computers
    left: timedelta
    by: str = ""  # '': the reader

    @property
    def sentence(self) -> str:
        """Say how long it can be undone, and that the donor gets a mail then."""
        minutes = max(1, -(-int(self.left.total_seconds()) // 60))  # the one that has begun counts
        told = ngettext(
            "The donor gets a mail in %(minutes)s minute.", "The donor gets a mail in %(minutes)s minutes.", minutes
        )
        open_for = ngettext(
            "It can be undone for %(minutes)s minute.", "It can be undone for %(minutes)s minutes.", minutes
        )
        is_told = states.is_told(self.change.from_state, self.change.to_state)
        return (told if is_told else open_for) % {"minutes": minutes}


def undo_bar(changes: Sequence[StateChange], reader: User) -> Undoable | None:
    """Return what is shown of the last of the changes, the newest first, if nodes.actions.undo still takes it back."""
    last, now = changes[0] if changes else None, timezone.now()
    if last is None or not last.from_state or last.undoes_id or last.by is None or last.at + UNDO <= now:
        return None
    batch = list(StateChange.objects.filter(batch=last.batch).select_related("computer").order_by("computer_id"))
    by = "" if last.by == reader else last.by.short_name
    return Undoable(last, done_words(batch), last.at + UNDO - now, by)


def done_words(batch: Sequence[StateChange]) -> str:
    """Return what a step made of its computers: “Received, 8.4 kg”, “Accepted: 3 computers”."""
    label, computer = str(State(batch[0].to_state).label), batch[0].computer
    if len(batch) > 1:
        text = ngettext("%(state)s: %(count)s computer", "%(state)s: %(count)s computers", len(batch))
        return text % {"state": label, "count": len(batch)}
    grams = computer.grams if batch[0].to_state == State.RECEIVED else None
    return f"{label}, {kilos(grams)}" if grams else label
