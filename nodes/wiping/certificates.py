"""Issue a certificate of the disks that are recorded, and withdraw one.

The step of the computer and the certificate are two things: a certificate says what became of disks, whatever step is taken or taken back.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.models import User
from lib.notes import Refusal
from nodes.models import Computer
from nodes.step_checks import BadInput
from nodes.wiping import disk_checks, evidence
from nodes.wiping.disks import lock, note
from nodes.wiping.media import Result
from nodes.wiping.models import DiskWipe, WipeCertificate


class NothingToCertify(Refusal):
    """No disk is recorded that stands on no certificate: somebody was faster, or none was recorded."""

    code = "nothing_to_certify"


class FailedDisk(Refusal):
    """The wipe of a disk failed, and it is not destroyed yet."""

    code = "failed_disk"


class WithdrawnAlready(Refusal):
    """The refusal to withdraw what is withdrawn."""

    code = "withdrawn_already"


@transaction.atomic
def issue(*, computer: Computer, by: User) -> WipeCertificate:
    """Issue a certificate of all disks that are recorded and stand on none. Raises NothingToCertify, FailedDisk."""
    locked = lock(computer)
    rows = list(locked.disk_wipes.filter(certificate=None))
    if not rows:
        raise NothingToCertify(_("No disk waits for a certificate: record one first, or look at the page again."))
    if failed := undestroyed(rows):
        text = _("The wipe of disk %(serial)s failed: destroy it, and record that, before the certificate is issued.")
        raise FailedDisk(text, {"serial": failed[0].serial})
    facts = {"kind": locked.kind, "model": locked.model, "issuer_name": by.shown_name[:200]}
    certificate = WipeCertificate.objects.create(computer=locked, issued_by=by, **facts)
    DiskWipe.objects.filter(pk__in=[row.pk for row in rows]).update(certificate=certificate)
    note(by, "issue_certificate", locked, shown=certificate.number)
    return certificate


def successor(certificate: WipeCertificate) -> WipeCertificate | None:
    """Return the certificate on which the disks of one that was withdrawn were certified anew; None where there is none yet."""
    return WipeCertificate.objects.filter(disks__anew_of__certificate=certificate).order_by("pk").first()


def predecessors(certificate: WipeCertificate) -> list[WipeCertificate]:
    """Return the certificates that were withdrawn and whose disks stand on this one."""
    rows = WipeCertificate.objects.filter(disks__anew__certificate=certificate)
    return list(rows.distinct().order_by("pk"))


def undestroyed(rows: list[DiskWipe]) -> list[DiskWipe]:
    """Return the records of disks whose wipe failed and which were not destroyed after it."""
    destroyed = {row.serial.casefold() for row in rows if disk_checks.is_destroyed(row)}
    return [row for row in rows if row.result == Result.FAILED and row.serial.casefold() not in destroyed]


@transaction.atomic
def withdraw(*, certificate: WipeCertificate, by: User, reason: str, again: bool = True) -> None:
    """Withdraw a certificate: whoever checks its number reads that. Raises BadInput without a reason, WithdrawnAlready.

    again: its disks are recorded anew, with the same facts and evidence, to be corrected and certified.
    """
    if not reason:
        raise BadInput(_("Say why it is withdrawn: whoever has the paper may ask."), field="reason")
    locked = lock(certificate.computer)
    row = WipeCertificate.objects.select_related("withdrawn_by").get(pk=certificate.pk)
    if row.withdrawn_at is not None:
        who = row.withdrawn_by.short_name if row.withdrawn_by else "?"
        raise WithdrawnAlready(_("%(who)s has withdrawn this certificate already."), {"who": who})
    row.withdrawn_at, row.withdrawn_by, row.withdrawn_reason = timezone.now(), by, reason
    row.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    for disk in row.disks.all() if again else ():
        _record_anew(disk)
    note(by, "withdraw_certificate", locked, shown=row.number, note=reason)


def _record_anew(disk: DiskWipe) -> None:
    before = DiskWipe.objects.get(pk=disk.pk)
    disk.pk, disk.certificate, disk.recorded_at = None, None, timezone.now()
    disk._state.adding, disk.anew_of = True, before
    disk.save(force_insert=True)
    evidence.copy(before, disk)
