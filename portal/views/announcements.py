"""Announcements: written, changed and ended by administrators; dismissed by whoever has read one."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.announcements import writing
from accounts.announcements.current import Current
from accounts.announcements.writing import IsOver
from accounts.models import Announcement
from lib.seen import ChangedByOthers, fingerprint
from portal import access
from portal.access import only
from portal.forms.announcement_form import AnnouncementForm
from portal.next_page import next_page
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.signed_in import SignedIn

ON_A_PAGE = 20


@only("change", Announcement)
@require_GET
@never_cache
def announcements(request: SignedIn) -> HttpResponse:
    """List those that run and those to come, and page by page those that are over."""
    now, rows = timezone.now(), access.visible(request.user, Announcement).select_related("made_by")
    page = page_of(request, rows.over(now).order_by("-ends_at", "-pk"), ON_A_PAGE)
    context = {"running": rows.running(now), "to_come": rows.to_come(now).order_by("starts_at", "pk"), "page": page}
    return render(request, "announcements/list.html", context)


@only("change", Announcement)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def new(request: SignedIn) -> HttpResponse:
    """Write an announcement; show how people will read it; publish it."""
    if request.method == "GET":
        return _form_page(request, AnnouncementForm())
    form = AnnouncementForm(request.POST)
    if not _is_good(form):
        return _form_page(request, form, status=400)
    if "preview" in request.POST:
        return _form_page(request, form, preview=_previewed(form))
    writing.announce(by=request.user, **form.cleaned_data)
    messages.success(request, _("The announcement is published."))
    return redirect("announcements")


@only("change", Announcement)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def change(request: SignedIn, pk: int) -> HttpResponse:
    """Change an announcement that is not over."""
    row = _found(request, pk)
    if row.is_over(timezone.now()):
        messages.info(request, _("This announcement is over. Write a new one."))
        return redirect("announcements")
    now = fingerprint(row, writing.COLUMNS)
    seen = request.POST.get("seen", now)
    if request.method == "GET":
        return _form_page(request, AnnouncementForm.of(row), row, seen=seen)
    form = AnnouncementForm(request.POST, row=row)
    if not _is_good(form):
        return _form_page(request, form, row, status=400, seen=seen)
    if "preview" in request.POST:
        return _form_page(request, form, row, preview=_previewed(form), seen=seen)
    try:
        writing.change(announcement=row, by=request.user, seen=seen, **form.cleaned_data)
    except ChangedByOthers as refusal:
        form.add_error(None, str(refusal))
        return _form_page(request, form, row, status=refusal.status, seen=now)
    except IsOver as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The announcement has been changed."))
    return redirect("announcements")


@only("change", Announcement)
@require_POST
@never_cache
@once_per_form
def end(request: SignedIn, pk: int) -> HttpResponse:
    """End an announcement now; remove one that has not begun."""
    writing.end(announcement=_found(request, pk), by=request.user)
    messages.success(request, _("The announcement has ended."))
    return redirect("announcements")


@require_POST
@never_cache
def dismiss(request: SignedIn, pk: int) -> HttpResponse:
    """Dismiss an announcement for whoever has read it."""
    row = get_object_or_404(access.visible(request.user, Announcement), pk=pk)
    writing.dismiss(announcement=row, person=request.user)
    return redirect(next_page(request, otherwise="/"))


def _found(request: SignedIn, pk: int) -> Announcement:
    found: Announcement = get_object_or_404(access.visible(request.user, Announcement), pk=pk)
    return found


def _is_good(form: AnnouncementForm) -> bool:
    """Say whether it could be announced so; everything for which it could not is said at its field."""
    form.is_valid()
    now, typed = timezone.now(), form.cleaned_data
    facts = {name: typed.get(name) for name in writing.COLUMNS}
    texts = {name: facts[name] or "" for name in ("text_en", "text_es")}
    row = Announcement(**{**facts, **texts, "starts_at": facts["starts_at"] or now})
    for fault in writing.faults(row, now):
        if fault.field not in form.errors:
            form.add_error(fault.field, str(fault))
    return not form.errors


def _previewed(form: AnnouncementForm) -> list[tuple[str, Current]]:
    """Return how people read it, by language."""
    facts = form.cleaned_data
    both = Current(0, facts["text_en"], facts["text_es"], facts["ends_at"], facts["pauses_launches"])
    return [("en", both), ("es", both)]


def _form_page(
    request: SignedIn, form: AnnouncementForm, row: Announcement | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    return render(request, "announcements/form.html", {"form": form, "row": row, **more}, status=status)
