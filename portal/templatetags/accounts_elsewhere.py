"""Show accounts elsewhere on pages of others, each with one line in the page's template."""

from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse

from accounts.cloud_users import asking
from accounts.models import OutsideAccount, User
from accounts.outside import keystone, sign_in
from portal.next_page import above, next_page
from portal.presenters.outside_ways import providers

register = template.Library()


@register.inclusion_tag("account/_other_ways.html", takes_context=True)
def other_ways(context: Any) -> dict[str, Any]:
    """Say at the sign-in which other names and passwords work, and offer the sites at which one can sign in."""
    cloud = bool(settings.CLOUD_SIGN_IN_URL and settings.IS_OPENSTACK)
    return {"cloud": cloud, "providers": providers(context["request"])}


@register.simple_tag(takes_context=True)
def way_back(context: Any) -> str:
    """Return the page above the one that is waiting for “Is it you?”."""
    request = context["request"]
    return above(next_page(request) or next_page(request, sent=request.GET) or reverse("mfa_index"))


@register.inclusion_tag("account/_elsewhere.html")
def accounts_elsewhere(person: User) -> dict[str, Any]:
    """Lead to one's accounts elsewhere, to Horizon, and to a clouds.yaml. No query where nothing is set."""
    horizon = asking.concerns(person) if settings.HORIZON_URL else False
    if not sign_in.all_ways():
        return {"horizon": horizon}
    ways = {account.way for account in OutsideAccount.objects.filter(user=person)}
    offered = not horizon and keystone.WAY in ways and bool(settings.CLOUD_SIGN_IN_URL and settings.IS_OPENSTACK)
    is_elsewhere = bool(ways or settings.OIDC_URL or settings.SAML_METADATA)
    return {"offered": offered, "horizon": horizon, "elsewhere": is_elsewhere}


@register.inclusion_tag("people/_elsewhere.html")
def account_elsewhere(person: User) -> dict[str, Any]:
    """Lead an administrator to somebody's accounts elsewhere, where there can be any."""
    return {"person": person, "shown": bool(sign_in.all_ways())}
