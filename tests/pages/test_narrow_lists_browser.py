"""Lists in a real browser, in the longer language: nothing lies over its neighbour, and what belongs together is in line."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page

from accounts.models import User
from portal.dashboard import coming_week
from portal.models import DayCount
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.machines.idle.asked import asked
from tests.machines.idle.quiet import row
from tests.pages.test_browser import TOO_WIDE, visit

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
TOPS = "found => [...document.querySelectorAll(found)].map(one => Math.round(one.getBoundingClientRect().top))"
APART = """() => [...document.querySelectorAll(".fold tbody tr")].map((row) =>
  row.querySelector("th a").getBoundingClientRect().right <= row.querySelector(".pill").getBoundingClientRect().left)"""
SCROLLED = """() => [...document.querySelectorAll(".scroll")].filter((box) => box.checkVisibility())
  .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.textContent)"""


def opened(browser: Browser, live_server: Any, user: User, path: str, width: int) -> Page:
    page = visit(browser, live_server, user=user, width=width, theme="light", language="es")
    page.goto(path)
    return page


@pytest.mark.parametrize("width", [360, 390])
def test_a_long_state_does_not_lie_over_a_name(
    browser: Browser, live_server: Any, admin: User, student: User, width: int
) -> None:
    for state in ("shelved", "shelving", "failed"):
        make_machine(student, state=state, name=f"database-of-{state}")
    page = opened(browser, live_server, admin, "/manage/machines/", width)
    assert page.evaluate(APART) == [True] * 3


@pytest.mark.parametrize("path", ["/manage/", "/manage/idle/"])
def test_charts_and_days_fit_on_the_narrowest_phone(
    browser: Browser, live_server: Any, admin: User, student: User, path: str
) -> None:
    now = timezone.now()
    DayCount.objects.bulk_create(
        DayCount(day=now.date() - timedelta(days=n), counted_at=now, launches=9) for n in range(29)
    )
    for state in ("running", "suspended", "shelved"):
        row(student, now, state=state, name=state)
    coming_week.work_out(now)
    page = opened(browser, live_server, admin, path, 360)
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(SCROLLED) == []


def test_back_and_on_are_beside_each_other_on_a_phone(browser: Browser, live_server: Any, admin: User) -> None:
    User.objects.bulk_create(User(username=f"est{n}", email=f"est{n}@example.org") for n in range(120))
    page = opened(browser, live_server, admin, "/manage/people/?page=2", 390)
    tops = page.evaluate(TOPS, ".pages .button")
    assert len(tops) == 2
    assert len(set(tops)) == 1


def test_filters_with_hints_of_different_length_are_in_line(browser: Browser, live_server: Any, admin: User) -> None:
    page = opened(browser, live_server, admin, "/manage/audit/?since=x", 1280)
    tops = page.evaluate(TOPS, ".filters :is(input, select)")
    assert len(tops) == 4
    assert len(set(tops)) == 1


def test_until_when_is_asked_in_one_line(browser: Browser, live_server: Any, admin: User, student: User) -> None:
    asked(make_machine(student))
    page = opened(browser, live_server, admin, "/manage/questions/", 1280)
    assert page.evaluate("document.querySelector('.until label').getBoundingClientRect().height") < 30


def test_an_example_of_what_to_search_is_not_cut(browser: Browser, live_server: Any, student: User) -> None:
    """The example is no wider than what the field shows, on the narrowest phone."""
    page = opened(browser, live_server, student, "/help/", 360)
    wide = """() => { const field = document.querySelector("#q"), style = getComputedStyle(field);
      const pen = document.createElement("canvas").getContext("2d"); pen.font = style.font;
      return pen.measureText(field.placeholder).width + parseFloat(style.paddingLeft) * 2 + 2 - field.offsetWidth; }"""
    assert page.evaluate(wide) <= 0
