"""Pages of a donor that there are twice: in their account below /donating/, and by the link from a mail below /given/…/."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache

from accounts.donors import donor_links, donor_rows
from accounts.models import Donor
from portal.forms.given_forms import LinkForm
from portal.presenters.own_pages import Own
from portal.signed_in import SignedIn
from portal.views.given import private

READ = ("GET", "HEAD")
View = Callable[[Any, Own], HttpResponse]


def by_link(view: View) -> Callable[..., HttpResponse]:
    """Let a donor in by their link. Looking ends older links; what they do shows that they read the mail."""

    @login_not_required
    @never_cache
    @wraps(view)
    def found(request: HttpRequest, token: str) -> HttpResponse:
        try:
            donor = (donor_links.read if request.method == "HEAD" else donor_links.follow)(token)
        except donor_links.BadLink as refusal:
            facts = {"form": LinkForm(), "sentence": str(refusal)}
            return private(render(request, "donating/another_link.html", facts, status=refusal.status))
        if request.method not in READ:
            donor_rows.verify(donor)
        return private(view(request, Own(donor, token)))

    return found


def signed_in(view: View) -> Callable[..., HttpResponse]:
    """Let a donor in by their account. Others find nothing there."""

    @never_cache
    @wraps(view)
    def found(request: SignedIn) -> HttpResponse:
        donor = get_object_or_404(Donor, user=request.user, erased_at=None)
        return private(view(request, Own(donor)))

    return found
