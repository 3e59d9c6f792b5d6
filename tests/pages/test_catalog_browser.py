"""The catalog in a real browser: what can be pressed stays beside what it is about."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from accounts.models import User
from catalog.models import Flavor, Image
from tests.chromium import in_a_browser
from tests.factories import make_template
from tests.pages.test_browser import visit

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
# Of each row: whether pill and button are on one line, and the button within the panel.
BESIDE = """() => [...document.querySelectorAll("ul.list li")].map((row) => {
  const [pill, button, panel] = [".pill", "a.button", ".panel"].map((found, n) =>
    (n < 2 ? row.querySelector(found) : row.closest(found)).getBoundingClientRect());
  return pill.bottom > button.top && button.bottom > pill.top && pill.right <= button.left && button.right <= panel.right;
})"""


@pytest.mark.parametrize("language", ["en", "es"])
def test_edit_stays_beside_its_pill(browser: Browser, live_server: Any, admin: User, language: str) -> None:
    make_template()
    Image.objects.update(name="Debian 12, web and database, for the course of networks", description="d" * 120)
    Image.objects.create(cloud_id="other", name="Tiny", login="")
    Flavor.objects.update(name="a-size-with-a-rather-long-name.large")
    for width in (1280, 390):
        page = visit(browser, live_server, user=admin, width=width, theme="light", language=language)
        page.goto("/manage/catalog/")
        beside = page.evaluate(BESIDE)
        assert beside == [True] * 3, width
