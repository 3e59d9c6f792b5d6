"""Making an account of one's own, where the site allows it."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import sign_up
from accounts.person_names import BadPerson
from portal.forms.own_account_forms import SignUpForm
from portal.next_page import keep_for_after_sign_up, next_page
from portal.request_facts import address_of


@login_not_required
@require_http_methods(["GET", "POST"])
@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Take a name and an address, and mail a link there. The answer is the same whether there is an account already."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    if not sign_up.is_open():
        return render(request, "account/signup_closed.html")
    form = SignUpForm(request.POST or None)
    if not form.is_valid():
        return _page(request, form)
    try:
        sign_up.ask(**form.cleaned_data, address=address_of(request), language=get_language() or "")
    except BadPerson as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else "email", str(refusal))
        return _page(request, form)
    keep_for_after_sign_up(request)
    return redirect("account_signup_done")


def _page(request: HttpRequest, form: SignUpForm) -> HttpResponse:
    domains = ", ".join(f"@{domain}" for domain in settings.SIGN_UP_DOMAINS)
    context = {"form": form, "domains": domains, "next": next_page(request, sent=request.POST or request.GET)}
    return render(request, "account/signup.html", context, status=400 if form.errors else 200)


@login_not_required
@require_GET
@never_cache
def done(request: HttpRequest) -> HttpResponse:
    return render(request, "account/signup_done.html")
