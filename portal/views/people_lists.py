"""Import a list of people: read it, show what each line does, create the new ones."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import people_csv, people_import
from accounts.models import User
from accounts.people_csv import PeopleList
from accounts.people_import import Plan, Planned, Status
from lib import csv_lists
from lib.notes import Refusal
from portal.access import only
from portal.forms.person_forms import ImportForm
from portal.once import once_per_form
from portal.presenters.left_out_lines import left_out_csv
from portal.signed_in import SignedIn

MOST_SHOWN = 400  # lines of a preview
_ORDER = {Status.BAD: 0, Status.NEW: 1, Status.KNOWN: 2}


@only("change", User)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def bring_in(request: SignedIn) -> HttpResponse:
    """Take a list, show its preview; with `create`, carry out what the preview showed."""
    if request.method == "GET":
        return render(request, "people/import.html", {"form": ImportForm()})
    return _read(request, _carry_out if "create" in request.POST else _preview)


@only("change", User)
@require_POST
@never_cache
def left_out(request: SignedIn) -> HttpResponse:
    """Send the lines of a list that an import would leave out, with the reasons, as CSV."""
    return _read(request, _send_left_out)


def _read(request: SignedIn, answer: Callable[[SignedIn, ImportForm, PeopleList], HttpResponse]) -> HttpResponse:
    """Answer to the list that was sent; where it cannot be read, with the form, and the reason at its field."""
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "people/import.html", {"form": form}, status=400)
    try:
        return answer(request, form, people_csv.read(_content(form)))
    except Refusal as refusal:
        form.add_error("file" if form.cleaned_data["file"] else "csv", str(refusal))
        return render(request, "people/import.html", {"form": form}, status=refusal.status)


def _content(form: ImportForm) -> bytes | str:
    file, pasted = form.cleaned_data["file"], form.cleaned_data["csv"]
    return bytes(file.read(csv_lists.MOST_BYTES + 1)) if file else str(pasted)


def _preview(request: SignedIn, form: ImportForm, found: PeopleList) -> HttpResponse:
    plan = people_import.plan(found.lines)
    context = {
        "form": form,
        "plan": plan,
        "counts": plan.counts,
        "lines": (lines := _first(plan)),
        "hidden": len(plan.lines) - len(lines),
        "notices": found.notices,
        "text": csv_lists.decoded(_again(form))[0],
        "role": User.Role(form.cleaned_data["role"]),
    }
    return render(request, "people/preview.html", context)


def _again(form: ImportForm) -> bytes | str:
    if file := form.cleaned_data["file"]:
        file.seek(0)
    return _content(form)


def _first(plan: Plan) -> list[Planned]:
    """Return the lines that are shown, in the order of the list; where not all are, first those with a fault, then the new people."""
    shown = sorted(plan.lines, key=lambda planned: _ORDER[planned.status])[:MOST_SHOWN]
    return sorted(shown, key=lambda planned: planned.line.number)


def _send_left_out(_request: SignedIn, _form: ImportForm, found: PeopleList) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{_("left-out")}.csv"'}
    text = left_out_csv(people_import.plan(found.lines))
    return HttpResponse(text, headers=headers, content_type="text/csv; charset=utf-8")


def _carry_out(request: SignedIn, form: ImportForm, found: PeopleList) -> HttpResponse:
    facts = form.cleaned_data
    done = people_import.carry_out(found.lines, by=request.user, roles=[facts["role"]], invite=facts["invite"])
    count = done.counts["new"]
    if count:
        text = ngettext("%(count)s account is created.", "%(count)s accounts are created.", count)
        messages.success(request, text % {"count": count})
    else:
        messages.info(request, _("Nobody in this list is new, so nothing was changed."))
    return redirect("people")
