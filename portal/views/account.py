"""The account page: language, time zone, theme, tokens for programs."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language

from accounts import emails, second_steps, tokens
from accounts.models import User
from lib.notes import Refusal
from nodes.teams import team
from portal.forms.account_forms import TimeZoneForm
from portal.next_page import next_page
from portal.once import once_per_form
from portal.presenters.page_frame import THEMES, theme_of
from portal.request_facts import browser_zone
from portal.signed_in import SignedIn

YEAR = 365 * 24 * 3600  # seconds


@require_GET
@never_cache
def account(request: SignedIn) -> HttpResponse:
    return _home(request)


@require_POST
@never_cache
@once_per_form
def make_token(request: SignedIn) -> HttpResponse:
    """Make a token. The answer to this request is the only place where it is ever shown."""
    try:
        text = tokens.make(user=request.user, name=request.POST.get("name", "").strip() or _("my program"))
    except (Refusal, ValueError) as refusal:
        return _home(request, status=getattr(refusal, "status", 400), refusal=str(refusal))
    return _home(request, token=text)


def _home(request: SignedIn, status: int = 200, **more: object) -> HttpResponse:
    own = tokens.of(request.user).exclude(expiry__lt=timezone.now()).select_related("facts")
    zone = TimeZoneForm(initial={"time_zone": request.user.time_zone}, browser=_zone_unless_chosen(request))
    context = {
        "tokens": own,
        "has_second_step": second_steps.is_on(request.user),
        "is_proven": bool(emails.proven(request.user)),
        "most": tokens.MOST_TOKENS,
        "zone": zone,
        "teams": team.teams_of(request.user),
        **more,
    }
    return render(request, "account/home.html", context, status=status)


@require_POST
def revoke_token(request: SignedIn, key: str) -> HttpResponse:
    get_object_or_404(tokens.of(request.user), token_key=key).delete()
    messages.success(request, _("Token revoked. A program that used it is signed out."))
    return redirect("account")


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language, in a cookie, and with the account for the next browser."""
    response = set_language(request)
    chosen = response.cookies.get(settings.LANGUAGE_COOKIE_NAME)
    if chosen is not None and request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=chosen.value)
    return response


@require_POST
@never_cache
def time_zone(request: SignedIn) -> HttpResponse:
    """Keep the time zone with the account: pages and mails give times in it from now on. Empty: the browser's."""
    form = TimeZoneForm(request.POST, browser=_zone_unless_chosen(request))
    if not form.is_valid():
        return _home(request, status=400, zone=form)
    User.objects.filter(pk=request.user.pk).update(time_zone=form.cleaned_data["time_zone"])
    messages.success(request, _("Time zone saved."))
    return redirect("account")


def _zone_unless_chosen(request: SignedIn) -> str:
    return browser_zone(request) or request.user.browser_time_zone or settings.TIME_ZONE


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Change the theme to auto, light or dark; `next` is the one after the one that is now."""
    wish = request.POST.get("theme", "")
    if wish not in THEMES:
        wish = THEMES[(THEMES.index(theme_of(request)) + 1) % len(THEMES)]
    response = redirect(next_page(request, otherwise="/"))
    name, secure = settings.THEME_COOKIE_NAME, settings.THEME_COOKIE_SECURE
    response.set_cookie(name, wish, max_age=YEAR, samesite="Lax", secure=secure)
    return response
