"""Labels for computers: of one, of an offer, or of those that were ticked in the list."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from lib.notes import Refusal
from nodes.models import Computer
from nodes.printing.labels import MOST, MOST_COMPUTERS, PARTS
from nodes.states import State
from portal import access
from portal.access import only
from portal.forms.label_form import LabelForm, remembered
from portal.printed import answer
from portal.signed_in import SignedIn

COOKIE, KEPT_SECONDS = "labels", 365 * 24 * 60 * 60
_NOT_COMING = (State.OFFERED, State.DECLINED)  # of an offer; of what was chosen by hand all are printed


class BadChoice(Refusal):
    """The refusal of no computers, or of more than go into a PDF."""

    status = 400
    code = "invalid"


@only("see", Computer)
@require_GET
@never_cache
def labels(request: SignedIn) -> HttpResponse:
    """Ask on which paper the labels of the chosen computers are printed."""
    try:
        computers = _chosen(request)
    except BadChoice as refusal:
        return _back(request, str(refusal))
    return _page(request, computers, LabelForm(initial=remembered(request.COOKIES.get(COOKIE, ""))))


@only("see", Computer)
@require_GET
@never_cache
def printed(request: SignedIn) -> HttpResponse:
    """Print the labels."""
    try:
        computers = _chosen(request)
    except BadChoice as refusal:
        return _back(request, str(refusal))
    form = LabelForm(request.GET)
    if not form.is_valid():
        return _page(request, computers, form, 400)
    try:
        pdf = form.printed(computers)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _page(request, computers, form, refusal.status)
    name = f"labels-{computers[0].number}" + (f"-and-{len(computers) - 1}-more" if len(computers) > 1 else "")
    response = answer(pdf, f"{name}.pdf")
    response.set_cookie(
        COOKIE,
        form.to_remember,
        KEPT_SECONDS,
        path="/manage/computers/labels/",
        httponly=True,
        samesite="Lax",
        secure=settings.HTTPS,
    )
    return response


def _chosen(request: SignedIn) -> list[Computer]:
    """Return the computers that the address names, or those of an offer that come. Raises BadChoice."""
    rows = access.visible(request.user, Computer).order_by("pk")
    offer = _keys(request.GET.getlist("donation"))
    if offer:
        found = list(rows.filter(donation__in=offer).exclude(state__in=_NOT_COMING)[: MOST_COMPUTERS + 1])
        if not found:
            raise BadChoice(noop("No computer of this offer has been accepted yet, so there is nothing to label."))
    else:
        found = list(rows.filter(pk__in=_keys(request.GET.getlist("computer")))[: MOST_COMPUTERS + 1])
    if not found:
        raise BadChoice(noop("Tick the computers whose labels you want."))
    if len(found) > MOST_COMPUTERS:
        text = noop("At most %(most)s labels at a time, those of %(computers)s computers. Print them in parts.")
        raise BadChoice(text, {"most": MOST, "computers": MOST_COMPUTERS})
    return found


def _keys(typed: list[str]) -> set[int]:
    return {int(pk) for pk in typed if pk.isascii() and pk.isdigit() and len(pk) < 10}


def _back(request: SignedIn, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect("desk")


def _page(request: SignedIn, computers: list[Computer], form: LabelForm, status: int = 200) -> HttpResponse:
    context = {
        "computers": computers, "form": form, "count": len(computers) * len(PARTS),
        "parts": ", ".join(str(part) for part in PARTS), "title": _("Labels"),
    }  # fmt: skip
    return render(request, "desk/labels.html", context, status=status)
