"""A single installation for the whole run, started as docs/admin/install.md says."""

import base64
import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.production.cloud_way import clouds_yaml
from tests.production.compose_site import PARTS, PASSWORD, TOKEN, Site, until
from tests.production.docker_engine import HOST
from tests.production.gateway_vps import Vps

WORK = Path(os.environ.get("MINGA_WORK", ""))
ADMIN = "rosa"
AGENT = "10.77.0.1/32"  # from where the guests of the test cloud see what is forwarded to them


def pytest_configure(config: pytest.Config) -> None:
    if not WORK.is_absolute():
        pytest.exit("These tests need an engine and an image: python -m tests.production", returncode=1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"  {name}: {value}")


@pytest.fixture(scope="session", autouse=True)
def interrupted() -> Iterator[Site]:
    """A second installation whose PostgreSQL was killed while it made its database. It has until the last test to be found out."""
    site = Site("minga-interrupted", WORK / "interrupted", os.environ, AGENT_ADDRESSES="192.0.2.1/32")
    try:
        site.compose("up", "--detach", "--no-deps", "postgres")
        number = site.compose("ps", "--quiet", "postgres").stdout.strip()
        folder = "/var/lib/postgresql/18/docker"
        site.docker("exec", number, "sh", "-c", f"until [ -s {folder}/PG_VERSION ]; do sleep 0.02; done", seconds=60)
        site.docker("kill", number)
        site.docker("start", number)
        yield site
    finally:
        site.down()


@pytest.fixture(scope="session")
def site(interrupted: Site) -> Iterator[Site]:
    site = Site(
        "minga-test",
        WORK / "site",
        os.environ,
        AGENT_ADDRESSES=AGENT,
        EMPTY_PROJECT_SECONDS="1",
        METRICS_TOKEN=TOKEN,
        MACHINE_KEYS_FILE="/etc/minga/keys/machine_keys",
    )
    site.write("keys/machine_keys", base64.urlsafe_b64encode(os.urandom(32)).decode())
    site.write("cloud/clouds.yaml", clouds_yaml())
    try:
        site.compose("up", "--detach", *PARTS, seconds=180)
        until(lambda: site.get("/healthz").status_code == 200, "web answers", 60)
        yield site
    finally:
        try:
            if os.environ.get("MINGA_KEEP_LOGS"):
                for part in (*PARTS, "migrate", "agent"):
                    (Path(os.environ["MINGA_KEEP_LOGS"]) / f"{part}.log").write_text(site.log(part))
        finally:
            site.down()


@pytest.fixture(scope="session")
def admin(site: Site) -> str:
    """The name of the first administrator, made by `manage createsuperuser`."""
    given = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD, "DJANGO_SUPERUSER_EMAIL": f"{ADMIN}@example.org"}
    site.manage("createsuperuser", "--noinput", "--username", ADMIN, **given)
    return ADMIN


@pytest.fixture(scope="session")
def vps(site: Site) -> Iterator[Vps]:
    vps = Vps(site)
    vps.start()
    yield vps
    vps.stop()


@pytest.fixture(scope="session")
def has_cloud() -> bool:
    """Say whether the OpenStack beside the repository is up: its Keystone is forwarded on this computer's 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, 5000), timeout=2):
        return True
    return False
