"""Requests for more: one's own, and those that one may decide."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from lib.notes import Refusal
from portal import access
from portal.access import only
from portal.deciders import Purpose, amounts_of, can_be_asked_for, deciders, most_of, title_of
from portal.forms.quota_requests import AskForm, DecisionForm
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.presenters.quota_requests import shown_requests
from portal.signed_in import SignedIn
from quotas import requests_for_more
from quotas.actions import usage
from quotas.models import QuotaRequest
from quotas.request_mails import title_of as title_of_request


@require_GET
@never_cache
def requests(request: SignedIn) -> HttpResponse:
    """List the person's own requests, the newest first."""
    rows = QuotaRequest.objects.filter(user=request.user).select_related("decided_by", "grant").order_by("-pk")
    page = page_of(request, rows)
    return render(request, "requests/mine.html", {"page": page, "rows": shown_requests(page)})


@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def new(request: SignedIn) -> HttpResponse:
    """Ask for more."""
    templates = can_be_asked_for(request.user)
    if request.method == "GET":
        chosen = {"template": request.GET.get("template", ""), "purpose": request.GET.get("for", Purpose.MACHINE)}
        return _ask_page(request, AskForm(initial=chosen, templates=templates))
    form = AskForm(request.POST, templates=templates)
    if not form.is_valid():
        return _ask_page(request, form, 400)
    template, purpose = form.cleaned_data["template"], form.cleaned_data["purpose"]
    try:
        requests_for_more.ask(
            user=request.user, subject=template.pk, title=title_of(template), size=amounts_of(template, purpose),
            reason=form.cleaned_data["reason"], tell=deciders(template, request.user),
        )  # fmt: skip
    except Refusal as refusal:
        field = getattr(refusal, "field", None)
        form.add_error(field if field in form.fields else None, str(refusal))
        return _ask_page(request, form, refusal.status)
    messages.success(request, _("Your request is on its way. You get a mail when it is decided."))
    return redirect("requests")


def _ask_page(request: SignedIn, form: AskForm, status: int = 200) -> HttpResponse:
    waiting = QuotaRequest.objects.filter(user=request.user, state=QuotaRequest.State.OPEN).order_by("pk")
    context = {"form": form, "usage": usage(request.user), "waiting": [title_of_request(row) for row in waiting]}
    return render(request, "requests/ask.html", context, status=status)


@only("decide", QuotaRequest)
@require_GET
@never_cache
def to_decide(request: SignedIn) -> HttpResponse:
    """List what this person may decide, the oldest open one first; with ?state=decided what was decided, the newest first."""
    is_decided = request.GET.get("state") == "decided"
    rows = access.to_decide(request.user).select_related("user", "decided_by", "grant")
    is_open = {"state": QuotaRequest.State.OPEN}
    rows = (
        rows.exclude(**is_open).order_by("-decided_at", "-pk") if is_decided else rows.filter(**is_open).order_by("pk")
    )
    page = page_of(request, rows)
    context = {"page": page, "rows": shown_requests(page), "is_decided": is_decided}
    return render(request, "requests/list.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def decide(request: SignedIn, pk: int) -> HttpResponse:
    """Show a request with what its person has, and decide it."""
    row = get_object_or_404(
        access.visible(request.user, QuotaRequest).select_related("user", "decided_by", "grant"), pk=pk
    )
    if refusal := access.why_not(request.user, "decide", row):
        raise PermissionDenied(str(refusal))
    most = most_of(request.user, row)
    if request.method == "GET":
        return _decision_page(request, row, DecisionForm(is_author=most is not None))
    form = DecisionForm(request.POST, is_author=most is not None)
    is_refused = request.POST.get("state") == QuotaRequest.State.REFUSED
    if is_refused:
        form.fields["ends_at"].disabled = True  # a refusal has no end
    if not form.is_valid():
        return _decision_page(request, row, form, 400)
    note, ends_at = form.cleaned_data["note"], form.cleaned_data["ends_at"]
    try:
        if is_refused:
            requests_for_more.refuse(request=row, by=request.user, note=note)
        else:
            requests_for_more.approve(request=row, by=request.user, note=note, ends_at=ends_at, most=most)
    except Refusal as refusal:
        form.add_error(getattr(refusal, "field", None), str(refusal))
        row.refresh_from_db()
        return _decision_page(request, row, form, refusal.status)
    messages.success(request, _("Decided. The person gets a mail."))
    return redirect("requests-to-decide")


def _decision_page(request: SignedIn, row: QuotaRequest, form: DecisionForm, status: int = 200) -> HttpResponse:
    form.fields["ends_at"].disabled = False
    before = QuotaRequest.objects.filter(user=row.user_id).exclude(pk=row.pk).select_related("decided_by", "grant")
    context = {
        "form": form,
        "shown": shown_requests([row])[0],
        "usage": usage(row.user),
        "before": shown_requests(before.order_by("-pk")[:5]) if access.administers(request.user) else [],
    }
    return render(request, "requests/decide.html", context, status=status)
