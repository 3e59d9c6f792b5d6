"""Measuring a computer at the desk: its code, the label with it, the text that the program shows, and what of it is taken over."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from lib.notes import Refusal
from nodes.intake import code_text, intake_codes, measurements
from nodes.intake.typed_report import BadText
from nodes.models import Computer
from nodes.printing import labels
from portal import access
from portal.access import only
from portal.forms.intake_forms import TakeOverForm, TypedReportForm
from portal.forms.label_form import remembered
from portal.once import once_per_form
from portal.printed import answer
from portal.signed_in import SignedIn
from portal.views.label_pages import COOKIE


@only("change", Computer)
@require_POST
@never_cache
@once_per_form
def code(request: SignedIn, pk: int) -> HttpResponse:
    """Make a code and show it, once."""
    row = _computer(request, pk)
    try:
        made = intake_codes.make(computer=row, by=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("desk-computer", pk)
    context = {
        "computer": row,
        "made": made,
        "page": f"{settings.PORTAL_URL}{reverse('intake')}",
        "fetch": f"wget {settings.PORTAL_URL}{reverse('intake-program')}",
        "run": f"sudo python3 minga-intake --code {made.code}",
    }
    return render(request, "desk/intake_code.html", context)


@only("change", Computer)
@require_POST
@never_cache
@once_per_form
def withdraw(request: SignedIn, pk: int, intake_code: int) -> HttpResponse:
    """Withdraw a code that is not used yet."""
    row = get_object_or_404(_computer(request, pk).intake_codes, pk=intake_code)
    try:
        intake_codes.withdraw(code=row, by=request.user)
        messages.success(request, _("Withdrawn: the code works no longer."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect(f"{reverse('desk-computer', args=[pk])}#measured")


@only("change", Computer)
@require_POST
@never_cache
@sensitive_post_parameters("code")
def label(request: SignedIn, pk: int) -> HttpResponse:
    """Print a label with the code that was just shown, on the paper of the labels before."""
    row = _computer(request, pk)
    typed = code_text.written(request.POST.get("code", ""))
    if not intake_codes.is_open(row, typed):
        messages.error(request, _("This code does not work any more. Make a new one, and print that."))
        return redirect("desk-computer", pk)
    paper = remembered(request.COOKIES.get(COOKIE, ""))
    right, down = float(paper["right"]), float(paper["down"])
    return answer(
        labels.with_code(row, typed, is_roll=paper["paper"] == "roll", right=right, down=down), f"code-{row.number}.pdf"
    )


@only("change", Computer)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def text(request: SignedIn, pk: int) -> HttpResponse:
    """Take the text that the program shows without a network."""
    row = _computer(request, pk)
    form = TypedReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            intake_codes.take_text(computer=row, text=form.cleaned_data["text"], by=request.user)
        except BadText as refusal:
            for fault in refusal.faults:
                form.add_error("text", str(fault))
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return redirect("desk-computer", pk)
        else:
            messages.success(request, _("Written down. Look at what differs from what was said."))
            return redirect(f"{reverse('desk-computer', args=[pk])}#measured")
    context = {"form": form, "computer": row, "page": f"{settings.PORTAL_URL}{reverse('intake')}"}
    return render(request, "desk/intake_text.html", context, status=400 if form.errors else 200)


@only("change", Computer)
@require_POST
@never_cache
@once_per_form
def take_over(request: SignedIn, pk: int, measurement: int) -> HttpResponse:
    """Write into the ledger what was measured, of what is ticked."""
    row = get_object_or_404(_computer(request, pk).measurements.select_related("computer"), pk=measurement)
    form = TakeOverForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.why_not)
    else:
        try:
            changed = measurements.take_over(row=row, fields=form.cleaned_data["fields_taken"], by=request.user)
            messages.success(request, _("Taken over.") if changed else _("This stands there already."))
        except Refusal as refusal:
            messages.error(request, str(refusal))
    return redirect(f"{reverse('desk-computer', args=[pk])}#measured")


def _computer(request: SignedIn, pk: int) -> Computer:
    found: Computer = get_object_or_404(access.visible(request.user, Computer), pk=pk)
    return found
