"""An organisation's team: the donor invites and removes, members see what was given and leave, an invitation is used."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import sign_up
from accounts.models import Donor, User
from lib.notes import Refusal
from nodes.models import Computer, Donation
from nodes.teams import team
from portal import access
from portal.forms.team_form import InviteForm
from portal.numbered_pages import page_of
from portal.presenters.given_computers import given, shown_donations
from portal.presenters.given_work import work_of
from portal.presenters.own_pages import Own
from portal.request_facts import address_of
from portal.signed_in import SignedIn
from portal.views.as_donor import by_link, signed_in
from portal.views.given import private

# ---- the donor ----


@require_http_methods(["GET", "HEAD", "POST"])
def _team(request: HttpRequest, own: Own) -> HttpResponse:
    """Show a donor their team. A POST invites, takes an invitation back, or removes somebody."""
    if not team.has_page(own.donor):
        raise Http404
    if request.method != "POST":
        return _page(request, own, InviteForm())
    if "invite" not in request.POST:
        _take_away(request, own)
        return own.again("team") if team.has_page(own.donor) else redirect(own.home)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, own, form)
    try:
        row = team.invite(donor=own.donor, address=address_of(request), **form.cleaned_data)
    except Refusal as refusal:
        form.refuse(refusal)
        response = _page(request, own, form)
        if refusal.retry_after:
            response["Retry-After"] = str(refusal.retry_after)
        return response
    messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": row.email})
    return own.again("team")


def _take_away(request: HttpRequest, own: Own) -> None:
    """Take back the invitation, or remove the member, that the form names; what is gone is gone."""
    removed, withdrawn = _number(request, "remove"), _number(request, "withdraw")
    if removed and team.remove(donor=own.donor, member=removed):
        messages.success(request, _("Removed. They see nothing of what you gave any more."))
    if withdrawn and team.withdraw(donor=own.donor, invitation=withdrawn):
        messages.success(request, _("Taken back. The link works no longer."))


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _page(request: HttpRequest, own: Own, form: InviteForm) -> HttpResponse:
    context: dict[str, Any] = {
        "own": own, "form": form, "members": own.donor.team.select_related("user"), "may_invite": team.may_invite(own.donor),
        "invitations": own.donor.team_invitations.filter(expires_at__gt=timezone.now()), "days": team.LIFE.days,
    }  # fmt: skip
    return render(request, "donating/team.html", context, status=form.status if form.errors else 200)


of_donor_by_link = by_link(_team)
of_donor_signed_in = signed_in(_team)


# ---- members ----


@require_GET
@never_cache
def seen(request: SignedIn, pk: int) -> HttpResponse:
    """Show a member of the team what their organisation gave: no words, photos or papers of the donor's."""
    donor = _found(request, pk)
    page = page_of(request, given(Donation.objects.filter(donor=donor)))
    work = work_of(Computer.objects.filter(donation__donor=donor))
    context = {
        "donor": donor, "page": page, "work": work, "donations": shown_donations(page, work=work),
        "may_leave": donor.team.filter(user=request.user).exists(),
    }  # fmt: skip
    return render(request, "donating/team_seen.html", context)


@require_POST
@never_cache
def leave(request: SignedIn, pk: int) -> HttpResponse:
    """Leave a team."""
    donor = _found(request, pk)
    access.require(request.user, "leave", donor)
    team.leave(donor=donor, user=request.user)
    messages.success(request, _("You have left the team of %(name)s.") % {"name": donor.organisation})
    return redirect("account")


def _found(request: SignedIn, pk: int) -> Donor:
    donor: Donor = get_object_or_404(access.visible(request.user, Donor), pk=pk)
    return donor


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Say who invites, and let somebody who is signed in join with a press. Looking uses nothing."""
    try:
        found = team.read(token)
        if request.method == "POST" and isinstance(request.user, User):
            donor = team.join(text=token, user=request.user)
            messages.success(request, _("You are in the team now."))
            return private(redirect("team", donor.pk))
    except Refusal as refusal:
        return private(render(request, "donating/team_join.html", {"refusal": str(refusal)}, status=refusal.status))
    facts = {"organisation": found.donor.organisation, "sign_up_is_open": sign_up.is_open()}
    return private(render(request, "donating/team_join.html", facts))
