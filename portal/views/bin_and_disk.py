"""A machine into the recycle bin, and its disk as a file to take home."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lib.notes import Refusal
from machines import actions, disk_images
from machines.idle import times
from portal import downloads
from portal.once import once_per_form
from portal.presenters.machine_tabs import SETTINGS
from portal.presenters.recycle_bin import Binned
from portal.presenters.show_machines import show
from portal.signed_in import SignedIn
from portal.views.machine_page import find, machine_page, machine_url


@require_POST
@once_per_form
def bin(request: SignedIn, pk: UUID) -> HttpResponse:
    row = find(request, pk, "bin")
    try:
        row = actions.bin(machine=row, by=request.user)
    except Refusal as refusal:
        return machine_page(request, row, refusal=refusal)
    if row.binned_at is None:  # nothing was in it
        return redirect(machine_url(row))
    until = times.written(Binned(row).goes_at, "DATETIME_FORMAT")
    text = _("Until %(until)s “%(name)s” stays in the recycle bin, which you find at the end of this page.")
    messages.success(request, text % {"name": row.name, "until": until})
    return redirect("machines")


@require_POST
@once_per_form
def copy(request: SignedIn, pk: UUID) -> HttpResponse:
    """Ask for an image of its disk."""
    row = find(request, pk, "copy")
    try:
        disk_images.request(machine=row, by=request.user)
    except Refusal as refusal:
        return machine_page(request, row, SETTINGS, refusal=refusal)
    return redirect(f"{machine_url(row, SETTINGS)}#work")


@require_GET
@never_cache
def work(request: SignedIn, pk: UUID) -> HttpResponse:
    """Answer the panel of its disk, which asks for itself while an image is being made."""
    row = find(request, pk)
    return render(
        request, "machines/_disk.html", {"s": show(row, request.user), "disk_image": disk_images.current(row)}
    )


@require_http_methods(["GET", "HEAD"])
def disk(request: SignedIn, pk: UUID) -> HttpResponseBase:
    """Send the image's bytes, from anywhere in it."""
    row = find(request, pk, "download")
    try:
        return downloads.serve(request, downloads.disk_of(row, by=request.user))
    except Refusal as refusal:
        return machine_page(request, row, refusal=refusal)
