"""Folders of guests as archives, read by Python's and by GNU's tar."""

import hashlib
import io
import os
import socket
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from machines.guest_files import BLOCK
from machines.guest_files.file_faults import FileFault
from machines.guest_files.sftp_sessions import Session
from machines.guest_files.tar_folders import LEFT_OUT, WHY, Packed, packed
from tests.machines.guest_files.file_guest import Guest, files_of, simulated

LARGE = os.urandom(300_001)


async def tar_of(files: Session, **options: Any) -> bytes:
    return b"".join([piece async for piece in packed(files, files.home, **options)])


def opened(archive: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(archive), errors="surrogateescape")


def unpack(archive: bytes, out: Path) -> None:
    subprocess.run(["tar", "-xpf", "-", "-C", out], input=archive, check=True)


def differences(one: Path, other: Path) -> str:
    return subprocess.run(["diff", "-r", "--no-dereference", one, other], capture_output=True, text=True).stdout


async def test_gnu_tar_unpacks_what_was_there(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    (home / "deep" / ("x" * 120) / ("ñ" * 60)).mkdir(parents=True)
    (home / "deep" / ("x" * 120) / ("ñ" * 60) / "note").write_text("hello")
    (home / "large").write_bytes(LARGE)
    (home / "run.sh").write_text("#!/bin/sh")
    (home / "run.sh").chmod(0o750)
    (home / "way").symlink_to("y" * 150)
    (home / "empty").touch()
    out.mkdir()
    async with files_of(Guest(home)) as files:
        archive = await tar_of(files)
    unpack(archive, out)
    assert differences(home, out) == ""
    assert (out / "run.sh").stat().st_mode == (home / "run.sh").stat().st_mode


async def test_names_are_bytes(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff\xfe\n")).write_text("hello")
    async with files_of(Guest(tmp_path)) as files:
        names = opened(await tar_of(files, prefix=b"condor")).getnames()
    assert [os.fsencode(name) for name in names] == [b"condor", b"condor/\xff\xfe\n"]


async def test_links_stay_links_and_devices_are_named_in_a_list(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "zero").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(tmp_path / "socket"))
        async with files_of(Guest(tmp_path)) as files:
            archive = opened(await tar_of(files))
    links = {entry.name: entry.linkname for entry in archive if entry.issym()}
    assert links == {"loop": "loop", "zero": "/dev/zero"}
    text = archive.extractfile(LEFT_OUT.decode()).read().decode()  # type: ignore[union-attr]
    assert "pipe: a device, pipe or socket" in text
    assert "socket: a device" in text


class Moving(asyncssh.SFTPServer):
    """Names sizes that are right no more when a file is read."""

    change = 0

    async def scandir(self, path: bytes) -> Any:
        async for name in super().scandir(path):
            if name.attrs.size is not None and name.filename not in (b".", b".."):
                name.attrs.size = max(1, name.attrs.size + self.change)
            yield name


@pytest.mark.parametrize(("change", "said"), [(200_000, "shorter"), (-100_000, "longer"), (-1, "longer")])
async def test_a_file_that_changes_does_not_break_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: int, said: str
) -> None:
    monkeypatch.setattr(Moving, "change", change)
    (tmp_path / "a").write_bytes(LARGE)
    (tmp_path / "z").write_text("the last one")
    kept = Packed()
    async with simulated(tmp_path, Moving) as files:
        archive = opened(await tar_of(files, into=kept))
    size = len(LARGE) + change
    assert archive.extractfile("a").read() == (LARGE + bytes(200_000))[:size]  # type: ignore[union-attr]
    assert sorted(archive.getnames()) == [LEFT_OUT.decode(), "a", "z"]
    assert sorted(kept.left_out) == [f"{name}: {WHY[said]}" for name in ("az" if change > 0 else "a")]


@pytest.mark.parametrize(
    ("announced", "now", "said"),
    [
        (0, 10, []),
        (BLOCK // 2, BLOCK, []),
        (BLOCK // 2, BLOCK + 1, ["a: " + WHY["longer"]]),
        (0, len(LARGE), ["a: " + WHY["longer"]]),
    ],
)
async def test_a_small_file_that_grows_is_whole_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, announced: int, now: int, said: list[str]
) -> None:
    class Grown(Moving):
        async def scandir(self, path: bytes) -> Any:
            async for name in super().scandir(path):
                name.attrs.size = announced
                yield name

    (tmp_path / "a").write_bytes(LARGE[:now])
    kept = Packed(sums={})
    async with simulated(tmp_path, Grown) as files:
        archive = opened(await tar_of(files, into=kept))
    found = archive.extractfile("a").read()  # type: ignore[union-attr]
    assert found == LARGE[: min(now, BLOCK)]
    assert (kept.left_out, kept.sums) == (said, {b"a": hashlib.sha256(found).hexdigest()})
    assert (LEFT_OUT.decode() in archive.getnames()) == bool(said)


async def test_files_that_stay_as_they_are_are_named_in_no_list(tmp_path: Path) -> None:
    for size in (0, 1, BLOCK // 2, BLOCK // 2 + 1, BLOCK, BLOCK + 1, 2 * BLOCK):
        (tmp_path / str(size)).write_bytes(LARGE[:size])
    kept = Packed()
    async with simulated(tmp_path) as files:
        archive = opened(await tar_of(files, into=kept))
    assert {entry.name: entry.size for entry in archive} == {str(size): size for size in map(int, archive.getnames())}
    assert (kept.files, kept.left_out) == (7, [])


async def test_a_guest_that_announces_what_it_has_not_gets_no_endless_zeros(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Moving, "change", 1 << 50)
    (tmp_path / "a").write_bytes(LARGE)
    async with simulated(tmp_path, Moving) as files:
        with pytest.raises(FileFault, match="changed"):
            await tar_of(files)


async def test_a_file_that_is_gone_is_left_out(tmp_path: Path) -> None:
    class Gone(Moving):
        def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
            raise asyncssh.SFTPNoSuchFile("gone")

    for name in ("small", "large"):
        (tmp_path / name).write_bytes(LARGE if name == "large" else b"x")
    kept = Packed()
    async with simulated(tmp_path, Gone) as files:
        assert opened(await tar_of(files, into=kept)).getnames() == [LEFT_OUT.decode()]
    assert kept.left_out_count == 2


async def test_a_folder_that_may_not_be_read_is_left_out(tmp_path: Path) -> None:
    class Closed(asyncssh.SFTPServer):
        async def scandir(self, path: bytes) -> Any:
            if path.endswith(b"closed"):
                raise asyncssh.SFTPPermissionDenied("no")
            async for name in super().scandir(path):
                yield name

    (tmp_path / "closed").mkdir()
    async with simulated(tmp_path, Closed) as files:
        assert opened(await tar_of(files)).getnames() == ["closed", LEFT_OUT.decode()]


async def test_beyond_a_limit_it_ends(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(LARGE)
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault, match="too_big_to_move"):
            await tar_of(files, most=300_000)


async def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault, match="not_a_folder"):
            [piece async for piece in packed(files, files.home + b"/file")]
