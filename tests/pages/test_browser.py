"""The pages in a real browser: axe finds nothing serious, nothing is wider than a phone, and the first visit is light."""

import gzip
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, Response, expect

from accounts.actions import make_key
from accounts.announcements import writing
from accounts.models import AuditRow, User
from machines import bulk_preview
from machines.models import BulkRun, Machine
from quotas.models import Grant, QuotaRequest
from tests.chromium import MILLISECONDS, in_a_browser
from tests.factories import grant, make_machine, make_template

AXE = Path("node_modules/axe-core/axe.min.js")
SHOTS = os.environ.get("MINGA_SHOTS", "")  # a folder: then every page is photographed, to be looked at
# Whole where a page is looked at first, then only the rules that the theme bears on: a second look costs a third.
# Rules of which axe says itself that what they find is never serious are not asked: nobody would hear their answers.
RUN_AXE = """only => axe.run(document, {resultTypes: ["violations"], selectors: false, preload: false,
    rules: Object.fromEntries(axe._audit.rules.filter(({impact}) => impact === "minor" || impact === "moderate").map(({id}) => [id, {enabled: false}])),
    ...only}).then(({violations}) => violations
  .filter(({impact}) => impact === "serious" || impact === "critical").flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 160)}`)))"""
RULES_OF_A_THEME: dict[str, Any] = {"runOnly": ["color-contrast", "link-in-text-block"]}
LIGHT = 80_000  # bytes over the wire of a page, cold, as production sends it: 120,000 are allowed
PAGES = ["/", "/launch/", "/keys/", "/account/", "/lab-templates/", "/lab-templates/new/", "/manage/catalog/", "/machines/running/", "/machines/building/",
         "/machines/failed/", "/machines/running/delete/", "/nowhere/", "/accounts/password/change/", "/accounts/second-step/", "/account/sessions/",
         "/requests/", "/requests/new/", "/manage/requests/",
         "/manage/requests/asked/", "/machines/running/moments/", "/manage/audit/", "/manage/terms/", "/manage/people/", "/teaching/",
         "/machines/suspended/terminal/", "/donating/", "/manage/", "/manage/?days=90", "/manage/idle/", "/manage/cloud/",
         "/manage/machines/?used=2h", "/manage/machines/bulk/run/", "/manage/announcements/", "/manage/announcements/new/"]  # fmt: skip
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]


@pytest.fixture
def village(transactional_db: None) -> dict[str, Machine]:
    """An admin, who sees every page, with a machine in each kind of state."""
    admin = User.objects.create_user(username="admin", password="minga", roles=["admin"])
    make_key(owner=admin, name="laptop", by=admin)
    grant(admin)
    make_template(
        summary="A terminal, a web server and a database to learn with.", name="Web and database lab", icon="web"
    )
    make_template("big", name="Screen", summary="A desktop.", icon="screen")
    QuotaRequest.objects.create(user=admin, subject=1, title={"en": "Lab"}, reason="For the thesis.", machines=1)
    AuditRow.objects.create(who=admin, verb="edit_image", kind="image", name="Debian", address="192.0.2.7")
    states = ("running", "building", "suspended", "shelved", "failed")
    note = {"text": "The cluster could not do it. Try again; if it happens twice, tell your teacher."}
    names = ("condor", "vizcacha-with-a-rather-long-name-that-wraps", "quinoa", "llama", "puma")
    facts = {"failed": {"state_note": note}, "building": {"cloud_task": "spawning", "cloud_status": "building"}}
    machines = {s: make_machine(admin, state=s, name=n, **facts.get(s, {})) for s, n in zip(states, names, strict=True)}
    Machine.objects.update(used_at=timezone.now() - timedelta(hours=3))
    writing.announce(text_en="The lab closes at six: https://example.org/lab", text_es="", ends_at=timezone.now() + timedelta(hours=1), by=admin)  # fmt: skip
    bulk_preview.prepare(machines=Machine.objects.all(), verb="delete", by=admin)
    return machines


def visit(
    browser: Browser,
    live_server: Any,
    *,
    user: User | None,
    width: int,
    theme: str,
    language: str,
    axe: bool = False,
    live: bool = False,
) -> Page:
    """Open a window for somebody. `axe`: `look` and `faults` are asked about its pages. `live`: a live process is there."""
    context = browser.new_context(viewport={"width": width, "height": 800}, base_url=live_server.url)
    context.set_default_timeout(MILLISECONDS)
    cookies = {"theme": theme, "django_language": language}
    if user:
        client = Client()
        client.force_login(user)
        cookies["sessionid"] = client.cookies["sessionid"].value
    context.add_cookies([{"name": k, "value": v, "url": live_server.url} for k, v in cookies.items()])
    if not live:
        context.add_init_script("delete window.EventSource")  # else each page would ask for it again and again
    if axe:
        context.add_init_script(path=AXE)  # sent once; a page's own evaluate() would send it for each page
    return context.new_page()


def look(page: Page, path: str, name: str, *looks: tuple[int, str]) -> list[str]:
    """Load a page once and return its faults in each width and theme, as `faults` does."""
    page.goto(path)
    return faults(page, name, *looks)


def faults(page: Page, name: str, *looks: tuple[int, str]) -> list[str]:
    """Return the faults of the page that is open: axe's serious findings, and anything wider than the window.

    Width and theme change below it, as when a phone is turned and by the theme's switch. The first look asks for all of axe's
    rules, so let the first looks of the two languages differ in width: names and structure depend on both, on the theme nothing but colors.
    """
    first, *others = looks
    found = _faults_in(page, name, first, {})
    return found + [fault for look in others for fault in _faults_in(page, name, look, RULES_OF_A_THEME)]


def _faults_in(page: Page, name: str, look: tuple[int, str], rules: dict[str, Any]) -> list[str]:
    width, theme = look
    page.wait_for_load_state()  # a page that a press has just opened may have no elements yet
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    wrong = page.evaluate(RUN_AXE, rules)
    wide = page.evaluate(TOO_WIDE)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{width}-{theme}.png", full_page=True)
    here = f"{page.url} ({width}, {theme})"
    return [f"{here} {w}" for w in wrong] + ([f"{here} is {wide} px too wide"] if wide > 0 else [])


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize(
    ("language", "looks"),
    [("es", [(360, "light"), (1280, "dark")]), ("en", [(1280, "light"), (360, "dark")])],
    ids=["es", "en"],
)
def test_axe_finds_nothing_serious_and_nothing_is_too_wide(
    browser: Browser, live_server: Any, village: dict[str, Machine], language: str, looks: list[tuple[int, str]]
) -> None:
    (width, theme), *_others = looks
    page = visit(browser, live_server, user=User.objects.get(), width=width, theme=theme, language=language, axe=True)
    wrong, pks = (
        [],
        {
            "asked": QuotaRequest.objects.get().pk,
            "run": BulkRun.objects.get().pk,
            **{name: row.pk for name, row in village.items()},
        },
    )
    for path in PAGES:
        real = "/".join(str(pks.get(part, part)) for part in path.split("/"))
        wrong += look(page, real, f"{path.strip('/').replace('/', '-') or 'home'}-{language}", *looks)
    assert wrong == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize(("width", "theme", "language"), [(360, "dark", "es"), (1280, "light", "en")])
def test_the_door_and_the_empty_house_are_sound(
    browser: Browser, live_server: Any, student: User, width: int, theme: str, language: str
) -> None:
    page = visit(browser, live_server, user=None, width=width, theme=theme, language=language, axe=True)
    wrong = look(page, "/accounts/login/", f"login-{language}", (width, theme))
    page = visit(browser, live_server, user=student, width=width, theme=theme, language=language, axe=True)
    wrong += look(page, "/", f"empty-{language}", (width, theme))
    page.goto("/keys/")
    page.locator("form[action='/keys/make/'] button").click()
    page.locator("#save-key").wait_for()
    wrong += faults(page, f"made-{language}", (width, theme))
    assert wrong == []


def test_the_longest_names_fit_a_phone(browser: Browser, live_server: Any, student: User) -> None:
    machine = make_machine(student, name="W" * 60)
    Grant.objects.update(machines=1)  # full: the names stand on buttons
    page = visit(browser, live_server, user=student, width=360, theme="light", language="en")
    for path in ("/launch/", f"/machines/{machine.pk}/", f"/machines/{machine.pk}/delete/", "/"):
        page.goto(path)
        assert (path, page.evaluate(TOO_WIDE)) == (path, 0)


def on_the_wire(response: Response) -> int:
    """Return the bytes of an answer. Production sends texts compressed by WhiteNoise; here static files come as they lie."""
    size: int = response.request.sizes()["responseBodySize"]
    is_text = "/static/" in response.url and not response.url.endswith(".woff2")
    return min(size, len(gzip.compress(response.body()))) if is_text else size


@pytest.mark.parametrize("path", ["/", "/machines/running/"])
def test_a_first_visit_is_light(browser: Browser, live_server: Any, village: dict[str, Machine], path: str) -> None:
    page = visit(browser, live_server, user=User.objects.get(), width=360, theme="light", language="en")
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.goto(path.replace("running", str(village["running"].pk)), wait_until="networkidle")
    sizes = [on_the_wire(response) for response in responses]
    assert len(sizes) >= 6
    assert sum(sizes) < LIGHT, sizes


JUMPS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((seen) => { for (const jump of seen.getEntries()) sum += jump.value; })
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(sum), 400);
})"""


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_jumps_while_a_page_loads(
    browser: Browser, live_server: Any, village: dict[str, Machine], width: int
) -> None:
    page = visit(browser, live_server, user=User.objects.get(), width=width, theme="light", language="es")
    jumps = {}
    for path in ("/", "/launch/", f"/machines/{village['running'].pk}/", "/keys/"):
        page.goto(path)  # the network is never idle while no live process is there: cards ask in turn
        jumps[path] = page.evaluate(JUMPS)
    assert set(jumps.values()) == {0}, jumps


def test_the_page_says_running_without_a_reload(
    browser: Browser, live_server: Any, village: dict[str, Machine]
) -> None:
    page = visit(browser, live_server, user=User.objects.get(), width=360, theme="light", language="en")
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"/machines/{village['building'].pk}/")
    page.evaluate("window.stayed = true")
    Machine.objects.filter(pk=village["building"].pk).update(state="running")
    page.wait_for_selector("#live[data-state=running]")
    assert page.locator("#state").inner_text() == "Running"
    assert page.evaluate("window.stayed") is True
    expect(page.locator("#said")).to_contain_text("Running")
    assert errors == []


def test_the_private_half_can_be_saved(browser: Browser, live_server: Any, student: User, tmp_path: Path) -> None:
    page = visit(browser, live_server, user=student, width=360, theme="light", language="en")
    page.goto("/keys/")
    page.locator("form[action='/keys/make/'] button").click()
    with page.expect_download() as download:
        page.locator("#save-key").click()
    assert download.value.suggested_filename == "minga_key"
    assert download.value.path().read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")


def test_the_theme_switches_without_a_reload(browser: Browser, live_server: Any, student: User) -> None:
    page = visit(browser, live_server, user=student, width=360, theme="light", language="en")
    page.goto("/")
    page.evaluate("window.stayed = true")
    page.locator("#user-menu").click()
    page.locator("[data-theme-switch] button").click()
    assert page.evaluate("[document.documentElement.dataset.theme, window.stayed]") == ["dark", True]


def test_as_my_browser_lasts(browser: Browser, live_server: Any, student: User) -> None:
    page = visit(browser, live_server, user=student, width=360, theme="light", language="es")
    page.goto("/account/")
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    for chosen in ("America/La_Paz", ""):
        page.locator("#id_time_zone").select_option(chosen)
        page.locator("form[action='/account/time-zone/'] button").click()
        page.get_by_text("Zona horaria guardada.").wait_for()
        page.goto("/account/")
        assert page.locator("#id_time_zone").input_value() == chosen
    assert page.locator("#id_time_zone option").first.inner_text() == f"La de mi navegador: {zone}"
    assert (User.objects.get().time_zone, User.objects.get().browser_time_zone) == ("", zone)
