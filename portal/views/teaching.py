"""The teacher's home, and the page of a machine that was made from one of their templates."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from courses.models import Template
from lib.notes import Refusal
from machines import actions
from machines.states import State
from machines.verbs import Verb
from portal import access
from portal.access import only
from portal.forms.teaching_form import TeachingForm
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.presenters.console_place import ConsolePlace
from portal.presenters.machine_card import Shown
from portal.presenters.machine_history import history
from portal.presenters.show_machines import show
from portal.presenters.taught_machines import address_for, found, shown_to, templates_of
from portal.signed_in import SignedIn
from portal.views import in_care
from portal.views.idle_questions import latest_of
from quotas.models import QuotaRequest


@only("teach", Template)
@require_GET
@never_cache
def teaching(request: SignedIn) -> HttpResponse:
    """Show a teacher's templates, the machines made from them, and what waits for an answer."""
    templates = templates_of(request.user)
    form = TeachingForm(request.GET, [each.row for each in templates])
    context = {"form": form, "templates": templates, "machines": sum(each.machines for each in templates)}
    if not form.is_valid():
        return render(request, "teaching/home.html", {**context, "is_filtered": True, "is_narrowed": True}, status=400)
    page = page_of(request, found(request.user, **form.filters))
    context |= {
        "page": page,
        "rows": shown_to(request.user, page),
        "is_filtered": any(form.filters.values()),
        "is_narrowed": form.filters["template"] or form.filters["group"],
        "asked": access.questions_to_watch(request.user).open().count(),
        "waiting": access.to_decide(request.user).filter(state=QuotaRequest.State.OPEN).count(),
    }
    return render(request, "teaching/home.html", context)


@require_GET
@never_cache
def machine(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show what a machine does and what happened to it. Its owner and administrators have a page that shows more."""
    row = in_care.find(request, pk)
    own = address_for(request.user, row, is_admin=access.administers(request.user))
    if own != request.path:
        return redirect(own)
    return render(request, "teaching/machine.html", _context(show(row, request.user)))


@require_GET
@never_cache
def live(request: SignedIn, pk: UUID) -> HttpResponse:
    """Answer the part of that page that changes by itself; nothing while it would look the same."""
    shown = show(in_care.find(request, pk), request.user)
    if shown.version == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "teaching/_machine.html", _context(shown))


def _context(shown: Shown) -> dict[str, object]:
    row = shown.machine
    return {
        "s": shown,
        "console": ConsolePlace(shown),
        "owner": row.owner.shown_name,
        "may_wake": Verb.WAKE in shown.verbs,
        "waking": State.WAKING.label,
        "history": history(row, shows_addresses=False),
        "questions": latest_of(row),
    }


@require_POST
@once_per_form
def wake(request: SignedIn, pk: UUID) -> HttpResponse:
    """Wake a student's machine. The history and the audit log say who did."""
    row = in_care.find(request, pk, Verb.WAKE)
    try:
        actions.wake(machine=row, by=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("teaching-machine", row.pk)
