"""Record what was done to the disks of a computer, and change or remove a record until it stands on a certificate."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import User
from lib.notes import Refusal
from nodes.models import Computer
from nodes.states import HERE, State
from nodes.step_checks import BadInput
from nodes.wiping import disk_checks, evidence
from nodes.wiping.evidence import Evidence
from nodes.wiping.models import DiskWipe, WipeEvidence

MOST = 24  # records of a computer that stand on no certificate yet
FIELDS = (
    "media", "serial", "size_gb", "computer_serial", "method", "technique", "own_technique", "tool", "tool_version", "started_at", "ended_at",
    "result", "retries", "verification", "validation", "second_person",
)  # fmt: skip
WHERE = HERE | {State.PARTS}  # states in which its disks are here


class NotHere(Refusal):
    """The computer has not come, or is gone: nobody wiped its disks here."""

    code = "out_of_order"


class Certified(Refusal):
    """The record stands on a certificate, so it stays as it is."""

    code = "certified"


def counting(computer: Computer) -> "QuerySet[DiskWipe]":
    """Select the records of a computer that count: those of certificates that were withdrawn do not."""
    return computer.disk_wipes.filter(Q(certificate=None) | Q(certificate__withdrawn_at=None))


@transaction.atomic
def add(*, computer: Computer, by: User, files: Sequence[Evidence] = (), **facts: Any) -> DiskWipe:
    """Record what was done to a disk, with its evidence, all or nothing. by: whoever did it.

    facts: by the names of FIELDS. Raises BadInput, NotHere, BadEvidence, NoRoom.
    """
    locked = lock(computer)
    _check_here(locked)
    if locked.disk_wipes.filter(certificate=None).count() >= MOST:
        text = _("At most %(most)s disks on a certificate. Issue it, then record the others.")
        raise BadInput(text, {"most": MOST}, field="serial")
    row = DiskWipe(computer=locked, operator=by, operator_name=by.shown_name[:200], **facts)
    _check(row)
    row.save(force_insert=True)
    evidence.keep(row, files, by)
    note(by, "record_disk_wipe", locked)
    return row


@transaction.atomic
def change(
    *, disk: DiskWipe, by: User, files: Sequence[Evidence] = (), without: Collection[WipeEvidence] = (), **facts: Any
) -> DiskWipe:
    """Correct a record that stands on no certificate, add evidence and take some out. Who did the wipe stays.

    Raises Certified, BadInput, BadEvidence, NoRoom.
    """
    locked = lock(disk.computer)
    row = reread(disk)
    for name, value in facts.items():
        setattr(row, name, value)
    _check(row)
    row.save(update_fields=list(facts))
    evidence.remove(list(row.evidence.filter(pk__in=[each.pk for each in without]).select_related("file")))
    evidence.keep(row, files, by)
    note(by, "change_disk_wipe", locked)
    return row


@transaction.atomic
def remove(*, disk: DiskWipe, by: User) -> None:
    """Remove a record that stands on no certificate. One that is gone already stays gone. Raises Certified."""
    locked = lock(disk.computer)
    if not DiskWipe.objects.filter(pk=disk.pk).exists():
        return
    row = reread(disk)
    evidence.remove(list(row.evidence.select_related("file")))
    row.delete()
    note(by, "remove_disk_wipe", locked)


def lock(computer: Computer) -> Computer:
    """Lock a computer: its records and certificates are changed by one at a time."""
    return Computer.objects.select_for_update(of=("self",)).get(pk=computer.pk)


def note(by: User, verb: str, computer: Computer, **detail: Any) -> None:
    """Write it into the audit log."""
    thing = Thing("computer", computer.pk, computer.number)
    record(by=by, verb=verb, thing=thing, detail=detail, is_own_recorded=True)


def reread(disk: DiskWipe) -> DiskWipe:
    """Read a record again, which must stand on no certificate. Raises Certified."""
    row = DiskWipe.objects.select_related("certificate").filter(pk=disk.pk).first()
    if row is None:
        raise Certified(_("This disk is no longer recorded here. Look at the page again."))
    if row.certificate is not None:
        text = _("This disk is on certificate %(number)s. Withdraw that first, then correct it.")
        raise Certified(text, {"number": row.certificate.number})
    return row


def _check_here(computer: Computer) -> None:
    if computer.state not in WHERE:
        raise NotHere(_("Disks are recorded once the computer is here, and as long as it is."))


def _check(row: DiskWipe) -> None:
    found = disk_checks.faults(row, counting(row.computer), timezone.now())
    for field, fault in found.items():
        raise BadInput(fault.text, fault.args, field=field)
