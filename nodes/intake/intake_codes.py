"""Make and withdraw the code by which a computer says once what it is, and take what it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import limits
from accounts.audit.trail import Thing, record
from accounts.models import User
from lib.notes import Refusal
from nodes.intake import code_text, machine_facts, measurements, typed_report
from nodes.intake.models import IntakeCode, Measurement
from nodes.models import Computer
from nodes.states import State

NEVER = frozenset({State.OFFERED, State.DECLINED, State.LOST, State.RECYCLED})  # nobody measures it here


class NotMeasured(Refusal):
    """The computer is none that somebody could measure."""

    code = "out_of_order"


class BadCode(Refusal):
    """Wrong, used, expired or withdrawn: nobody learns which."""

    status = 403
    code = "bad_code"


class NotOpen(Refusal):
    """The refusal to withdraw a code that does not work any more."""

    code = "not_open"


@dataclass(frozen=True, slots=True)
class Made:
    """A code in clear, which is kept nowhere, and its row."""

    code: str
    row: IntakeCode


@transaction.atomic
def make(*, computer: Computer, by: User) -> Made:
    """Make a code for a computer. One that was made before works no longer. Raises NotMeasured."""
    locked, now = _locked(computer.pk), timezone.now()
    locked.intake_codes.filter(used_at=None, withdrawn_at=None).update(withdrawn_at=now)
    text, ends = code_text.make(), now + timedelta(days=settings.INTAKE_CODE_DAYS)
    row = IntakeCode.objects.create(
        computer=locked, digest=code_text.digest(text), made_at=now, made_by=by, expires_at=ends
    )
    _note(by, "make_intake_code", locked)
    return Made(text, row)


@transaction.atomic
def withdraw(*, code: IntakeCode, by: User) -> None:
    """Make a code work no longer. Raises NotOpen for one that was used, has ended, or was withdrawn or replaced."""
    locked, now = Computer.objects.select_for_update(of=("self",)).get(pk=code.computer_id), timezone.now()
    still_open = locked.intake_codes.filter(pk=code.pk, used_at=None, withdrawn_at=None, expires_at__gt=now)
    if not still_open.update(withdrawn_at=now, withdrawn_by=by):
        raise NotOpen(_("This code did not work any more: it was used, or withdrawn, or its time was over."))
    _note(by, "withdraw_intake_code", locked)


def open_code(computer: Computer) -> IntakeCode | None:
    """Return the code of a computer that still works, or None."""
    return computer.intake_codes.filter(used_at=None, withdrawn_at=None, expires_at__gt=timezone.now()).first()


def is_open(computer: Computer, text: str) -> bool:
    """Say whether a code in clear is the one of this computer that still works."""
    row = open_code(computer)
    return row is not None and row.digest == code_text.digest(text)


def use(*, code: str, facts: Mapping[str, Any], address: str) -> Measurement:
    """Take what a program says of the computer whose code it has, once. Facts that cannot be leave the code as it is.

    address: from which it comes, '' where it is unknown. Not inside a transaction that a refusal rolls back: failures are counted.
    Raises BadFacts, BadCode, limits.TooManyCodes.
    """
    found = machine_facts.read(facts)
    with limits.intake_code(address):
        return _use(code, found)


@transaction.atomic
def _use(code: str, found: machine_facts.MachineFacts) -> Measurement:
    digest, now = code_text.digest(code), timezone.now()
    # Of codes that do not work any more no trace is looked for: they take as long as wrong ones.
    still_open = IntakeCode.objects.filter(digest=digest, used_at=None, withdrawn_at=None, expires_at__gt=now)
    row = still_open.first()
    computer = Computer.objects.select_for_update(of=("self",)).get(pk=row.computer_id) if row else None
    if row is None or computer is None or computer.state in NEVER or not still_open.update(used_at=now):
        raise BadCode(_("This code does not work (any more). Make a new one on the computer's page."))
    return measurements.write(computer, found, at=now, code=row)


@transaction.atomic
def take_text(*, computer: Computer, text: str, by: User) -> Measurement:
    """Take the text that the program shows without a network, as staff typed it. Raises BadText, NotMeasured."""
    found = typed_report.read(text)
    locked = _locked(computer.pk)
    _note(by, "type_measurement", locked)
    return measurements.write(locked, found, at=timezone.now(), by=by)


def _locked(pk: int) -> Computer:
    computer = Computer.objects.select_for_update(of=("self",)).get(pk=pk)
    if computer.state in NEVER:
        raise NotMeasured(_("Only a computer that comes, or is here, is measured."))
    return computer


def _note(by: User, verb: str, computer: Computer) -> None:
    record(by=by, verb=verb, thing=Thing("computer", computer.pk, computer.number), is_own_recorded=True)
