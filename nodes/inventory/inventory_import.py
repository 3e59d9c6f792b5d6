"""Bring a list of given computers into the ledger: say what each line does, then write all of it or nothing.

The same life cycle as by hand: an offer for each donor, and for each computer the steps from the offer to the state in which it comes. Written in
batches: the number of queries does not grow with the lines of a batch.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import emails
from accounts.audit.trail import Thing, record
from accounts.models import Donor, User
from accounts.person_names import BadPerson, clean_email
from lib.names import BadName, clean_name
from lib.notes import Note, Refusal
from nodes import computer_numbers, mails, specs
from nodes.actions import UNDO
from nodes.inventory.inventory_csv import LONGEST_NAME, LONGEST_REFERENCE, Line
from nodes.models import Computer, Donation, StateChange
from nodes.states import Reason, State

ARRIVALS = (State.RECEIVED, State.ACCEPTED, State.OFFERED)  # in which a list may come
WAYS = {State.OFFERED: [], State.ACCEPTED: [State.ACCEPTED], State.RECEIVED: [State.ACCEPTED, State.RECEIVED]}
BATCH = 1_000


class Overtaken(Refusal):
    """A donor of the list was erased at this moment."""

    code = "try_again"


class Status(StrEnum):
    """The effect of a line."""

    NEW = "new"  # a computer is written down
    DECLINED = "declined"  # it is written down as not accepted, and `reason` says why
    KNOWN = "known"  # it is here already, and stays as it is
    BAD = "bad"  # nothing, and `why` says why


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of whoever imports: in which state the computers come, whose they are where a line names nobody, what is taken all the same."""

    state: str = State.RECEIVED
    email: str = ""
    name: str = ""
    take_all: bool = False  # also what has less than the minimum
    tell: bool = False  # mail the donors


@dataclass(frozen=True, slots=True)
class Giver:
    """A donor as a line names them. email: as accounts.emails.key writes it."""

    email: str = ""
    name: str = ""
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A line, and what it does."""

    line: Line
    status: Status
    giver: Giver = Giver()
    reference: str = ""
    why: Note = field(default_factory=Note)
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The effect of a list, line by line."""

    lines: tuple[Planned, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many lines there are of each status."""
        found = Counter(line.status for line in self.lines)
        return {status.value: found[status] for status in Status}

    @property
    def written(self) -> list[Planned]:
        """Return the lines that write a computer down."""
        return [line for line in self.lines if line.status in (Status.NEW, Status.DECLINED)]

    @property
    def donors(self) -> int:
        return len({line.giver.email for line in self.written})


def plan(lines: Iterable[Line], choices: Choices) -> Plan:
    """Say what each line would do now. Writes nothing; two queries."""
    rows = list(lines)
    planner = _Planner(rows, choices)
    return Plan(tuple(planner.look(line) for line in rows))


class _Planner:
    """The references that are here already, and those of the lines that were looked at."""

    def __init__(self, lines: Collection[Line], choices: Choices) -> None:
        self.choices = choices
        references = {line.reference for line in lines if line.reference}
        rows = Computer.objects.filter(reference__in=references).values_list("donation__donor__email", "reference")
        self.known = set(rows)
        serials = [serial for line in lines if (serial := _serial(line.serial))]
        self.here = set(Computer.objects.filter(pk__in=serials).values_list("pk", flat=True))
        self.lines_of: dict[tuple[str, str], int] = {}

    def look(self, line: Line) -> Planned:
        if line.fault:
            return Planned(line, Status.BAD, why=line.fault)
        try:
            return self._number(line) if line.serial else self._new(line)
        except (BadPerson, BadName) as refusal:
            return Planned(line, Status.BAD, why=refusal.note)

    def _number(self, line: Line) -> Planned:
        if _serial(line.serial) in self.here:
            return Planned(line, Status.KNOWN)
        return _bad(line, _("There is no computer with the number %(number)s."), number=line.serial[:20])

    def _new(self, line: Line) -> Planned:
        giver = self._giver(line)
        if not giver.email:
            return _bad(line, _("It names no donor: write an e-mail address, or choose one for the whole list."))
        reference = clean_name(line.reference, longest=LONGEST_REFERENCE) if line.reference else ""
        if reference and (giver.email, reference) in self.known:
            return Planned(line, Status.KNOWN, giver, reference)
        before = self.lines_of.setdefault((giver.email, reference), line.number) if reference else line.number
        if before != line.number:
            return _bad(line, _("The same reference as in line %(line)s."), line=before)
        known = {name: line.facts.get(name) for name in ("bits", "ram_mb", "nic_mbit")}
        reason = None if self.choices.take_all else specs.why_not(specs.Facts(line.facts.get("cpu", ""), **known))
        return Planned(line, Status.DECLINED if reason else Status.NEW, giver, reference, reason=reason)

    def _giver(self, line: Line) -> Giver:
        """Return the donor of a line: the one that it names, else the one of the whole list."""
        chosen = emails.key(self.choices.email)
        email = emails.key(clean_email(line.email)) or chosen
        name = line.name or (self.choices.name if email == chosen else "") or email.partition("@")[0]
        organisation = clean_name(line.organisation, longest=LONGEST_NAME) if line.organisation else ""
        return Giver(email, clean_name(name, longest=LONGEST_NAME) if email else "", organisation)


def _bad(line: Line, text: str, /, **arguments: Any) -> Planned:
    return Planned(line, Status.BAD, why=Note(text, arguments))


def _serial(text: str) -> int:
    """Return the serial number of a computer's number; 0 where it is none."""
    try:
        return computer_numbers.read(text)
    except computer_numbers.BadNumber:
        return 0


# ---- write ----


@transaction.atomic
def carry_out(lines: Collection[Line], choices: Choices, *, by: User) -> Plan:
    """Write the computers of a list down. Returns what was done.

    Two who import at once wait for each other where they name the same donors. Raises Overtaken.
    """
    donors = _donors(plan(lines, choices).written)
    done = plan(lines, choices)  # again: whoever held these donors may have brought the same references
    now = timezone.now()
    donations = {
        email: Donation(donor=donors[email], handover=Donation.Handover.BRING, offered_at=now)
        for email in sorted({p.giver.email for p in done.written})
    }
    Donation.objects.bulk_create(donations.values(), batch_size=BATCH)
    computers = [_computer(planned, donations[planned.giver.email], choices, now) for planned in done.written]
    Computer.objects.bulk_create(computers, batch_size=BATCH)
    batches: dict[tuple[str, bool], uuid.UUID] = defaultdict(
        uuid.uuid4
    )  # of the last steps of a donor's computers: taken, and not accepted
    changes = [
        change
        for planned, computer in zip(done.written, computers, strict=True)
        for change in _changes(planned, computer, choices, batches[planned.giver.email, bool(planned.reason)], by, now)
    ]
    StateChange.objects.bulk_create(changes, batch_size=BATCH)
    if choices.tell:
        for (email, _is_declined), batch in batches.items():
            _tell(donations[email], batch, choices, now)
    detail = {"lines": len(done.lines), **done.counts, "state": choices.state}
    record(by=by, verb="import_computers", thing=Thing("computers", "", ""), detail=detail, is_own_recorded=True)
    return done


def _donors(written: Collection[Planned]) -> dict[str, Donor]:
    """Find or make the donors of these lines, and lock them. One who is here keeps their name."""
    first: dict[str, Giver] = {}
    for planned in written:
        first.setdefault(planned.giver.email, planned.giver)
    # In the order of their addresses: two lists that name the same new donors wait for each other, never both ways.
    new = [Donor(email=g.email, name=g.name, organisation=g.organisation) for _email, g in sorted(first.items())]
    Donor.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
    rows = Donor.objects.select_for_update().filter(email__in=first).order_by("pk")
    donors = {donor.email: donor for donor in rows}
    if len(donors) < len(first):
        raise Overtaken(_("A donor of this list was erased just now. Check the list again."))
    return donors


def _computer(planned: Planned, donation: Donation, choices: Choices, now: datetime) -> Computer:
    line = planned.line
    state, reason = (State.DECLINED, planned.reason or "") if planned.reason else (State(choices.state), "")
    return Computer(
        donation=donation, reference=planned.reference, state=state, state_since=now, reason=reason, **line.facts
    )


def _changes(
    planned: Planned, computer: Computer, choices: Choices, last: uuid.UUID, by: User, now: datetime
) -> list[StateChange]:
    """Return the steps from the offer to where it is; the last ones of a donor's computers are one batch, which can be taken back."""
    way = [State.DECLINED] if planned.reason else WAYS[State(choices.state)]
    facts: dict[str, Any] = {"computer": computer, "at": now}
    rows = [StateChange(to_state=State.OFFERED, note=planned.line.note, by=by, **facts)]
    for to in way:
        is_weighed = to == State.RECEIVED and computer.grams
        # The list knew the weight before: taking the step back does not take it away.
        weighed = {"grams": computer.grams, "grams_before": computer.grams} if is_weighed else {}
        before = rows[-1].to_state
        rows.append(StateChange(from_state=before, to_state=to, by=by, reason=planned.reason or "", **weighed, **facts))
    if way:
        rows[-1].batch = last
    return rows


def _tell(donation: Donation, batch: uuid.UUID, choices: Choices, now: datetime) -> None:
    """Mail the donor what was written down: of an offer at once, of a step when it can no longer be taken back."""
    if choices.state == State.OFFERED:
        mails.tell_of_offer(donation, now)
    else:
        mails.tell_of_step(donation, batch, now=now, not_before=now + UNDO)
