"""`docker compose up`: what runs, as whom, and what it answers."""

import pytest

from tests.production.compose_site import PARTS, USER, Site, until

OURS = ("web", "live", "worker", "beat", "disks")


def test_migrate_has_ended_well(site: Site) -> None:
    state = site.container("migrate")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)


def test_ps_shows_migrate_only_when_asked_for_all(site: Site) -> None:
    assert "migrate" not in site.compose("ps", "--services").stdout.split()
    assert "migrate" in site.compose("ps", "--all", "--services").stdout.split()


def test_it_is_fit_to_work(site: Site) -> None:
    """The first answers of a web that has just begun may be late."""
    until(lambda: site.get("/readyz").status_code == 200, "/readyz is content", 60)
    assert (site.part("database")["state"], site.part("redis")["state"]) == ("ok", "ok")


@pytest.mark.parametrize("part", OURS)
def test_a_part_has_no_more_rights_than_it_needs(site: Site, part: str) -> None:
    host = site.container(part)["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], None)
    status = site.compose("exec", "--no-TTY", part, "cat", "/proc/1/status").stdout
    facts = dict(line.split(":", 1) for line in status.splitlines())
    assert {int(number) for number in facts["Uid"].split()} == {USER}
    assert (int(facts["CapEff"], 16), facts["NoNewPrivs"].strip(), facts["Seccomp"].strip()) == (0, "1", "2")


def test_web_reads_disks_by_way_of_a_process_that_holds_the_password_for_it(site: Site) -> None:
    until(lambda: site.part("disks")["state"] == "ok", "web reaches the process that reads disks", 30)
    look = "import os; print(os.path.exists('/etc/minga/cloud'), [n for n in os.environ if n.startswith('OS_')])"
    assert site.compose("exec", "--no-TTY", "web", "python", "-c", look).stdout.strip() == "False []"
    held = site.compose("exec", "--no-TTY", "disks", "env").stdout
    assert [name for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL") if f"{name}=" in held] == []


def test_the_database_cannot_be_reached_from_this_computer(site: Site) -> None:
    published = {part: site.container(part)["HostConfig"]["PortBindings"] for part in PARTS}
    assert {part for part, ports in published.items() if ports} == {"web", "live"}
    assert published["web"]["8000/tcp"][0]["HostIp"] == "127.0.0.1"
    assert published["live"]["8001/tcp"][0]["HostIp"] == "127.0.0.1"


KILL = """
import os
from pathlib import Path
for place in Path("/proc").glob("[0-9]*"):
    if int(place.name) not in (1, os.getpid()) and b"portal.serve" in (place / "cmdline").read_bytes():
        os.kill(int(place.name), 9)
"""


def test_live_is_heard(site: Site) -> None:
    until(lambda: site.part("live")["state"] == "ok", "web has found the sign of live", 30)


def test_web_may_hold_many_connections_open(site: Site) -> None:
    assert site.files_of("web") == [16384, 16384]


def test_a_killed_web_comes_back(site: Site) -> None:
    """Killed from inside: `docker kill` counts as stopped on purpose."""
    site.compose("exec", "--no-TTY", "web", "python", "-c", KILL, check=False)
    until(lambda: site.container("web")["RestartCount"] == 1, "Docker starts it again", 30)
    until(lambda: site.get("/healthz").status_code == 200, "web answers again", 30)
