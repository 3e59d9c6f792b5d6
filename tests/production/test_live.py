"""The live process behind the proxy on this computer, which sets X-Forwarded-For and X-Forwarded-Proto."""

import httpx

from tests.production.compose_site import PASSWORD, TOKEN, Site

URL = "http://127.0.0.1:8001"
HEADERS: tuple[dict[str, str], ...] = ({}, {"Authorization": f"Bearer {TOKEN}"})


def test_a_stranger_is_refused(site: Site) -> None:
    with site.visitor().events(URL, status=401):
        pass


def test_its_numbers_are_read_with_the_token(site: Site) -> None:
    replies = [httpx.get(f"{URL}/metrics", headers=headers, trust_env=False) for headers in HEADERS]
    assert [reply.status_code for reply in replies] == [401, 200]
    assert "minga_live_streams" in replies[1].text


def test_events_come_at_once_and_the_last_says_that_it_restarts(site: Site, admin: str) -> None:
    browser = site.visitor()
    browser.sign_in(admin, PASSWORD)
    with browser.events(URL) as lines:
        assert next(lines) == "event: state"
        site.compose("restart", "live")
        assert [line for line in lines if line.startswith("data: restart ")]
