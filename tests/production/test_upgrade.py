"""An upgrade as install.md says, and the way back: a new image, then deploy/compose/upgrade. The new version is this one with a migration more."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.production.compose_site import ROOT, Site, until

SERVICES = ("web", "live", "worker", "beat")
MIGRATION = """
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("tunnels", {before!r})]
    operations = [migrations.RunSQL({sql!r})]
"""
GOOD = "ALTER TABLE tunnels_gateway ADD COLUMN later integer NULL"
BAD = "SELECT 1 / 0"
APPLIED = "from django.db.migrations.recorder import MigrationRecorder as R; print(R.Migration.objects.filter(name={0!r}).count())"
PEOPLE = "from accounts.models import User; print(*User.objects.values_list('username', flat=True))"
SOMEBODY = "from accounts.models import User; User.objects.create_user({0!r}, '{0}@example.org')"
APPLIED_AT = "from django.db.migrations.recorder import MigrationRecorder as R; print(R.Migration.objects.get(name={0!r}).applied.isoformat())"


class Watch(threading.Thread):
    """Asks /healthz ten times a second: the longest time without an answer, and when the first answer was missed.

    How long that is depends on what else the computer does, so it is told and not tried.
    """

    def __init__(self, site: Site) -> None:
        super().__init__(daemon=True)
        self.url, self.ended = f"http://127.0.0.1:{site.port}/healthz", threading.Event()
        self.away = 0.0
        self.missed_at: datetime | None = None

    def run(self) -> None:
        answered_at = time.monotonic()
        while not self.ended.wait(0.1):
            try:
                httpx.get(self.url, timeout=1, trust_env=False).raise_for_status()
                answered_at = time.monotonic()
            except httpx.HTTPError:
                self.missed_at = self.missed_at or datetime.now(UTC)
                self.away = max(self.away, time.monotonic() - answered_at)

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.ended.set()
        self.join()


def build(site: Site, folder: Path, name: str, sql: str) -> None:
    """Leave what `git pull` and `docker compose build` would: the same tag, other contents."""
    leaf = sorted(path.stem for path in (ROOT / "tunnels/migrations").glob("0*.py"))[-1]
    (folder / f"{name}.py").write_text(MIGRATION.format(before=leaf, sql=sql))
    (folder / "Dockerfile").write_text(f"FROM minga:before\nCOPY {name}.py /app/tunnels/migrations/\n")
    site.docker("build", "--tag", "minga:test", str(folder))


def starts(site: Site) -> dict[str, tuple[str, str]]:
    """Return the containers, and since when each runs."""
    found = {part: site.container(part) for part in SERVICES}
    return {part: (facts["Id"], facts["State"]["StartedAt"]) for part, facts in found.items()}


def images(site: Site) -> dict[str, str]:
    return {part: site.container(part)["Image"] for part in SERVICES}


@pytest.fixture(scope="module", autouse=True)
def _the_image_comes_back(site: Site) -> Iterator[None]:
    site.docker("tag", "minga:test", "minga:before")
    yield
    site.docker("tag", "minga:before", "minga:test")


@pytest.fixture(scope="module")
def backup(site: Site) -> str:
    """The backup with which an upgrade begins, as the containers see it."""
    site.shell(SOMEBODY.format("of-before"))
    site.manage("backup", "/backups")
    return f"/backups/{max(path.name for path in site.backups.glob('minga-*'))}"


def test_a_migration_that_fails_leaves_the_old_version_running(site: Site, tmp_path: Path) -> None:
    before = starts(site)
    build(site, tmp_path, "0998_bad", BAD)
    ran = site.run("deploy/compose/upgrade", check=False)
    assert ran.returncode != 0
    assert "division by zero" in ran.stdout + ran.stderr
    assert "the old version goes on working" in ran.stderr
    assert starts(site) == before
    assert site.get("/readyz").status_code == 200


def test_an_upgrade_migrates_first_and_then_replaces_each_part(
    site: Site, tmp_path: Path, backup: str, record_property: Callable[[str, object], None]
) -> None:
    before = images(site)
    build(site, tmp_path, "0999_good", GOOD)
    with Watch(site) as watch:
        site.run("deploy/compose/upgrade")
    after = images(site)
    assert [part for part in SERVICES if after[part] == before[part]] == []
    assert site.shell(APPLIED.format("0999_good")).strip() == "1"
    record_property("seconds that web was away during the upgrade", f"{watch.away:.1f}")
    assert watch.missed_at is None or watch.missed_at > datetime.fromisoformat(first_migration(site))


def first_migration(site: Site) -> str:
    """Return when the new migration was written down: the old version still served then."""
    return site.shell(APPLIED_AT.format("0999_good")).strip()


def test_the_next_up_replaces_nothing_more(site: Site) -> None:
    before = starts(site)
    site.compose("up", "--detach", *SERVICES)
    assert starts(site) == before


def test_the_way_back_brings_the_version_before_and_the_rows_of_its_backup(site: Site, backup: str) -> None:
    """The lines of install.md. `git checkout` and `docker compose build` leave the same tag, with what was in it before."""
    site.shell(SOMEBODY.format("of-after"))
    new = images(site)
    site.compose("stop", "web", "live", "disks", "worker", "beat", "agent")
    site.docker("tag", "minga:before", "minga:test")
    ran = site.manage("restore", backup, check=False)
    assert "The database is restored" in ran.stdout + ran.stderr
    site.compose("up", "--detach", *SERVICES)
    until(lambda: site.get("/healthz").status_code == 200, "web answers", 60)
    assert [part for part, image in images(site).items() if image == new[part]] == []
    assert site.shell(APPLIED.format("0999_good")).strip() == "0"
    people = site.shell(PEOPLE).split()
    assert ("of-before" in people, "of-after" in people) == (True, False)
    assert site.get("/readyz").status_code == 200
