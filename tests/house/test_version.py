"""The program, the package and the head of the list of changes name the same version."""

import re
import tomllib
from pathlib import Path

from django.test import Client

from accounts.models import User
from portal import __version__

ROOT = Path(__file__).resolve().parents[2]
# "## 0.2.0 (2026-11-26)", and "unreleased" instead of the date until it is.
HEADING = re.compile(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d|unreleased)\)$", re.MULTILINE)


def test_the_package_has_the_programs_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_the_list_of_changes_is_headed_by_it() -> None:
    assert HEADING.findall((ROOT / "CHANGELOG.md").read_text())[0][0] == __version__


def test_every_heading_of_the_list_is_a_version_with_its_date() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert len(HEADING.findall(text)) == text.count("\n## ")


def test_administrators_read_it_on_every_page(client: Client, admin: User) -> None:
    client.force_login(admin)
    assert f"Version {__version__}" in client.get("/").content.decode()


def test_others_do_not(client: Client, teacher: User) -> None:
    client.force_login(teacher)
    page = client.get("/").content.decode()
    assert 'class="foot"' in page  # where administrators read it
    assert __version__ not in page
