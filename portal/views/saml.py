"""Signing in at an identity provider that speaks SAML: allauth's views, and only where SAML_METADATA is set."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts import limits
from accounts.outside.outside_refusals import NotUnderstood
from portal.next_page import next_page
from portal.outside_adapter import failed, refused
from portal.presenters.navigation import home_of
from portal.request_facts import address_of
from portal.views.other_sign_ins import process_of

WAY = "saml"
MOST_BYTES = 200_000  # of an answer: it is kept for a moment, from whomever it comes


def _theirs() -> Any:
    """Return allauth's views, whose libraries are an extra (requirements-saml.txt)."""
    if not settings.SAML_METADATA:
        raise Http404
    from allauth.socialaccount.providers.saml import views

    return views


def _provider(request: HttpRequest) -> Any:
    from allauth.socialaccount.adapter import get_adapter

    return get_adapter(request).get_provider(request, provider=WAY)


@login_not_required
@require_GET
@never_cache
def begin(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Send the browser to the provider. What for is said by `process`."""
    _must_be_ours(organization_slug)
    process, wanted = process_of(request), next_page(request, sent=request.GET)
    if process == "login" and request.user.is_authenticated:
        return redirect(wanted or home_of(request.user))
    limits.begin_elsewhere(address=address_of(request))
    try:
        from portal.saml_times import ask

        return ask(request, _provider(request), process, wanted)
    except Exception as error:  # its library's own, of a file of metadata that is wrong
        return failed(request, WAY, error)


@csrf_exempt
@login_not_required
@require_POST
@never_cache
def answer(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Keep the provider's answer for a moment: it comes from another site, without the session's cookie."""
    _must_be_ours(organization_slug)
    if len(request.body) > MOST_BYTES:
        return refused(request, NotUnderstood())
    limits.saml(address=address_of(request))
    found: HttpResponse = _theirs().acs(request, organization_slug=WAY)
    return found


@login_not_required
@require_GET
@never_cache
def finish(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Look at the answer that was kept: portal.outside_adapter decides what it means."""
    _must_be_ours(organization_slug)
    try:
        from portal.saml_times import finish as finish_with_time

        found: HttpResponse = finish_with_time(request, organization_slug=WAY)
    except Exception as error:  # of lxml, xmlsec or the toolkit: whatever a stranger's XML makes them raise
        return failed(request, WAY, error)
    return found


@login_not_required
@require_GET
@never_cache
def metadata(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Say to the provider what this site is."""
    _must_be_ours(organization_slug)
    found: HttpResponse = _theirs().metadata(request, organization_slug=WAY)
    return found


@login_not_required
@require_GET
@never_cache
def sign_out(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Ask whether to sign out here: nobody is signed out by another site's link."""
    _must_be_ours(organization_slug)
    return redirect("account_logout")


def _must_be_ours(organization_slug: str) -> None:
    if not settings.SAML_METADATA or organization_slug != WAY:
        raise Http404
