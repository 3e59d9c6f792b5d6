"""Facts for the frame of every page."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal import __version__, access

THEMES = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class Tab:
    """An entry of the main navigation."""

    href: str
    label: Promise
    icon: str
    here: bool


class May:
    """The rights of this person on the site, for templates: `{% if may.administer %}`."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def administer(self) -> bool:
        return self._holds(access.administers)

    @property
    def teach(self) -> bool:
        return self._holds(access.teaches)

    def _holds(self, rule: Callable[[User], bool]) -> bool:
        user = getattr(self._request, "user", None)
        return isinstance(user, User) and rule(user)


# (url name, label, icon, what else counts as being here, for teachers only)
_TABS = (
    ("machines", _("Machines"), "machines", ("/machines/",), False),
    ("launch", _("Launch"), "launch", ("/launch/",), False),
    ("templates", _("Templates"), "templates", ("/lab-templates/", "/manage/"), True),
    ("keys", _("Keys"), "keys", ("/keys/",), False),
    ("account", _("Account"), "account", ("/account/", "/accounts/"), False),
)


def frame(request: HttpRequest) -> dict[str, object]:
    """Give the theme, the names of our cookies, where the switches come back to, the navigation of this person, and the version for administrators."""
    return {
        "theme": theme_of(request),
        "theme_cookie": settings.THEME_COOKIE_NAME,
        "zone_cookie": settings.ZONE_COOKIE_NAME,
        "here": way_back(request),
        "tabs": tabs(request),
        "may": May(request),
        "events_url": f"{settings.LIVE_URL}/live/events",
        "version": __version__,
    }


def theme_of(request: HttpRequest) -> str:
    theme = request.COOKIES.get(settings.THEME_COOKIE_NAME, "")
    return theme if theme in THEMES else "auto"


def way_back(request: HttpRequest) -> str:
    """Return this page; or the one before it, when this is the answer to a form and cannot be asked for again, or a part of it."""
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return request.get_full_path()
    referer = request.headers.get("referer", "")
    if not url_has_allowed_host_and_scheme(referer, {request.get_host()}):
        return "/"
    parts = urlsplit(referer)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def tabs(request: HttpRequest) -> list[Tab]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    shown = [tab for tab in _TABS if access.teaches(user) or not tab[4]]
    return [
        Tab(href := reverse(name), label, icon, _is_here(request.path, href, under))
        for name, label, icon, under, _t in shown
    ]


def _is_here(path: str, href: str, under: tuple[str, ...]) -> bool:
    return path == href or any(path.startswith(start) for start in under)
