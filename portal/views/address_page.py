"""The page of one's own e-mail address: which it is, and whether it is proven."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import emails, own_address
from accounts.models import User
from accounts.person_names import BadPerson
from portal.confirmation import confirmed_where
from portal.forms.own_account_forms import AddressForm
from portal.once import once_per_form
from portal.request_facts import address_of
from portal.signed_in import SignedIn


def _changes(request: HttpRequest) -> bool:
    """Say whether another address is asked for: whoever reads its mails can choose the password."""
    typed = request.POST.get("email", "")
    is_other = isinstance(request.user, User) and emails.key(typed) != emails.key(request.user.email)
    return bool(settings.ADDRESS_CHANGES and typed and is_other)


@require_http_methods(["GET", "POST"])
@never_cache
@confirmed_where(_changes)
@once_per_form
def address(request: SignedIn) -> HttpResponse:
    """Show the address; mail a link to it, or to the one that is typed."""
    form = AddressForm()
    if request.method == "POST":
        form = AddressForm(request.POST if "email" in request.POST else {"email": request.user.email})
        if form.is_valid() and _is_asked(request, form):
            messages.success(request, _("A link is on its way to %(email)s.") % {"email": form.cleaned_data["email"]})
            return redirect("address")
    facts = {"form": form, "is_proven": bool(emails.proven(request.user)), "may_change": settings.ADDRESS_CHANGES}
    return render(request, "account/address.html", facts, status=400 if form.errors else 200)


def _is_asked(request: SignedIn, form: AddressForm) -> bool:
    try:
        own_address.ask(person=request.user, email=form.cleaned_data["email"], address=address_of(request))
    except BadPerson as refusal:
        form.add_error("email", str(refusal))
        return False
    return True


@login_not_required
@require_http_methods(["GET", "POST"])
@never_cache
def prove(request: HttpRequest, token: str) -> HttpResponse:
    """Prove an address by a mailed link. A GET only shows one button, for scanners of mail open every link."""
    try:
        person, email = own_address.read(token)
        if request.method == "POST":
            own_address.prove(token)
    except own_address.BadLink as refusal:
        return _private(render(request, "questions/over.html", {"sentence": str(refusal)}, status=refusal.status))
    facts = {"person": person, "email": email, "is_done": request.method == "POST"}
    return _private(render(request, "account/address_prove.html", facts))


def _private(response: HttpResponse) -> HttpResponse:
    """Keep the link from other sites."""
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
