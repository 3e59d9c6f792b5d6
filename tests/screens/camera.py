"""Picture every page. Run by `python -m tests.screens`; pytest is only what starts the servers.

The pages are those of the recording's installation, which has machines of every state. No server runs: Django answers, and the
browser is given the answers, so all pages are of one moment, and nothing that a page would ask for later changes them.
axe looks at each page before it is pictured; what it finds, whatever its weight, stands in a file beside the pictures.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route

from tests.chromium import browser as browser
from tests.chromium import chromium as chromium
from tests.pages.test_browser import AXE, RULES_OF_A_THEME
from tests.recording.recorder import things as things
from tests.screens.rows_of_today import NEWCOMER

OUT = Path(os.environ.get("MINGA_SCREENS", "screens"))
ONLY = os.environ.get("MINGA_SCREENS_OF", "").split()
SITE = "http://minga.test"
ROLES = ("visitor", "student", "teacher", "donor", "admin", NEWCOMER)
LANGUAGES = ("en", "es")
SIZES = {"phone": (390, 844), "desk": (1280, 800)}
THEMES: tuple[Any, ...] = ("light", "dark")
SECOND_STEP = "accounts/login/second-step"  # is there after the first
SOME = 4  # things of one kind; machines: one of each state; pages of help: all, for administrators
OF_EVERY_KIND = (
    "manage/people/",
    "manage/requests/",
    "manage/machines/bulk/",
    "manage/computers/",
    "manage/donations/",
    "manage/plans/",
    "manage/nodes/",
    "manage/subscriptions/",
    "help/",
)  # for administrators, too; other pages look alike
NO_PAGES = ("/api/", "/agent/")  # but for the API's documentation
ASKED = ("/api/docs/",)
PHOTOS = re.compile(r'src="(/photos/[^"]+)"')
PARTS = (
    "/live",
    "/card",
    "/work",
    "/terminal/question",
)  # of a page, which asks for them anew: they have no style of their own
RUN_AXE = """only => axe.run(document, {resultTypes: ["violations"], selectors: false, preload: false, ...only}).then(({violations}) =>
  violations.flatMap(({id, impact, nodes}) => nodes.map(({html}) => `${id} (${impact}): ${html.slice(0, 160)}`)))"""
LIST = "nombre;correo\nMaría José Chimbo;mjchimbo@example.org\nSin correo;\nEstudiante;student@example.org\n=1+1;formula@example.org\n"
# Pages that no plain address leads to, by folder: for administrators.
MORE: dict[str, tuple[str, dict[str, str]]] = {
    "manage/people/page-2": ("/manage/people/?page=2", {}),
    "manage/people/blocked": ("/manage/people/?state=blocked", {}),
    "manage/people/nobody": ("/manage/people/?q=nobody+is+called+so", {}),
    "manage/people/new/refused": ("/manage/people/new/", {"name": "Ana", "email": "x", "roles": "student"}),
    "manage/people/import/preview": ("/manage/people/import/", {"csv": LIST, "role": "student", "invite": "on"}),
    "manage/people/import/refused": ("/manage/people/import/", {"csv": "", "role": "student"}),
    "manage/90-days": ("/manage/?days=90", {}),
    "manage/machines/failed": ("/manage/machines/?state=failed", {}),
    "manage/machines/nobody": ("/manage/machines/?q=no+machine+is+called+so", {}),
    "manage/computers/nothing": ("/manage/computers/?q=no+computer+is+called+so", {}),
    "manage/computers/labels": ("/manage/computers/labels/?computer=1", {}),
    "manage/computers/report/refused": ("/manage/computers/report/?since=2026-03-02&until=2026-03-01", {}),
    "manage/computers/wrong-digit": ("/manage/computers/?q=MNG-00127-5", {}),
    "help/search": ("/help/?q=ssh", {}),
    "help/search-nothing": ("/help/?q=xyzzy", {}),
    "manage/audit/page-2": ("/manage/audit/?before=40", {}),
    "manage/audit/refused": ("/manage/audit/?since=yesterday", {}),
}
# Pages of what cannot be answered, for everybody who gets them.
REFUSED = {"errors/403": "/manage/people/", "errors/404": "/nowhere/", "errors/405": "/account/theme/"}


@pytest.fixture
def world(things: Any, browser: Any) -> Any:
    """The recording's installation, with rows of what came since.

    They are added once Playwright runs: Django then takes another connection, which does not see what this one has not committed.
    """
    from tests.screens import rows_of_today

    if "people" not in things.values:
        rows_of_today.add(things)
        settings.IS_OPENSTACK = True  # for the page of a credential of one's own
    return things


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_picture(world: Any, browser: Any, role: str, language: str) -> None:
    from tests.recording.asking import Person

    client = Person(role).client()
    if role != "visitor":
        _has_just_shown_who_they_are(client)
    statuses: dict[str, list[int]] = {}
    faults: dict[str, list[str]] = {}
    context = browser.new_context(locale=language, reduced_motion="reduce")
    if AXE.exists():
        context.add_init_script(path=AXE)
    page = context.new_page()
    for folder, name, url, data in _pages(world, role):
        if folder == SECOND_STEP:
            _second_step(client)
        ask = client.post if data else client.get
        answer = ask(url, data, headers={"Accept-Language": language})
        statuses.setdefault(folder, []).append(answer.status_code)
        is_shown = answer.status_code > 400 if folder in REFUSED else answer.status_code in (200, 400)
        if is_shown and "html" in answer.get("Content-Type", "") and not answer.streaming:
            path = OUT / folder / "-".join(filter(None, (role, name, language)))
            photos = {address: client.get(address).content for address in PHOTOS.findall(answer.content.decode())}
            faults[str(path.relative_to(OUT))] = _picture(page, url, answer.content, path, photos)

    (OUT / f"{role}-{language}.axe").write_text(json.dumps(faults))
    if not ONLY:
        (OUT / f"{role}-{language}.json").write_text(json.dumps(statuses))


def _has_just_shown_who_they_are(client: Any) -> None:
    """Open the pages that else ask for the password first."""
    client.post("/accounts/confirm/", {"password": "minga"})
    assert client.get("/help/").wsgi_request.user.is_authenticated, "These would be a visitor's pictures."


def _second_step(client: Any) -> None:
    """Sign a visitor in as far as the second step."""
    client.post("/accounts/login/", {"login": "teacher", "password": "minga"})


def _pages(things: Any, role: str) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Yield (folder, name of the thing, address, what is sent there) of every page that there may be for somebody."""
    if role == NEWCOMER:
        yield from [("terms", "", "/terms/", {})] if _is_wanted("terms") else []
        return
    yield from ((folder, name, url, {}) for folder, name, url in _plain_pages(things, role))
    yield from ((folder, "", url, {}) for folder, url in REFUSED.items() if _is_wanted(folder))
    if role == "visitor" and _is_wanted(SECOND_STEP):
        yield SECOND_STEP, "", f"/{SECOND_STEP}/", {}
    if role == "admin":
        yield from ((folder, "", url, data) for folder, (url, data) in MORE.items() if _is_wanted(folder))


def _is_wanted(folder: str) -> bool:
    return not ONLY or any(word in folder for word in ONLY)


def _plain_pages(things: Any, role: str) -> Iterator[tuple[str, str, str]]:
    from tests.recording.things import addresses

    states = things.by_state()
    for address in addresses(things):
        if address.pattern.startswith(NO_PAGES) and address.pattern not in ASKED:
            continue
        if not _is_wanted(address.folder) or address.folder.endswith(PARTS):
            continue
        is_machines = "machines/<" in address.pattern
        wanted = [pair for pair in address.urls if pair[0] in states] if is_machines else []
        is_alike = role != "student" and not address.folder.startswith(OF_EVERY_KIND)
        most = None if role == "admin" and address.folder.startswith("help/") else SOME
        for name, url in (wanted or address.urls[:most])[: 1 if is_alike else None]:
            yield address.folder, name.replace("/", " ")[:40], url


def _picture(page: Page, url: str, html: bytes, path: Path, photos: dict[str, bytes]) -> list[str]:
    """Picture a page in both sizes and themes, with its photos by address. Return what axe finds in any of them."""

    def answer(route: Route) -> None:
        asked = urlsplit(route.request.url)
        if asked.path.startswith("/static/"):
            _send_file(route, asked.path.removeprefix("/static/"))
        elif asked.path in photos:
            route.fulfill(body=photos[asked.path], content_type="image/jpeg")
        elif route.request.is_navigation_request():
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        else:
            route.abort()

    path.parent.mkdir(parents=True, exist_ok=True)
    page.unroute_all()
    page.route("**/*", answer)
    page.goto(f"{SITE}{url}", wait_until="load")
    found: list[str] = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            if AXE.exists():
                found += page.evaluate(RUN_AXE, {} if theme == THEMES[0] else RULES_OF_A_THEME)
            page.screenshot(path=f"{path}-{size}-{theme}.png", full_page=True, animations="disabled")
    return list(dict.fromkeys(found))


def _send_file(route: Route, name: str) -> None:
    from django.contrib.staticfiles import finders

    found = finders.find(name)
    if isinstance(found, str):
        route.fulfill(path=found)
    else:
        route.abort()
