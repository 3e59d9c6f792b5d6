"""`docker compose run --rm manage …`: what docs/admin/install.md and backup.md say."""

from tests.production.compose_site import PASSWORD, Site, until

SOMEBODY = (
    "from accounts.models import User; User.objects.create_user(username={0!r}, email='{0}@example.org', password='x')"
)
NAMES = "from accounts.models import User; print(*User.objects.values_list('username', flat=True))"


def test_check_cloud_says_how_the_cloud_is(site: Site, has_cloud: bool) -> None:
    ran = site.manage("check_cloud", check=False)
    told = ran.stdout + ran.stderr
    assert ("Keystone" in told, "Traceback" in told) == (True, False), told
    assert has_cloud or ran.returncode != 0, told


def test_createsuperuser_makes_the_first_administrator(site: Site, admin: str) -> None:
    page = site.visitor()
    reply = page.sign_in(admin, PASSWORD)
    assert (reply.status_code, page.ask("GET", "/manage/catalog/").status_code) == (302, 200)


def test_a_backup_is_made_while_the_site_works(site: Site, admin: str) -> None:
    site.manage("backup", "/backups")
    [file] = site.backups.glob("minga-*.tar")
    assert (file.stat().st_size > 10_000, file.stat().st_mode & 0o777) == (True, 0o600)


def test_a_restore_is_refused_while_the_site_works(site: Site) -> None:
    [file] = site.backups.glob("minga-*.tar")
    ran = site.manage("restore", f"/backups/{file.name}", check=False)
    assert ran.returncode != 0
    assert "Stop web, live, worker and beat first" in ran.stderr


def test_a_restore_brings_back_what_was_saved(site: Site, admin: str, has_cloud: bool) -> None:
    """Restore without a cloud: it says so at the end, and holds the machines."""
    [file] = site.backups.glob("minga-*.tar")
    site.shell(SOMEBODY.format("came-later"))
    site.compose("stop", "web", "live", "worker", "beat")
    ran = site.manage("restore", f"/backups/{file.name}", check=False)
    assert "The database is restored" in ran.stdout
    assert (ran.returncode == 0) is has_cloud, ran.stdout + ran.stderr
    site.compose("start", "web", "live", "worker", "beat")
    until(lambda: site.get("/healthz").status_code == 200, "web answers", 60)
    names = site.shell(NAMES).split()
    assert (admin in names, "came-later" in names) == (True, False)
