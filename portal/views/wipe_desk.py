"""Disks and certificates at the desk: record, change and remove a disk, issue and withdraw a certificate, look at evidence."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lib.notes import Refusal
from nodes.files.file_store import NoRoom
from nodes.models import Computer, DiskWipe, MeasuredDisk, WipeCertificate, WipeEvidence
from nodes.step_checks import BadInput
from nodes.wiping import certificates, disks, evidence
from nodes.wiping.evidence import BadEvidence, Evidence
from portal import access, stored_files
from portal.access import only
from portal.forms.wipe_forms import WipeForm, WithdrawForm, known, likely
from portal.once import once_per_form
from portal.presenters.measured_computer import of_measured_disk
from portal.sent_photos import name_of
from portal.signed_in import SignedIn
from portal.views import desk

MOST_BYTES = 42_000_000  # of a form: two files of the largest kind


@only("change", Computer)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def add(request: SignedIn, pk: int) -> HttpResponse:
    """Record what was done to a disk."""
    row = DiskWipe(computer=_computer(request, pk), operator_name=request.user.shown_name)
    if request.method == "GET":
        return _disk_page(
            request, WipeForm(row=row, initial={**likely(row.computer), **_measured(request, row.computer)})
        )
    form = WipeForm(request.POST, row=row)
    return _write(
        request, form, lambda files: disks.add(computer=row.computer, by=request.user, files=files, **form.cleaned_data)
    )


def _measured(request: SignedIn, computer: Computer) -> dict[str, Any]:
    """Return what is known of the measured disk that the address names; {} where it names none of this computer."""
    typed = request.GET.get("disk", "")
    rows = MeasuredDisk.objects.select_related("measurement").filter(measurement__computer=computer)
    disk = rows.filter(pk=typed).first() if typed.isascii() and typed.isdigit() and len(typed) < 10 else None
    return of_measured_disk(disk) if disk else {}


@only("change", Computer)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def change(request: SignedIn, pk: int, disk: int) -> HttpResponse:
    """Correct the record of a disk that stands on no certificate."""
    row = get_object_or_404(DiskWipe.objects.select_related("computer"), computer=_computer(request, pk), pk=disk)
    try:
        row = disks.reread(row)
    except Refusal as refusal:  # somebody has issued the certificate meanwhile
        messages.error(request, str(refusal))
        return redirect("desk-computer", pk)
    if request.method == "GET":
        return _disk_page(request, WipeForm(row=row, initial=known(row)))
    form = WipeForm(request.POST, row=row)
    without = [each for each in row.evidence.all() if str(each.pk) in request.POST.getlist("without")]
    return _write(
        request, form, lambda files: disks.change(disk=row, by=request.user, files=files, without=without, **form.cleaned_data)
    )  # fmt: skip


def _write(request: SignedIn, form: WipeForm, act: Any) -> HttpResponse:
    """Carry out what a form says; where it cannot be, show the form again with all that is wrong."""
    files, faults = _evidence(request)
    if not form.is_valid() or faults:
        return _disk_page(request, form, faults, status=400)
    try:
        act(files)
    except BadInput as refusal:
        form.add_error(refusal.field, str(refusal))
        return _disk_page(request, form, status=refusal.status)
    except (NoRoom, BadEvidence) as refusal:
        return _disk_page(request, form, [str(refusal)], status=refusal.status)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The disk is recorded."))
    return redirect("desk-computer", form.row.computer.pk)


def _evidence(request: SignedIn) -> tuple[list[Evidence], list[str]]:
    """Read the files of a form. Returns those that are good, and a sentence for each that is not."""
    files, faults = list[Evidence](), list[str]()
    sent = [file for file in request.FILES.getlist("evidence") if isinstance(file, UploadedFile) and file.name]
    for file in sent[: evidence.MOST + 1]:  # one too many is refused with the others
        try:
            files.append(evidence.read(file.name or "", file.read(evidence.MOST_BYTES + 1)))
        except Refusal as refusal:
            faults.append(f"{name_of(file)}: {refusal}")
    return files, faults


def _disk_page(request: SignedIn, form: WipeForm, faults: Sequence[str] = (), status: int = 200) -> HttpResponse:
    context = {
        "form": form, "computer": form.row.computer, "disk": form.row, "evidence_faults": faults, "most": evidence.MOST,
        "evidence": form.row.evidence.all() if form.row.pk else (), "asked_without": request.POST.getlist("without"),
        "choose_again": bool(request.FILES) and status != 200,
    }  # fmt: skip
    return render(request, "desk/disk.html", context, status=status)


@only("change", Computer)
@require_POST
@never_cache
def remove(request: SignedIn, pk: int, disk: int) -> HttpResponse:
    """Remove the record of a disk that stands on no certificate; one that is gone stays gone."""
    row = DiskWipe.objects.filter(computer=_computer(request, pk), pk=disk).select_related("computer").first()
    try:
        if row is not None:
            disks.remove(disk=row, by=request.user)
        messages.success(request, _("The record of the disk is removed."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("desk-computer", pk)


@only("change", Computer)
@require_POST
@never_cache
def issue(request: SignedIn, pk: int) -> HttpResponse:
    """Issue the certificate of the disks that wait for one; a second press finds none."""
    row = _computer(request, pk)
    try:
        made = certificates.issue(computer=row, by=request.user)
    except Refusal as refusal:
        return desk.computer_page(request, pk, status=refusal.status, refusal=str(refusal))
    messages.success(request, _("Certificate %(number)s is issued.") % {"number": made.number})
    return redirect("desk-computer", pk)


@only("change", Computer)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def withdraw(request: SignedIn, pk: int, certificate: int) -> HttpResponse:
    """Ask why a certificate is withdrawn, and withdraw it."""
    rows = access.visible(request.user, WipeCertificate).select_related("computer")
    row = get_object_or_404(rows, pk=certificate, computer=pk)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        context = {"form": form, "certificate": row, "computer": row.computer}
        return render(request, "desk/withdraw_certificate.html", context, status=400 if form.errors else 200)
    try:
        certificates.withdraw(certificate=row, by=request.user, **form.cleaned_data)
        messages.success(request, _("Certificate %(number)s is withdrawn.") % {"number": row.number})
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("desk-computer", pk)


@only("change", Computer)  # type: ignore[arg-type]  # a file is sent in parts
@require_GET
@never_cache
def file(request: SignedIn, pk: int, evidence: int) -> HttpResponseBase:
    """Send a file of evidence, to be downloaded: nothing in it is shown by us."""
    rows = WipeEvidence.objects.filter(disk__computer=_computer(request, pk)).select_related("file")
    row = get_object_or_404(rows, pk=evidence)
    return stored_files.answer(row.file, row.name)


def _computer(request: SignedIn, pk: int) -> Computer:
    found: Computer = get_object_or_404(access.visible(request.user, Computer), pk=pk)
    return found
