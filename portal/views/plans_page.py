"""Plans, for administrators: what a computer brings whoever gives it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lib.notes import Refusal
from lib.seen import ChangedByOthers, fingerprint
from nodes.models import Plan
from nodes.subscriptions import plan_actions
from portal.access import only
from portal.forms.plan_form import PlanForm, values_of
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.presenters.listed_plans import listed_plans
from portal.signed_in import SignedIn


@only("see", Plan)
@require_GET
@never_cache
def plans(request: SignedIn) -> HttpResponse:
    page = page_of(request, Plan.objects.order_by("-enabled", "-priority", "pk"))
    return render(request, "plans/list.html", {"page": page, "plans": listed_plans(page)})


@only("change", Plan)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def new(request: SignedIn) -> HttpResponse:
    """Add a plan."""
    form = PlanForm(request.POST or None, initial={"min_bits": 64, "days": 365, "enabled": True})
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, None, 200 if request.method == "GET" else 400)
    try:
        plan_actions.add(by=request.user, **form.facts)
    except Refusal as refusal:
        form.add_error("machines", str(refusal))
        return _page(request, form, None, refusal.status)
    messages.success(request, _("Added as the last one. Move it up if it is to count before another."))
    return redirect("plans")


@only("change", Plan)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def plan(request: SignedIn, pk: int) -> HttpResponse:
    """Change a plan."""
    row = get_object_or_404(Plan, pk=pk)
    form = PlanForm(request.POST or None, initial=values_of(row))
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, row, 200 if request.method == "GET" else 400)
    try:
        plan_actions.change(plan=row, by=request.user, seen=request.POST.get("seen", ""), **form.facts)
    except ChangedByOthers as refusal:
        form.add_error(None, str(refusal))
        return _page(request, form, row, refusal.status, is_seen_anew=True)
    except Refusal as refusal:
        form.add_error("machines", str(refusal))
        return _page(request, form, row, refusal.status)
    messages.success(request, _("Saved. What was promised before stays as it was promised."))
    return redirect("plans")


@only("change", Plan)
@require_POST
@never_cache
@once_per_form
def move(request: SignedIn, pk: int) -> HttpResponse:
    """Move a plan past the one that the page showed above or below it."""
    row = get_object_or_404(Plan, pk=pk)
    is_up, typed = "above" in request.POST, request.POST.get("above") or request.POST.get("below", "")
    past = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    try:
        plan_actions.move(plan=row, past=past, is_up=is_up, by=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect(f"{reverse('plans')}#plan-{pk}")


def _page(
    request: SignedIn, form: PlanForm, row: Plan | None, status: int, *, is_seen_anew: bool = False
) -> HttpResponse:
    now = fingerprint(row, plan_actions.FIELDS) if row else ""
    seen = now if is_seen_anew else request.POST.get("seen", now)
    return render(request, "plans/form.html", {"form": form, "row": row, "seen": seen}, status=status)
