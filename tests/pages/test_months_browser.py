"""Pages about months, in a real browser: sound in each language, on a phone and in the dark."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser

from accounts.donors import donor_links
from accounts.models import User
from accounts.notices import unsubscribe
from accounts.notices.kinds import kind_of
from nodes.months import month_mails, month_work
from tests.chromium import in_a_browser
from tests.nodes.donated import donor_of, make_computer, offered, stepped
from tests.nodes.months.served import serve
from tests.pages.test_browser import AXE, look, visit

pytestmark = [
    *in_a_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("accounts-in-a-browser"),
]
LOOKS = {"es": (390, "light"), "en": (1280, "dark")}


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_what_donors_read(browser: Browser, live_server: Any, donor: User, language: str) -> None:
    width, theme = LOOKS[language]
    month = f"{month_work.last_ended(timezone.now()):%Y-%m}"
    serve(make_computer("in_service", donor=donor_of(user=donor), grams=8400), month)
    other = donor_of("other@example.org", language=language)
    serve(make_computer("in_service", donor=other, grams=8400), month)
    page = visit(browser, live_server, user=donor, width=width, theme=theme, language=language, axe=True)
    link = unsubscribe.token(other, kind_of(month_mails.KIND))
    paths = {
        "home": "/donating/",
        "given": f"/given/{donor_links.token(other)}/",
        "stop": f"/notices/unsubscribe/{link}/",
    }
    assert [look(page, path, f"months-{name}-{language}", LOOKS[language]) for name, path in paths.items()] == [[]] * 3


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_the_report(browser: Browser, live_server: Any, admin: User, language: str) -> None:
    width, theme = LOOKS[language]
    page = visit(browser, live_server, user=admin, width=width, theme=theme, language=language, axe=True)
    month = f"{month_work.last_ended(timezone.now()):%Y-%m}"
    for n, organisation in enumerate(("Colegio Mejía", "Unidad Educativa Particular La Asunción de Loja", "")):
        donor = donor_of(f"d{n}@example.org", organisation=organisation)
        serve(
            stepped(offered(donor=donor).computers.get(), "accept", "receive", by=admin), month, 300 + n, people=n + 1
        )
    paths = {"report": "?by=organisation", "bad": "?since=2026-03-02&until=2026-03-01"}
    found = [
        look(page, f"/manage/computers/report/{path}", f"report-{name}-{language}", LOOKS[language])
        for name, path in paths.items()
    ]
    assert found == [[], []]
