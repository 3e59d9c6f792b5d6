"""Say why computers cannot take a step. Their rows are locked."""

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal, moment
from nodes import states
from nodes.models import Computer, WipeCertificate
from nodes.states import Reason, State, Uncertified


class BadInput(Refusal):
    """Something that is lacking or cannot be, at `field`: the name of an argument of the action."""

    status = 400
    code = "invalid"

    def __init__(self, text: str, args: dict[str, Any] | None = None, *, field: str) -> None:
        super().__init__(text, args)
        self.field = field


class OutOfOrder(Refusal):
    """The state of the computer does not allow the step: somebody was faster, or the page is old."""

    code = "out_of_order"


def check(to: State, computers: Collection[Computer], from_state: str | None, reason: str, disks: str = "") -> None:
    """Refuse a step that does not follow, or lacks its reason. Raises OutOfOrder, BadInput."""
    for computer in computers:
        if to not in states.MOVES[computer.state] or from_state not in (None, computer.state):
            raise _out_of_order(computer)
    if to == State.DECLINED and reason not in Reason.values:
        raise BadInput(_("Say why it is not accepted: the donor reads it."), field="reason")
    if disks not in ("", *Uncertified.values) or (disks and to != State.WIPED):
        raise BadInput(_("Choose one of these."), field="disks")


def check_gets_parts(used_for: Computer, computers: Collection[Computer]) -> None:
    """Refuse parts for a computer that is one of these, is not here, or is in pieces itself. Raises BadInput."""
    if used_for in computers:
        raise BadInput(_("A computer cannot be used for parts of itself."), field="used_for")
    if used_for.state not in states.HERE:
        raise BadInput(_("That computer is not here, or is no longer whole: it cannot get parts."), field="used_for")


def uncertified(computers: Collection[Computer], to: State, disks: str) -> dict[int, str]:
    """Return why there is no certificate of those of these computers, by key, that are wiped for the first time without one."""
    new = {computer.pk for computer in computers if (computer.state, to) == (State.RECEIVED, State.WIPED)}
    valid = (
        WipeCertificate.objects.filter(computer__in=new, withdrawn_at=None) if new else WipeCertificate.objects.none()
    )
    without = new - set(valid.values_list("computer_id", flat=True))
    return dict.fromkeys(without, disks or Uncertified.NO_CERTIFICATE)


def _out_of_order(computer: Computer) -> OutOfOrder:
    """Say what the computer is by now, who recorded that, and when."""
    last = computer.changes.select_related("by").first()
    facts: dict[str, Any] = {"number": computer.number, "state": states.in_languages(State(computer.state))}
    if last is None or last.by is None:
        return OutOfOrder(_("%(number)s is “%(state)s” by now, so this step does not follow. Look at it again."), facts)
    text = _("%(number)s is “%(state)s” by now: %(who)s recorded it (%(when)s). Look at it again.")
    return OutOfOrder(text, {**facts, "who": last.by.short_name, "when": moment(last.at)})
