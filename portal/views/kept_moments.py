"""The kept moments of a machine: keep one, go back to one, delete one."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lib.notes import Refusal
from machines import moment_share, moments
from machines.models import DiskImage, Machine
from portal.forms.moment_form import MomentForm
from portal.once import once_per_form
from portal.presenters.quota_ways import ways_for
from portal.presenters.show_machines import show
from portal.signed_in import SignedIn
from portal.views.machine_page import find, machine_url
from quotas.actions import OverQuota, usage
from quotas.sentences import plainly, sentence


@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def page(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show the moments; keep one more."""
    row = find(request, pk, "moments")
    if request.method == "GET":
        return _page(request, row, MomentForm())
    form = MomentForm(request.POST)
    try:
        moment = moments.keep(machine=row, name=request.POST.get("name", ""), by=request.user)
    except Refusal as refusal:
        form.add_error("name" if refusal.code == "bad_name" else None, str(refusal))
        return _page(request, row, form, refusal)
    messages.success(request, _("The copy of “%(title)s” has begun. You may go on working.") % {"title": moment.title})
    return redirect("machine-moments", row.pk)


@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def restore(request: SignedIn, pk: UUID, number: int) -> HttpResponse:
    """Ask, then go back to a moment."""
    row = find(request, pk, "moments")
    moment = _found(row, number)
    if request.method == "GET":
        why_not = _(moments.why_not_restore(row, moment))
        context = {"s": show(row, request.user), "moment": moment, "why_not": why_not}
        return render(request, "machines/moment_restore.html", context)
    try:
        moments.restore(machine=row, number=number, by=request.user)
    except Refusal as refusal:
        return _refused(request, row, refusal)
    return redirect(machine_url(row))


@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def delete(request: SignedIn, pk: UUID, number: int) -> HttpResponse:
    """Ask, then delete a moment."""
    row = find(request, pk, "moments")
    moment = _found(row, number)
    if request.method == "GET":
        return render(request, "machines/moment_delete.html", {"s": show(row, request.user), "moment": moment})
    try:
        moments.delete(machine=row, number=number, by=request.user)
    except Refusal as refusal:
        return _refused(request, row, refusal)
    messages.success(request, _("“%(title)s” is deleted.") % {"title": moment.title})
    return redirect("machine-moments", row.pk)


def _found(row: Machine, number: int) -> DiskImage:
    try:
        return moments.find(row, number)
    except moments.NoSuchMoment as refusal:
        raise Http404(str(refusal)) from refusal


def _refused(request: SignedIn, row: Machine, refusal: Refusal) -> HttpResponse:
    messages.error(request, str(refusal))
    return _page(request, row, MomentForm(), refusal)


def _page(request: SignedIn, row: Machine, form: MomentForm, refusal: Refusal | None = None) -> HttpResponse:
    if refusal:
        row = Machine.objects.with_parts().get(pk=row.pk)
    kept, lacks = moments.of(row), moment_share.lacks(row)
    why_not = moments.why_not_keep(row)
    lacking = refusal.lacks if isinstance(refusal, OverQuota) else [] if why_not else lacks
    context = {
        "s": show(row, request.user),
        "form": form,
        "moments": [(moment, moments.is_in_use(row, moment)) for moment in kept],
        "most": moments.MOST,
        "takes": plainly("archive_gb", moment_share.at_most(row).archive_gb),
        "why_not": why_not,
        "no_room": sentence(lacks[0], row.owner_for(request.user)) if lacks and not why_not else "",
        "ways": ways_for(request.user, row.owner, lacking, but=row) if lacking else None,
        "usage": usage(row.owner),
        "is_moving": any(moment.state == "due" for moment in kept) or row.resets_asked != row.resets_done,
    }
    return render(request, "machines/moments.html", context, status=refusal.status if refusal else 200)
