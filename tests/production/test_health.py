"""`docker compose ps` after the first minute."""

import pytest

from tests.production.compose_site import PARTS, Site, until


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_healthy(site: Site, part: str) -> None:
    """worker and beat are looked at for the first time after a minute."""
    until(lambda: site.state(part) == "healthy", f"{part} is healthy", 90, pause=1)


def test_nothing_was_killed_for_its_memory(site: Site) -> None:
    assert [part for part in PARTS if site.container(part)["State"]["OOMKilled"]] == []
