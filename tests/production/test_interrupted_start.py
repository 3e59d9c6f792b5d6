"""A first start that was interrupted while PostgreSQL made its database: it is seen, and the way out of install.md works."""

from tests.production.compose_site import Site, until


def test_it_is_shown_as_unhealthy(interrupted: Site) -> None:
    until(lambda: interrupted.state("postgres") == "unhealthy", "postgres is unhealthy", 120, pause=1)
    assert "skipping initialization" in interrupted.log("postgres")


def test_up_says_so_and_starts_nothing(interrupted: Site) -> None:
    ran = interrupted.compose("up", "--detach", "web", check=False)
    assert ran.returncode != 0
    assert "unhealthy" in ran.stderr


def test_the_documented_way_out_works(interrupted: Site) -> None:
    interrupted.compose("down", "--volumes")
    interrupted.compose("up", "--detach", "--wait", "--no-deps", "postgres")
    assert interrupted.state("postgres") == "healthy"
