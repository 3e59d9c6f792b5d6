"""Accounts elsewhere: who has which, for administrators; and the page for whoever has no password here to change."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import OutsideAccount, User
from accounts.outside import linking
from accounts.outside.own_password import has_no_password_here
from lib.notes import Refusal
from portal import access
from portal.access import only
from portal.confirmation import confirmed_first
from portal.forms.outside_forms import LinkForm
from portal.once import once_per_form
from portal.presenters.outside_ways import label_of
from portal.signed_in import SignedIn


@only("change", User)
@require_http_methods(["GET", "POST"])
@never_cache
@confirmed_first
@once_per_form
def link(request: SignedIn, pk: int) -> HttpResponse:
    """Show a person's accounts elsewhere, and link one."""
    person = get_object_or_404(access.visible(request.user, User), pk=pk)
    form = LinkForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _page(request, person, form, 200 if request.method == "GET" else 400)
    try:
        linking.link(person=person, **form.cleaned_data, by=request.user)
    except Refusal as refusal:
        form.add_error(getattr(refusal, "field", None), str(refusal))
        return _page(request, person, form, refusal.status)
    messages.success(request, _("Linked. From now on they sign in with that account."))
    return redirect("person", pk)


def _page(request: SignedIn, person: User, form: LinkForm, status: int) -> HttpResponse:
    accounts = [(row, label_of(row.way)) for row in OutsideAccount.objects.filter(user=person).order_by("way")[:50]]
    context = {"person": person, "accounts": accounts, "form": form}
    return render(request, "people/account_elsewhere.html", context, status=status)


@only("change", User)
@require_POST
@never_cache
@once_per_form
def unlink(request: SignedIn, pk: int, account: int) -> HttpResponse:
    """Take a link away."""
    person = get_object_or_404(access.visible(request.user, User), pk=pk)
    linking.unlink(account=get_object_or_404(OutsideAccount, user=person, pk=account), by=request.user)
    messages.success(
        request, _("They no longer sign in with it. If they have no password here, mail them a link to choose one.")
    )
    return redirect("person", pk)


def password_is_here(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Show whoever has no password here where theirs is changed, instead of the view's form."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person = request.user
        if isinstance(person, User) and has_no_password_here(person):
            ways = [label_of(row.way) for row in OutsideAccount.objects.filter(user=person).order_by("pk")[:10]]
            return render(request, "account/password_elsewhere.html", {"ways": ways}, status=409)
        return view(request, *args, **kwargs)

    return guarded
