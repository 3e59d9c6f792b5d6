"""A clock that stands still until it is moved, a donor without an account, and the address of their page."""

from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

if TYPE_CHECKING:
    from accounts.models import Donor


class Clock:
    """The time of everything in this process."""

    def __init__(self, traveller: Any) -> None:
        self.traveller = traveller

    def pass_minutes(self, minutes: float) -> None:
        self.traveller.shift(timedelta(minutes=minutes))


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def lucia(db: None, donor_page: None) -> "Donor":
    """A donor without an account, who reads Spanish."""
    from accounts.donors import donor_rows

    facts = {"name": "Lucía Paz", "organisation": "Colegio Mejía", "language": "es", "browser_time_zone": ""}
    return donor_rows.find_or_make(email="Lucia@Example.org", user=None, **facts)  # type: ignore[arg-type]


@pytest.fixture
def donor_page(settings: Any) -> None:
    """The address of the page by link, which mails name, as long as there is no such page yet."""
    from django.http import HttpResponse
    from django.urls import NoReverseMatch, path, reverse

    from portal import urls

    try:
        reverse("given", args=["x"])
    except NoReverseMatch:
        module = ModuleType("urls_with_given")
        module.urlpatterns = [
            *urls.urlpatterns,
            path("given/<str:token>/", lambda _r, token: HttpResponse(), name="given"),
        ]  # type: ignore[attr-defined]
        settings.ROOT_URLCONF = module
