"""A donation as its donor sees it: how far each computer has come, what happened to it, and what waits for their answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from lib.measures import amount, kilos, memory
from nodes.actions import is_to_confirm
from nodes.models import Computer, Donation, StateChange
from nodes.states import WAY, State

TONES = {
    State.OFFERED: "busy", State.ACCEPTED: "on", State.DECLINED: "away", State.RECEIVED: "asleep", State.WIPED: "asleep",
    State.TESTED: "asleep", State.IN_SERVICE: "on", State.WAITING: "busy", State.PARTS: "away", State.LOST: "trouble",
    State.RETIRED: "away", State.RECYCLED: "away",
}  # fmt: skip
_SENTENCES = {
    State.OFFERED: _("We look at it and answer by mail. Please wait before you carry it anywhere."),
    State.RECEIVED: _("It is here. Next its disk is wiped."),
    State.WIPED: _("Nothing of what was on its disk can be read any more. Next it is tested."),
    State.TESTED: _("It works. Next it is put into service."),
    State.IN_SERVICE: _("It carries machines of students. Thank you!"),
    State.WAITING: _("It is here and waits for a part."),
    State.PARTS: _("It could not be made to work any more. Its parts keep others going."),
    State.LOST: _("We counted, and it was not there. We are sorry, and will tell you when it turns up."),
    State.RETIRED: _("It no longer carries machines. Thank you for all that it did."),
    State.RECYCLED: _("It was handed to those who recycle computers. Thank you for all that it did."),
}
_ACCEPTED = {
    Donation.Handover.BRING: _("It is welcome. Please bring it."),
    Donation.Handover.FETCH: _("It is welcome. We come and fetch it."),
}


def given(rows: QuerySet[Donation]) -> QuerySet[Donation]:
    """Add what shown_donations reads: two queries more, however many computers there are. Steps that were taken back are left out."""
    lasting = StateChange.objects.filter(undoes=None, undone_by=None).order_by("pk")
    computers = Computer.objects.prefetch_related(Prefetch("changes", queryset=lasting, to_attr="lasting"))
    return rows.select_related("donor").prefetch_related(Prefetch("computers", queryset=computers))


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the way of a computer. `at`: when it came there, if it has."""

    label: str
    at: datetime | None
    is_done: bool
    is_here: bool


class ShownComputer:
    """A computer for its donor: no notes of staff, no names of theirs."""

    def __init__(self, row: Computer, handover: str) -> None:
        self.row, self._handover = row, handover
        self.changes: list[StateChange] = row.lasting  # type: ignore[attr-defined]

    @property
    def tone(self) -> str:
        return f"tone-{TONES[State(self.row.state)]}"

    @property
    def facts(self) -> str:
        """Say in a line what it is: Desktop computer · 2010 · Core 2 Duo E8400 · 4 GB of memory · 320 GB of disk."""
        row = self.row
        parts = [row.get_kind_display() if row.model else "", str(row.year or ""), row.cpu]
        if row.ram_mb:
            parts.append(_("%(amount)s of memory") % {"amount": memory(row.ram_mb)})
        if row.disk_gb:
            parts.append(_("%(amount)s of disk") % {"amount": amount(row.disk_gb, "GB")})
        return " · ".join(str(part) for part in parts if part)

    @property
    def weight(self) -> str:
        """Return its weight in kg, where it was weighed."""
        return kilos(self.row.grams) if self.row.grams else ""

    @property
    def sentence(self) -> str:
        """Say what its state means; for one that was not accepted why, and where it helps."""
        if self.row.state == State.DECLINED:
            return f"{self.row.get_reason_display()} {self.row.where_it_helps}".strip()
        if self.row.state == State.ACCEPTED:
            return str(_ACCEPTED[Donation.Handover(self._handover)])
        return str(_SENTENCES[State(self.row.state)])

    @property
    def way(self) -> list[Place]:
        """Return the places of the way: where it was, where it is, and what lies ahead. None for one that was not accepted."""
        if self.row.state == State.DECLINED:
            return []
        here = WAY.index(State(self.row.state)) if self.row.state in WAY else None
        been = {change.to_state: change.at for change in self.changes}
        last = here if here is not None else max((at for at, state in enumerate(WAY) if state in been), default=0)
        return [
            Place(str(state.label), been.get(state) if at <= last else None, at <= last and at != here, at == here)
            for at, state in enumerate(WAY)
        ]

    @property
    def happened(self) -> list[tuple[str, str, str, datetime]]:
        """Return what happened, the newest first: a tone, the state, the reason where it was not accepted, and when."""
        return [
            (f"tone-{TONES[State(change.to_state)]}", str(State(change.to_state).label), _reason(change), change.at)
            for change in reversed(self.changes)
        ]


def _reason(change: StateChange) -> str:
    return str(Computer(reason=change.reason).get_reason_display()) if change.reason else ""


class ShownDonation:
    """A donation for its donor."""

    def __init__(self, row: Donation) -> None:
        self.row = row
        self.computers = [ShownComputer(computer, row.handover) for computer in row.computers.all()]

    @property
    def may_be_confirmed(self) -> bool:
        return is_to_confirm([shown.row for shown in self.computers])

    @property
    def is_to_be_brought(self) -> bool:
        """Say whether the donor brings something: they read where to."""
        is_awaited = any(shown.row.state == State.ACCEPTED for shown in self.computers)
        return is_awaited and self.row.handover == Donation.Handover.BRING

    @property
    def waits_for_an_answer(self) -> bool:
        return self.may_be_confirmed and not self.row.confirmed

    @property
    def received(self) -> list[ShownComputer]:
        """Return the list of what was received."""
        return [shown for shown in self.computers if State.RECEIVED in {each.to_state for each in shown.changes}]

    @property
    def is_short(self) -> bool:
        """Say whether each computer's way has room on the page."""
        return len(self.computers) <= 2


def shown_donations(rows: Iterable[Donation]) -> list[ShownDonation]:
    """Return these donations (see `given`) as they are shown."""
    return [ShownDonation(row) for row in rows]
