"""Homes that move from one machine to another."""

import io
import os
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machines.guest_files import homes
from machines.guest_files.file_faults import FileFault
from machines.guest_files.home_return import put_back
from machines.guest_files.homes import check_movable, compare, pack, pack_into
from machines.guest_files.tar_folders import Packed
from tests.machines.guest_files.file_guest import Guest, files_of, pieces

LARGE = os.urandom(200_000)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    home = tmp_path / "old"
    (home / "work" / ("n" * 130)).mkdir(parents=True)
    (home / "work" / ("n" * 130) / "data").write_bytes(LARGE)
    (home / os.fsdecode(b"\xffname")).write_text("odd")
    (home / "run.sh").write_text("#!/bin/sh")
    (home / "run.sh").chmod(0o750)
    os.utime(home / "run.sh", (10**9, 10**9))
    (home / "way").symlink_to("work")
    for number in range(30):
        (home / "work" / f"file {number}").write_text(str(number))
    return home


@pytest.fixture
def new(tmp_path: Path) -> Path:
    home = tmp_path / "new"
    home.mkdir()
    (home / "run.sh").write_text("another one")
    (home / "stays").write_text("mine")
    return home


async def packed_home(home: Path) -> tuple[bytes, Packed]:
    file = io.BytesIO()
    async with files_of(Guest(home)) as files:
        kept = await pack_into(file, files)
    return file.getvalue(), kept


async def test_a_home_is_put_back_as_it_was(old: Path, new: Path) -> None:
    archive, kept = await packed_home(old)
    async with files_of(Guest(new)) as files:
        assert await put_back(files, pieces(archive)) == kept.files == 33
        assert not await compare(kept.sums or {}, files)
    facts = (new / "run.sh").stat()
    assert (facts.st_mode & 0o777, facts.st_mtime, os.readlink(new / "way")) == (0o750, 10**9, "work")
    assert sorted(os.listdir(new)) == sorted([*os.listdir(old), "stays"])


async def test_it_goes_from_machine_to_machine(old: Path, new: Path) -> None:
    async with files_of(Guest(old)) as source, files_of(Guest(new)) as files:
        assert await put_back(files, pack(source)) == 33


async def test_what_differs_is_named(old: Path) -> None:
    _archive, kept = await packed_home(old)
    (old / "run.sh").write_text("changed")
    (old / "work" / "file 1").unlink()
    async with files_of(Guest(old)) as files:
        assert await compare(kept.sums or {}, files) == homes.Difference([b"work/file 1"], [b"run.sh"])


async def test_a_home_that_is_too_big_is_not_moved(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "MOST_TO_MOVE", 100_000)
    async with files_of(Guest(old)) as files:
        with pytest.raises(FileFault, match="too_big_to_move"):
            await check_movable(files)


async def test_a_home_in_limits_has_a_size(old: Path) -> None:
    async with files_of(Guest(old)) as files:
        assert await check_movable(files) > len(LARGE)


def archive_of(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    return entry.tobuf(tarfile.GNU_FORMAT) + bytes(10240)


@pytest.mark.parametrize(
    "archive",
    [
        b"", b"hello", b"x" * 1024, archive_of("../out"), archive_of("/etc/passwd"), archive_of("a/../../b"),
        archive_of("zero", tarfile.CHRTYPE), archive_of("pipe", tarfile.FIFOTYPE), archive_of("a")[:512],
    ],
)  # fmt: skip
async def test_what_is_no_archive_of_ours_is_refused(new: Path, archive: bytes) -> None:
    async with files_of(Guest(new)) as files:
        with pytest.raises(FileFault, match="odd_archive"):
            await put_back(files, pieces(archive))
    assert not (new.parent / "out").exists()


async def test_a_link_in_the_archive_leads_no_file_out_of_the_home(new: Path, tmp_path: Path) -> None:
    link = tarfile.TarInfo("out")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
    async with files_of(Guest(new)) as files:
        with pytest.raises(FileFault):
            await put_back(files, pieces(link.tobuf(tarfile.GNU_FORMAT), archive_of("out/file")))
    assert not (tmp_path / "file").exists()


async def test_an_archive_that_is_cut_is_said(old: Path, new: Path) -> None:
    archive, _kept = await packed_home(old)

    async def cut() -> AsyncIterator[bytes]:
        for start in range(0, len(archive) // 2, 7000):
            yield archive[start : start + 7000]

    async with files_of(Guest(new)) as files:
        with pytest.raises(FileFault, match="odd_archive"):
            await put_back(files, cut())
