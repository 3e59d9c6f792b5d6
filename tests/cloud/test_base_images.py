"""The starter images of the local cloud: there, being built, not buildable, or of an earlier recipe."""

import subprocess
from pathlib import Path

import pytest

from cloud.localcloud import base_images
from cloud.localcloud.base_images import TINY, StarterImages
from cloud.localcloud.store import Store
from cloud.starter import builder, outcome
from cloud.starter.recipes import RECIPES
from tests.cloud.conftest import NEEDS_QEMU

DEBIAN = RECIPES["debian-12"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "starter").mkdir()
    return tmp_path / "starter"


def facts(images: StarterImages) -> list[tuple[str, str, str]]:
    return [(row.id, row.status, row.fault) for row in images.rows()]


def fail(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "TOOLS", ("mmdebstrap-of-nowhere",))
    with pytest.raises(builder.CannotBuild):
        outcome.build(folder, DEBIAN, print)


def test_one_that_is_awaited_is_listed_until_it_is_there(folder: Path) -> None:
    images = StarterImages(folder.parent, awaited="debian-12")
    assert facts(images) == [("debian-12", "building", "")]
    (folder / DEBIAN.file_name).touch()
    assert facts(images) == [("debian-12", "", "")]


def test_one_that_nobody_builds_is_not_listed(folder: Path) -> None:
    assert facts(StarterImages(folder.parent)) == []


def test_why_it_could_not_be_built_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = StarterImages(folder.parent, awaited="debian-12")
    fail(folder, monkeypatch)
    assert [(id, status) for id, status, _why in facts(images)] == [("debian-12", "failed")]
    assert "mmdebstrap-of-nowhere" in facts(images)[0][2]


def test_the_next_start_tries_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(folder, monkeypatch)
    assert facts(StarterImages(folder.parent, awaited="debian-12")) == [("debian-12", "building", "")]


def test_the_next_build_forgets_why_the_last_one_failed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(folder, monkeypatch)
    (folder / DEBIAN.file_name).touch()
    outcome.build(folder, DEBIAN, print)
    assert outcome.why_failed(folder, DEBIAN) == ""


def test_the_store_follows_what_is_there(tmp_path: Path, folder: Path) -> None:
    store = Store(tmp_path / "cloud.sqlite3")
    images = StarterImages(tmp_path, awaited="debian-12")
    base_images.keep(store, [TINY, *images.rows()])
    assert not store.images["debian-12"].ready
    (folder / DEBIAN.file_name).touch()
    base_images.keep(store, [TINY, *images.rows()])
    assert store.images["debian-12"].ready
    base_images.keep(store, [TINY])
    assert list(store.images) == [TINY.id]
    store.close()


@NEEDS_QEMU[0]
@NEEDS_QEMU[1]
def test_an_image_of_an_earlier_recipe_stays_while_a_disk_needs_it(tmp_path: Path, folder: Path) -> None:
    needed, unneeded, current = (folder / name for name in ("debian-12-a.qcow2", "debian-12-b.qcow2", DEBIAN.file_name))
    for file in (needed, unneeded, current):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", file, "1M"], check=True)
    disk = tmp_path / "disk"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", needed, disk], check=True)
    base_images.remove_outdated(tmp_path, [disk, current])
    assert {file.name for file in folder.iterdir()} == {needed.name, current.name}


def test_a_disk_that_cannot_be_read_keeps_all(tmp_path: Path, folder: Path) -> None:
    (folder / "debian-12-a.qcow2").touch()
    base_images.remove_outdated(tmp_path, [tmp_path / "away"])
    assert (folder / "debian-12-a.qcow2").exists()
