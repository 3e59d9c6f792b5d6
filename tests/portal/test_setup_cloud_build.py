"""setup_cloud --build: what is built is uploaded under its own name and login; what cannot be built is a sentence."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from cloud.starter.builder import CannotBuild
from cloud.starter.recipes import RECIPES
from portal.management.commands import setup_cloud

DEBIAN = RECIPES["debian-12"]


def options(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "build": "debian-12",
        "folder": folder,
        "image": None,
        "name": None,
        "login": None,
        "dry_run": False,
        **more,
    }


@pytest.fixture(autouse=True)
def on_openstack(settings: Any) -> None:
    settings.IS_OPENSTACK = True


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return a folder where the image is built already."""
    header = b"QFI\xfb".ljust(24, b"\0") + (2000 * 2**20).to_bytes(8, "big")
    (tmp_path / DEBIAN.file_name).write_bytes(header.ljust(512, b"\0"))
    return tmp_path


def test_what_is_built_is_uploaded(kept: Path) -> None:
    upload = setup_cloud._upload(options(kept))
    assert upload
    assert (upload.name, upload.login, upload.min_disk_gb) == ("Debian 12", "student", 2)


def test_why_it_cannot_be_built_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Path:
        raise CannotBuild("mmdebstrap not installed.")

    monkeypatch.setattr(setup_cloud, "find_or_build", fail)
    with pytest.raises(CommandError, match="mmdebstrap not installed"):
        setup_cloud._upload(options(tmp_path))


def test_a_dry_run_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_cloud, "find_or_build", pytest.fail)
    assert setup_cloud._upload(options(tmp_path, dry_run=True)) is None


def test_a_file_and_a_build_are_not_said_together(kept: Path) -> None:
    with pytest.raises(CommandError, match="--build has its own name"):
        setup_cloud._upload(options(kept, image=kept / "disk.qcow2"))


def test_nothing_is_built_for_the_local_cloud(kept: Path, settings: Any) -> None:
    settings.IS_OPENSTACK = False
    with pytest.raises(CommandError, match="uploads to an OpenStack"):
        setup_cloud._upload(options(kept))
