"""Facts for the frame of every page."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from portal import __version__, access
from portal.presenters.navigation import Navigation, navigation
from portal.request_facts import owes_second_step

THEMES = ("auto", "light", "dark")


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

    @property
    def teach_somewhere(self) -> bool:
        return self._holds(access.teaches_somewhere)

    def _holds(self, rule: Callable[[User], bool]) -> bool:
        user = getattr(self._request, "user", None)
        return isinstance(user, User) and rule(user)


def frame(request: HttpRequest) -> dict[str, object]:
    """Give the theme, the names of our cookies, where the switches come back to, the navigation of this person, and the version for administrators."""
    return {
        "theme": theme_of(request),
        "theme_cookie": settings.THEME_COOKIE_NAME,
        "zone_cookie": settings.ZONE_COOKIE_NAME,
        "here": way_back(request),
        "nav": _navigation(request),
        "may": May(request),
        "events_url": _events_url(request),
        "version": __version__,
    }


def _events_url(request: HttpRequest) -> str:
    """Return where the page hears of changes; "" where that would be refused: a page that is refused is left."""
    user = getattr(request, "user", None)
    hears = isinstance(user, User) and not owes_second_step(request)
    return f"{settings.LIVE_URL}/live/events" if hears else ""


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


def _navigation(request: HttpRequest) -> Navigation | None:
    user = getattr(request, "user", None)
    return navigation(user, request.path) if isinstance(user, User) and user.is_authenticated else None
