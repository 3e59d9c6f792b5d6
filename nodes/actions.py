"""Write down an offer, the steps of its computers, that one was taken back, and what the donor says of the list.

Staff act alone or side by side: a step names the state from which it starts, and the second of two who press at once is told.
"""

import logging
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.donors import donor_rows
from accounts.models import Donor, User
from lib.notes import Refusal
from nodes import fact_bounds, mails, overtaking, specs, states, step_checks
from nodes.hypervisors import ties
from nodes.models import Computer, Donation, StateChange
from nodes.states import Reason, State
from nodes.step_checks import BadInput as BadInput
from nodes.step_checks import OutOfOrder as OutOfOrder

log = logging.getLogger(__name__)

UNDO = timedelta(minutes=10)  # in which a step can be taken back; the mail about it waits for so long
MOST_COMPUTERS = 20  # of one offer


class NotUndoable(Refusal):
    """Too late, undone already, or not the last step of its computer."""

    code = "not_undoable"


class NothingToConfirm(Refusal):
    """Nothing has been received yet, or something is still on its way."""

    code = "nothing_to_confirm"


@dataclass(frozen=True, slots=True)
class Offered:
    """A computer as its donor describes it. Units as in nodes.models.Computer; None: not known."""

    kind: str
    model: str = ""
    cpu: str = ""
    bits: int | None = None
    ram_mb: int | None = None
    disk_gb: int | None = None
    nic_mbit: int | None = None
    year: int | None = None

    @property
    def why_not(self) -> Reason | None:
        """Return why such a computer cannot help, or None."""
        return specs.why_not(self.facts)

    @property
    def facts(self) -> specs.Facts:
        return specs.Facts(self.cpu, self.bits, self.ram_mb, self.nic_mbit)


@transaction.atomic
def offer(
    *, donor: Donor, computers: Sequence[Offered], handover: str, message: str = "", sent_as: str | None = None
) -> Donation:
    """Write an offer down. Computers that cannot help are declined at once, with the reason. A mail brings the donor's link.

    sent_as: names the form; a second offer of that name breaks a constraint (nodes.donor_actions). Raises BadInput for none or more
    than MOST_COMPUTERS.
    """
    if not computers:
        raise BadInput(_("Describe at least one computer."), field="computers")
    if len(computers) > MOST_COMPUTERS:
        text = _("At most %(most)s computers at a time. Offer the others afterwards.")
        raise BadInput(text, {"most": MOST_COMPUTERS}, field="computers")
    now, batch = timezone.now(), uuid.uuid4()
    facts = {"handover": handover, "message": message, "sent_as": sent_as}
    donation = Donation.objects.create(donor=donor, offered_at=now, **facts)
    for offered in computers:
        computer = Computer.objects.create(donation=donation, state_since=now, **asdict(offered))
        StateChange.objects.create(computer=computer, at=now, to_state=State.OFFERED, batch=batch)
        if why_not := offered.why_not:
            _move(computer, State.DECLINED, by=None, now=now, batch=batch, reason=why_not)
    mails.tell_of_offer(donation, now)
    log.info("%s: %s computers offered", donation.number, len(computers))
    return donation


@transaction.atomic
def step(
    *,
    computers: Collection[Computer],
    name: str,
    by: User,
    from_state: str | None = None,
    note: str = "",
    reason: str = "",
    grams: int | None = None,
    used_for: Computer | None = None,
    disks: str = "",
) -> uuid.UUID:
    """Take computers of one donation a step further, all or none, and return the batch, by which `undo` takes it back.

    name: of nodes.states.STEPS. from_state: the state in which whoever presses saw them; None: whatever it is. reason: of a decline.
    grams: what it weighs, when it is received. used_for: whose parts they become. disks: of states.Uncertified. Raises OutOfOrder, BadInput.
    """
    to, now, batch = states.STEPS[name].to, timezone.now(), uuid.uuid4()
    locked = _locked_with(computers, used_for)
    step_checks.check(to, locked, from_state, reason, disks)
    bare = step_checks.uncertified(locked, to, disks)
    reason, grams = reason if to == State.DECLINED else "", grams if to == State.RECEIVED else None
    _tell(locked, to, batch, now)
    for row in locked:
        _prepare(row, to, used_for)
        why = bare.get(row.pk, "")
        _move(row, to, by=by, now=now, batch=batch, reason=reason, note=note, grams=grams, disks=why)
        _record(by, f"{name}_computer", row, note)
    overtaking.overtake(locked)
    return batch


def _tell(computers: Sequence[Computer], to: State, batch: uuid.UUID, now: datetime) -> None:
    if any(states.is_told(row.state, to) for row in computers):
        mails.tell_of_step(computers[0].donation, batch, now=now, not_before=now + UNDO)


def _prepare(computer: Computer, to: State, used_for: Computer | None) -> None:
    """Write down what a step changes besides the state."""
    if (computer.state, to) == (State.ACCEPTED, State.RECEIVED):
        _ask_again(computer.donation_id)
    if to == State.PARTS:
        computer.used_for = used_for


def _locked_with(computers: Collection[Computer], used_for: Computer | None) -> list[Computer]:
    """Lock computers and the nodes that they are, together with the one that gets their parts. Raises BadInput where that one cannot."""
    ties.lock_nodes(row.pk for row in computers)
    rows = {row.pk: row for row in _locked([row.pk for row in (*computers, used_for) if row])}
    locked = [rows[pk] for pk in sorted({row.pk for row in computers})]
    if used_for is not None:
        step_checks.check_gets_parts(rows[used_for.pk], locked)
    return locked


def _record(by: User, verb: str, computer: Computer, note: str = "") -> None:
    thing = Thing("computer", computer.pk, computer.number)
    record(by=by, verb=verb, thing=thing, detail={"note": note} if note else {}, is_own_recorded=True)


def _locked(pks: Iterable[int]) -> list[Computer]:
    return list(Computer.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk"))


@transaction.atomic
def undo(*, batch: uuid.UUID, by: User) -> list[Computer]:
    """Take a step back, of all computers that it moved; the mail about it is not sent. Raises NotUndoable."""
    changes = list(StateChange.objects.filter(batch=batch).order_by("computer_id"))
    ties.lock_nodes(change.computer_id for change in changes)
    locked = {row.pk: row for row in _locked([change.computer_id for change in changes])}
    now, again = timezone.now(), uuid.uuid4()  # the wait for the locks counts
    _check_undoable(changes, now)
    if not mails.cancel_step(batch):
        raise NotUndoable(_("The donor has been told of it, so this step cannot be taken back."))
    for change in changes:
        computer = locked[change.computer_id]
        before = State(change.from_state)
        computer.used_for = None if change.to_state == State.PARTS else computer.used_for
        computer.grams = _grams_before(change, computer)
        if before == State.ACCEPTED:
            _ask_again(computer.donation_id)
        since, reason = _since_before(change), _reason_before(change)
        _move(computer, before, by=by, now=now, batch=again, reason=reason, undoes=change, since=since)
        if before in states.HERE and change.to_state not in states.HERE:
            ties.bring_back(computer, change.at, by=by, now=now)
        _record(by, "undo_computer_step", computer)
    overtaking.bring_back(locked.values(), now=now, wait=UNDO)
    return list(locked.values())


def _check_undoable(changes: Sequence[StateChange], now: datetime) -> None:
    if not changes or any(not change.from_state or change.undoes_id or change.by_id is None for change in changes):
        raise NotUndoable(_("There is no such step to take back."))
    if min(change.at for change in changes) + UNDO <= now:
        text = _("A step can be taken back for %(minutes)s minutes. Record the next step instead.")
        raise NotUndoable(text, {"minutes": UNDO // timedelta(minutes=1)})
    later = StateChange.objects.filter(computer__in=[change.computer_id for change in changes])
    if later.filter(pk__gt=max(change.pk for change in changes)).exists():
        raise NotUndoable(_("Something happened to it since, so this step cannot be taken back."))


def _grams_before(change: StateChange, computer: Computer) -> int | None:
    """Return what a computer weighed before a change. A weight that was corrected after it stays, where the computer was here before."""
    if change.grams is not None and change.grams == computer.grams:
        return change.grams_before
    return None if change.from_state == State.ACCEPTED else computer.grams  # not here: nobody has weighed it


def _since_before(change: StateChange) -> datetime:
    """Return since when a computer was in the state that it had before a change: a step that was taken back counts as none."""
    rows = StateChange.objects.filter(computer=change.computer_id, to_state=change.from_state, pk__lt=change.pk)
    found = rows.filter(undoes=None, undone_by=None).order_by("pk").last()
    return found.at if found else change.at


def _reason_before(change: StateChange) -> str:
    """Return the reason that a computer had before a change; '' unless it was declined."""
    if change.from_state != State.DECLINED:
        return ""
    declined = StateChange.objects.filter(computer=change.computer_id, to_state=State.DECLINED, pk__lt=change.pk)
    return declined.latest("pk").reason


def _move(
    computer: Computer,
    to: State,
    *,
    by: User | None,
    now: datetime,
    batch: uuid.UUID,
    reason: str = "",
    note: str = "",
    disks: str = "",
    undoes: StateChange | None = None,
    grams: int | None = None,
    since: datetime | None = None,
) -> None:
    """Write the new state of a locked or new row, and the change. grams: what it weighs, where it was weighed just now. since: not now."""
    facts: dict[str, Any] = {"from_state": computer.state, "to_state": to, "undoes": undoes}
    facts |= {"reason": reason, "note": note, "disks": disks}
    if grams is not None:
        facts |= {"grams": grams, "grams_before": computer.grams}
        computer.grams = grams
    StateChange.objects.create(computer=computer, at=now, by=by, batch=batch, **facts)
    computer.state, computer.state_since, computer.reason = to, since or now, reason
    computer.save(update_fields=["state", "state_since", "reason", "grams", "used_for"])
    if by and facts["from_state"] in states.HERE and to not in states.HERE:
        ties.end_of(computer, by=by, now=now)


@transaction.atomic
def correct(*, computer: Computer, by: User, **facts: Any) -> Computer:
    """Write down what a computer really is, by the names of fact_bounds.BOUNDS and fact_bounds.WORDS. Raises BadInput."""
    for field, value in facts.items():
        if note := fact_bounds.why_impossible(field, value):
            raise BadInput(note.text, note.args, field=field)
    [locked] = _locked([computer.pk])
    changed = [field for field, value in facts.items() if getattr(locked, field) != value]
    if changed:
        for field in changed:
            setattr(locked, field, facts[field])
        locked.save(update_fields=changed)
        thing = Thing("computer", locked.pk, locked.number)
        record(by=by, verb="correct_computer", thing=thing, detail={"fields": changed}, is_own_recorded=True)
    return locked


@transaction.atomic
def confirm(*, donation: Donation, is_right: bool, note: str = "") -> None:
    """Write down what the donor says of the list of what was received; they may change their mind.

    Raises BadInput without a note for what is wrong, NothingToConfirm while something is awaited.
    """
    if not is_to_confirm(_locked(donation.computers.values_list("pk", flat=True))):
        raise NothingToConfirm(_("There is no list to confirm yet: something is still on its way."))
    if not is_right and not note:
        raise BadInput(_("Say what is missing or too much."), field="note")
    answer = Donation.Confirmed.YES if is_right else Donation.Confirmed.NO
    facts = {"confirmed": answer, "confirmed_at": timezone.now(), "confirm_note": "" if is_right else note}
    Donation.objects.filter(pk=donation.pk).update(**facts)
    donor_rows.verify(donation.donor)  # after the donation, as where a donor is erased


def _ask_again(donation: int) -> None:
    """Forget what the donor said of the list of what was received: it is another list now."""
    facts = {"confirmed": Donation.Confirmed.OPEN, "confirmed_at": None, "confirm_note": ""}
    Donation.objects.filter(pk=donation).exclude(confirmed=Donation.Confirmed.OPEN).update(**facts)


def is_to_confirm(computers: Collection[Computer]) -> bool:
    """Say whether there is a list to confirm: something has been received, and nothing is still on its way."""
    states_of = {computer.state for computer in computers}
    return bool(states_of - {State.OFFERED, State.ACCEPTED, State.DECLINED}) and State.ACCEPTED not in states_of
