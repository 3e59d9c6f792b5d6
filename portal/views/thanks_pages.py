"""The wall of thanks: for anybody, for the donor who chooses whether they stand there, and for staff who take words off."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import WallThanks
from lib.notes import Refusal
from nodes.thanks import wall
from portal import access
from portal.access import only
from portal.forms.thanks_forms import TakeOffForm, ThanksForm
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.presenters.own_pages import Own
from portal.signed_in import SignedIn
from portal.views.as_donor import by_link, signed_in

A_PAGE = 100


@login_not_required
@require_safe
@never_cache
def public(request: HttpRequest) -> HttpResponse:
    """Thank those who wish it, for anybody to read. Search machines are asked to leave it out."""
    if not wall.is_open():
        raise Http404
    page = page_of(request, wall.with_words(), A_PAGE)
    anonymous = wall.standing().filter(text="").count()
    context = {
        "page": page, "together": wall.together(), "has_anonymous": bool(anonymous),
        "anonymous": anonymous if anonymous >= wall.FEWEST else 0,
    }  # fmt: skip
    response = render(request, "donating/wall.html", context)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


# ---- the donor ----


@require_http_methods(["GET", "HEAD", "POST"])
def _choose(request: HttpRequest, own: Own) -> HttpResponse:
    """Show a donor how they stand on the wall. A POST shows them their words; with `agree` it carries out what they chose."""
    if not wall.is_open():
        raise Http404
    if request.method != "POST":
        return _chosen(request, own, ThanksForm(initial=_as_it_is(own)))
    form = ThanksForm(request.POST)
    if not form.is_valid():
        return _chosen(request, own, form)
    shown, text = form.cleaned_data["shown"], form.cleaned_data["text"]
    # Agreed is what was shown: words that are changed on the way are shown once more.
    if text and request.POST.get("agree") != text:
        return _chosen(request, own, form, preview=text)
    try:
        wall.leave(donor=own.donor) if shown == "no" else wall.stand(donor=own.donor, text=text)
    except Refusal as refusal:
        form.refuse(refusal)
        return _chosen(request, own, form)
    messages.success(request, _said(shown))
    return own.again("thanks")


def _as_it_is(own: Own) -> dict[str, str]:
    row = wall.place_of(own.donor)
    if row is None or not row.is_on:
        return {"shown": "no"}
    return {"shown": "text" if row.text else "anonymous", "text": row.text}


def _said(shown: str) -> str:
    return {
        "no": _("You are not on the wall of thanks."),
        "anonymous": _("The wall thanks you now, without your name."),
        "text": _("Your words stand on the wall of thanks now."),
    }[shown]


def _chosen(request: HttpRequest, own: Own, form: ThanksForm, preview: str = "") -> HttpResponse:
    context: dict[str, Any] = {
        "own": own, "form": form, "preview": preview, "row": wall.place_of(own.donor),
        "may_stand": wall.may_stand(own.donor), "choice_url": own.url("thanks"),
    }  # fmt: skip
    return render(request, "donating/thanks_choice.html", context, status=form.status if form.errors else 200)


chosen_by_link = by_link(_choose)
chosen_signed_in = signed_in(_choose)


# ---- staff ----


@only("see", WallThanks)
@require_safe
@never_cache
def texts(request: SignedIn) -> HttpResponse:
    """List the words on the wall."""
    page = page_of(request, access.visible(request.user, WallThanks).exclude(text="").order_by("-agreed_at"))
    return render(request, "desk/thanks.html", {"page": page, "is_open": wall.is_open()})


@only("take_off", WallThanks)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def take_off(request: SignedIn, pk: int) -> HttpResponse:
    """Ask why words are taken off, and take them off."""
    row = get_object_or_404(access.visible(request.user, WallThanks).select_related("donor"), pk=pk)
    form = TakeOffForm(request.POST) if request.method == "POST" else TakeOffForm(initial={"text": row.text})
    if request.method == "GET" or not form.is_valid():
        status = 400 if form.errors else 200
        return render(request, "desk/take_off_thanks.html", {"row": row, "form": form}, status=status)
    try:
        wall.take_off(row=row, by=request.user, **form.cleaned_data)
        messages.success(request, _("Taken off. The donor gets a mail with the reason."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("thanks-texts")
