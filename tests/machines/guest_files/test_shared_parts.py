"""Uploads where other users of the guest may write, too; and what earlier uploads left behind."""

import os
from pathlib import Path

import pytest

from machines.guest_files.file_faults import FileFault
from machines.guest_files.part_files import finish, received
from machines.guest_files.sftp_sessions import Session
from tests.machines.guest_files.file_guest import NOBODY, Guest, files_of
from tests.machines.guest_files.test_part_files import SUM, TOTAL, done, send


def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


async def test_a_link_in_place_of_a_part_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept")
    (shared(tmp_path) / f".photo.{TOTAL}.minga-part").symlink_to(tmp_path / "secret")
    async with files_of(Guest(tmp_path)) as files:
        assert await send(files, 0, TOTAL, b"shared/photo") == TOTAL
    assert (tmp_path / "secret").read_text() == "kept"


async def test_a_link_that_comes_in_the_last_moment_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_values: object) -> bool:
        return False

    monkeypatch.setattr(Session, "is_there", nothing)
    (tmp_path / "secret").write_text("kept")
    (shared(tmp_path) / f".photo.{TOTAL}.minga-part").symlink_to(tmp_path / "secret")
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault, match="failed"):
            await send(files, 0, TOTAL, b"shared/photo")
    assert (tmp_path / "secret").read_text() == "kept"


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to somebody else")
async def test_a_part_of_somebody_else_is_not_gone_on_with(tmp_path: Path) -> None:
    part = shared(tmp_path) / f".photo.{TOTAL}.minga-part"
    part.write_text("theirs")
    os.chown(part, NOBODY, NOBODY)
    async with files_of(Guest(tmp_path)) as files:
        target = files.home + b"/shared/photo"
        assert await received(files, target, TOTAL) == 0
        await send(files, 0, TOTAL, b"shared/photo")
        assert (await finish(files, target, TOTAL, replace=False)).sha256 == SUM


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to somebody else")
async def test_the_rights_of_a_file_of_somebody_else_are_not_taken_over(tmp_path: Path) -> None:
    theirs = tmp_path / "photo"
    theirs.touch()
    theirs.chmod(0o777)
    os.chown(theirs, NOBODY, NOBODY)
    async with files_of(Guest(tmp_path)) as files:
        await send(files, 0, TOTAL, replace=True)
        await done(files, replace=True)
    assert theirs.stat().st_mode & 0o002 == 0


async def test_old_parts_go_when_a_large_upload_begins_beside_them(tmp_path: Path) -> None:
    old, young, other = ".a.5.minga-part", ".b.5.minga-part", "c.minga-part"
    for name in (old, young, other):
        (tmp_path / name).write_text("x")
    for name in (old, other):
        os.utime(tmp_path / name, (0, 0))
    async with files_of(Guest(tmp_path)) as files:
        await send(files, 0, 100_000)
    assert sorted(os.listdir(tmp_path)) == sorted([young, other, f".photo.{TOTAL}.minga-part"])
