"""The image as `docker compose build` makes it."""

import json
from typing import Any

import pytest

from tests.production.compose_site import USER, Site

MEGABYTES = 700
IMAGE = "minga:test"


@pytest.fixture(scope="module")
def image(interrupted: Site) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(interrupted.docker("image", "inspect", IMAGE).stdout)[0]
    return found


def inside(site: Site, *command: str) -> str:
    return site.docker("run", "--rm", "--network=none", IMAGE, *command).stdout


def test_it_is_no_larger_than_it_needs_to_be(image: dict[str, Any]) -> None:
    assert image["Size"] < MEGABYTES * 10**6


def test_it_does_not_run_as_root(image: dict[str, Any], interrupted: Site) -> None:
    assert image["Config"]["User"] == f"{USER}:{USER}"
    assert inside(interrupted, "id", "--user").strip() == str(USER)


def test_its_own_user_cannot_change_the_program(interrupted: Site) -> None:
    assert inside(interrupted, "find", "/app", "/venv", "-writable", "-not", "-type", "l").strip() == ""


def test_no_secret_is_in_it(image: dict[str, Any], interrupted: Site) -> None:
    assert [line for line in image["Config"]["Env"] if line.startswith(("SECRET", "DATABASE", "OS_"))] == []
    assert (
        inside(
            interrupted, "find", "/app", "-name", ".env*", "-o", "-name", "clouds.yaml", "-o", "-name", ".git"
        ).strip()
        == ""
    )
