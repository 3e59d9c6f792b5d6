"""An upload on a slow line: pieces go out at once and arrive much later."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from machines.models import Machine
from tests.chromium import in_a_browser
from tests.pages.files_door import FilesDoor
from tests.pages.test_files_browser import door as door
from tests.pages.test_files_browser import large, opened, upload
from tests.pages.test_files_browser import machine as machine

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
# Pieces of 8 MB that each go out at once and arrive 40 seconds later; the rates in MB a second, once a second.
SLOW_PIECES = """async () => {
  const { Pace } = await import("/static/js/files/pace.js");
  const pace = new Pace(), rates = [];
  for (let second = 0; second < 160; second += 1) {
    const arrived = 8 * Math.floor(second / 40);
    if (second % 40 === 0) pace.note(arrived, arrived - 8, 1000 * second);
    pace.note(arrived + 8, arrived - 8, 1000 * second + 100);
    if (second > 20) rates.push(pace.rate);
  }
  return rates;
}"""


def test_a_slow_upload_has_one_speed(browser: Browser, live_server: Any, machine: Machine, door: FilesDoor) -> None:
    rates = opened(browser, live_server, machine).evaluate(SLOW_PIECES)
    assert 0.15 < min(rates) < max(rates) < 0.5  # in truth 0.2


def test_a_file_that_another_has_brought_meanwhile_is_asked_about(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path
) -> None:
    file = large(tmp_path)
    page = opened(browser, live_server, machine)
    door.let_on.clear()
    upload(page, file)
    expect(page.locator("progress")).to_have_js_property("value", 40)
    (door.home / file.name).write_text("of another")
    door.let_on.set()
    expect(page.locator(".move")).to_contain_text("captura.pcap is there already. Replace it?")
