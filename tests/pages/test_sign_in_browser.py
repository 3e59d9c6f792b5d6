"""The pages about signing in, in a real browser and in each of their states: axe finds nothing, and all fit a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page

from accounts import limits, password_links
from accounts.models import OutsideAccount, User
from portal.outside_adapter import PENDING
from tests.chromium import in_a_browser
from tests.pages.second_steps import HERE, with_app
from tests.pages.test_browser import AXE, faults, visit

pytestmark = [
    *in_a_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("accounts-in-a-browser"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install"),
    pytest.mark.parametrize("look", [(360, "dark", "es"), (1280, "light", "en")], ids=["phone", "desk"]),
]
Look = tuple[int, str, str]
State = tuple[str, str, dict[str, str]]  # a name, the page, and what is typed there before its form is sent
SIGN_UP, RESET, LOGIN, CONFIRM = (
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/login/",
    "/accounts/confirm/",
)
TWO = {"password1": "quite another 9", "password2": "quite another 8"}
SIGNED_OUT: tuple[State, ...] = (
    ("wrong", LOGIN, {"login": "nobody", "password": "wrong"}),
    ("sign-up", SIGN_UP, {}),
    ("sign-up-wrong", SIGN_UP, {"email": "ana@elsewhere.example", "name": "Ana"}),
    ("sign-up-done", SIGN_UP, {"email": "ana@students.example.org", "name": "Ana Paz"}),
    ("forgotten", RESET, {}),
    ("forgotten-wrong", RESET, {"email": "nobody@nowhere"}),
    ("forgotten-done", RESET, {"email": "nobody@example.org"}),
    ("dead-link", f"{RESET}key/1-x/", {}),
    ("bad-proof", "/account/address/prove/x/", {}),
    ("away", "/accounts/oidc/oidc/login/", {}),
    ("blocked", "/accounts/inactive/", {}),
)
SIGNED_IN: tuple[State, ...] = (
    ("confirm-wrong", f"{CONFIRM}?next={HERE}app/", {"password": "wrong"}),
    ("confirm", f"{CONFIRM}?next={HERE}app/", {"password": "minga"}),  # leads to the app
    ("app-wrong", f"{HERE}app/", {"code": "000000"}),
    ("change", "/accounts/password/change/", {"oldpassword": "wrong", **TWO}),
    ("address", "/account/address/", {}),
    ("address-wrong", "/account/address/", {"email": "nobody"}),
    ("address-sent", "/account/address/", {"email": "me@example.org"}),
    ("sessions", "/account/sessions/", {}),
    ("elsewhere-none", "/account/elsewhere/", {}),
)
WITHOUT_PASSWORD: tuple[State, ...] = (
    ("elsewhere-of-one", "/account/elsewhere/", {}),
    ("no-password-here", "/accounts/password/change/", {}),
    ("confirm-elsewhere", f"/accounts/confirm/elsewhere/?next={HERE}app/", {}),
)


@pytest.fixture
def doors(settings: Any, transactional_db: None) -> None:
    """A site where all is switched on, with a provider that is away."""
    app = {"provider_id": "oidc", "name": "Uni", "client_id": "minga", "secret": "s", "settings": {"server_url": "http://127.0.0.1:1"}}  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    settings.OIDC_URL, settings.OIDC_LABEL = "http://127.0.0.1:1", "the University of the Long Name"
    settings.SIGN_UP_DOMAINS, settings.ADDRESS_CHANGES = ["students.example.org"], True


@pytest.fixture
def seen(browser: Browser, live_server: Any, doors: None, look: Look) -> Callable[..., Iterator[str]]:
    width, theme, language = look

    def each(user: User | None, *states: State) -> Iterator[str]:
        """Yield the faults of these states."""
        page = visit(browser, live_server, user=user, width=width, theme=theme, language=language, axe=True)
        for name, path, typed in states:
            page.goto(path)
            if typed:
                send(page, typed)
            yield from faults(page, f"{name}-{language}", (width, theme))

    return each


def send(page: Page, typed: dict[str, str]) -> None:
    """Fill in the form that has these fields, and send it past the browser's own checks."""
    form = page.locator("main form").filter(has=page.locator(f"[name={next(iter(typed))}]")).first
    for name, text in typed.items():
        form.locator(f"[name={name}]").fill(text)
    form.evaluate("form => { form.noValidate = true; }")
    with page.expect_navigation():
        form.locator("button").first.click()


def test_for_the_signed_out(seen: Any) -> None:
    assert list(seen(None, *SIGNED_OUT)) == []


def test_a_phone_shows_the_mark_once(browser: Browser, live_server: Any, look: Look) -> None:
    width, theme, language = look
    page = visit(browser, live_server, user=None, width=width, theme=theme, language=language)
    page.goto(LOGIN)
    marks = page.locator("img[src*=mark]").all()
    assert [mark.is_visible() for mark in marks] == [True, width > 800]


def test_a_closed_sign_up_and_one_that_waits(seen: Any, settings: Any, monkeypatch: Any) -> None:
    settings.SIGN_UP_DOMAINS = []
    monkeypatch.setattr(limits, "BEGUN_ELSEWHERE", 2)
    waits = ("waits", "/accounts/oidc/oidc/login/", {})
    assert list(seen(None, ("sign-up-closed", SIGN_UP, {}), waits, waits, waits)) == []


def test_for_the_signed_in(seen: Any, student: User) -> None:
    agent = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Mobile Safari/537.36"
    phone = Client(headers={"User-Agent": agent})
    phone.force_login(student)
    phone.get("/account/")
    assert list(seen(student, *SIGNED_IN)) == []


def test_between_the_steps_and_by_a_mailed_link(seen: Any, student: User) -> None:
    with_app(student)
    link = "/accounts" + password_links.address(student).partition("/accounts")[2]
    signing_in = ("step", LOGIN, {"login": "student", "password": "minga"})
    steps = [signing_in, ("step-wrong", "/accounts/login/second-step/", {"code": "000000"})]
    assert list(seen(None, *steps, ("choose", link, {}), ("choose-wrong", link, TWO))) == []


def test_for_whoever_has_no_password_here(seen: Any, student: User, settings: Any) -> None:
    User.objects.update(password="!")
    OutsideAccount.objects.create(user=student, way="oidc", subject="7", name="a.rather.long.name@university.example")
    assert list(seen(User.objects.get(), *WITHOUT_PASSWORD)) == []
    settings.OIDC_URL = ""
    assert list(seen(User.objects.get(), ("no-way-left", "/accounts/confirm/elsewhere/", {}))) == []


def test_an_account_that_waits_to_be_linked(
    browser: Browser, live_server: Any, doors: None, look: Look, student: User
) -> None:
    width, theme, language = look
    page = visit(browser, live_server, user=student, width=width, theme=theme, language=language, axe=True)
    [cookie] = [each for each in page.context.cookies() if each["name"] == "sessionid"]
    client = Client()
    client.cookies["sessionid"] = cookie["value"]
    session = client.session
    session[PENDING] = {"way": "oidc", "subject": "7", "name": "a.rather.long.name@university.example"}
    session.save()
    page.goto("/account/elsewhere/")
    found = faults(page, f"to-link-{language}", (width, theme))
    send(page, {"password": "wrong"})
    found += faults(page, f"to-link-wrong-{language}", (width, theme))
    send(page, {"password": "minga"})
    found += faults(page, f"linked-{language}", (width, theme))
    assert OutsideAccount.objects.get().user == student
    assert found == []


def test_an_administrator_s_page_of_somebody_s_accounts(
    seen: Any, student: User, admin: User, settings: Any, live_server: Any
) -> None:
    settings.CLOUD_SIGN_IN_URL = "http://127.0.0.1:1/v3"
    OutsideAccount.objects.create(user=student, way="oidc", subject="7", name="s")
    page = f"/manage/people/{student.pk}/account-elsewhere/"
    states = (("accounts-of", page, {}), ("accounts-of-wrong", page, {"name": ""}), ("linked-by", page, {"name": "ana"}))  # fmt: skip
    states = (("confirm-first", f"{CONFIRM}?next={page}", {"password": "minga"}), *states)
    assert list(seen(admin, *states)) == []
