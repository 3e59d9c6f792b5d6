"""Requests that come in over http: people behind the proxy, programs on this computer, strangers."""

from tests.production.compose_site import HOST, PASSWORD, TOKEN, Site


def test_sign_in_works_and_its_cookies_are_secure(site: Site, admin: str) -> None:
    visitor = site.visitor()
    assert visitor.sign_in(admin, PASSWORD).status_code == 302
    assert {name for name, cookie in visitor.cookies.items() if cookie["secure"]} == {
        "__Host-csrftoken",
        "__Host-sessionid",
    }
    assert visitor.cookies["__Host-sessionid"]["httponly"]


def test_browsers_are_told_to_come_by_https_only(site: Site) -> None:
    assert site.visitor().ask("GET", "/accounts/login/").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_foreign_name_is_refused(site: Site) -> None:
    assert site.get("/accounts/login/", Host="evil.example.org", X_Forwarded_Proto="https").status_code == 400


def test_files_that_never_change_are_kept_by_browsers(site: Site) -> None:
    page = site.visitor().ask("GET", "/accounts/login/").text
    style = next(part for part in page.split('"') if part.startswith("/static/") and part.endswith(".css"))
    assert "immutable" in site.get(style, Host=HOST, X_Forwarded_Proto="https").headers["Cache-Control"]


def test_metrics_are_shut_without_a_token(site: Site) -> None:
    """The visitor is an address of Docker's bridge here, which METRICS_ALLOW does not name."""
    assert site.get("/metrics").status_code == 401


def test_metrics_are_read_with_the_token(site: Site) -> None:
    reply = site.get("/metrics", Authorization=f"Bearer {TOKEN}")
    assert (reply.status_code, "minga_cloud_up" in reply.text) == (200, True)
    through_the_proxy = site.visitor().ask("GET", "/metrics")
    assert through_the_proxy.status_code == 401


def test_every_line_of_a_log_is_json(site: Site) -> None:
    """Celery writes its last line, when it is told to end, past all logging: that one is left out."""
    others = [(part, line) for part in ("web", "live", "worker", "beat", "disks") for line in site.lines(part)[1]]
    assert [line for line in others if line != ("worker", "worker: Warm shutdown (MainProcess)")] == []


def test_a_silent_cloud_does_not_fill_the_log(site: Site, has_cloud: bool) -> None:
    """The sweep asks every two seconds; it has done so for half a minute at least."""
    said = [line for line in site.log("worker").splitlines() if "could not be listed" in line]
    assert len(said) in ([0] if has_cloud else [1, 2, 3])
