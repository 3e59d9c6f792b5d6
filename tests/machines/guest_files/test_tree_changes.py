"""New folders, renames, deletions."""

import os
from pathlib import Path

import pytest

from machines.guest_files import tree_changes
from machines.guest_files.file_faults import FileFault
from machines.guest_files.tree_changes import delete, new_folder, rename
from tests.machines.guest_files.file_guest import Guest, files_of


async def test_a_folder_is_made_once(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path)) as files:
        await new_folder(files, files.home + b"/notes")
        with pytest.raises(FileFault, match="exists"):
            await new_folder(files, files.home + b"/notes")
    assert (tmp_path / "notes").is_dir()


@pytest.mark.parametrize("kind", ["file", "folder"])
async def test_a_rename_replaces_nothing(tmp_path: Path, kind: str) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir() if kind == "folder" else (tmp_path / name).write_text(name)
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault, match="exists"):
            await rename(files, files.home + b"/a", files.home + b"/b")
        await rename(files, files.home + b"/a", files.home + b"/c")
    assert sorted(os.listdir(tmp_path)) == ["b", "c"]


async def test_a_folder_does_not_go_into_itself(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault, match="not_here"):
            await rename(files, files.home + b"/a", files.home + b"/a/b")


async def test_a_folder_goes_with_all_in_it_and_links_lead_nowhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "a" / "b").mkdir(parents=True)
    (tmp_path / "kept").write_text("kept")
    (home / "a" / "b" / "out").symlink_to(tmp_path)
    for number in range(40):
        (home / "a" / str(number)).touch()
    async with files_of(Guest(home)) as files:
        assert await delete(files, files.home + b"/a") == 43
    assert (list(home.iterdir()), (tmp_path / "kept").exists()) == ([], True)


async def test_a_link_to_a_folder_goes_alone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "way").symlink_to("folder")
    async with files_of(Guest(tmp_path)) as files:
        assert await delete(files, files.home + b"/way") == 1
    assert os.listdir(tmp_path) == ["folder"]


async def test_a_crowd_is_not_deleted_in_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_changes, "MOST_DELETED", 5)
    (tmp_path / "a").mkdir()
    for number in range(6):
        (tmp_path / "a" / str(number)).touch()
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault, match="too_many"):
            await delete(files, files.home + b"/a")
    assert len(os.listdir(tmp_path / "a")) == 6


@pytest.mark.parametrize("path", [b"/", b"~", b".."])
async def test_the_home_and_what_it_lies_in_stay(tmp_path: Path, path: bytes) -> None:
    async with files_of(Guest(tmp_path)) as files:
        for meant in ({b"~": files.home, b"..": os.path.dirname(files.home)}.get(path, path),):
            with pytest.raises(FileFault, match="not_here"):
                await delete(files, meant)
            with pytest.raises(FileFault, match="not_here"):
                await rename(files, meant, b"/tmp/elsewhere")
