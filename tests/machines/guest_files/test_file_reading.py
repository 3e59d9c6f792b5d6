"""Bytes of files in guests."""

import os
from pathlib import Path

import asyncssh
import pytest

from machines.guest_files import BLOCK, REQUESTS, sftp_sessions
from machines.guest_files.file_faults import FileFault
from machines.guest_files.file_reading import blocks, file_facts
from machines.guest_files.sftp_sessions import Session, session
from tests.machines.guest_files.file_guest import Guest, connected, files_of, simulated

CONTENT = os.urandom(40 * BLOCK + 7)


async def read(files: Session, name: bytes, size: int) -> bytes:
    return b"".join([block async for block in blocks(files, files.home + b"/" + name, size)])


async def test_a_file_comes_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    async with files_of(Guest(tmp_path)) as files:
        assert await read(files, b"file", len(CONTENT)) == CONTENT


@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, 3 * BLOCK, 0])
async def test_a_file_that_became_shorter_ends_early(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(CONTENT[:size])
    async with files_of(Guest(tmp_path)) as files:
        assert await read(files, b"file", len(CONTENT)) == CONTENT[:size]


@pytest.mark.parametrize("name", ["device", "pipe", "folder"])
async def test_what_is_no_file_is_never_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "device").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault, match="not_a_file"):
            await file_facts(files, files.home + b"/" + name.encode())


class Generous(asyncssh.SFTPServer):
    """Gives more than was asked for."""

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        return bytes(size + 1000)


async def test_a_guest_that_gives_more_than_was_asked_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with simulated(tmp_path, Generous) as files:
        with pytest.raises(FileFault, match="failed"):
            await read(files, b"file", 3 * BLOCK)


class Holding(asyncssh.SFTPServer):
    """Keeps the first block back and counts what else it was asked for."""

    asked = 0

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        Holding.asked += 1
        if offset == 0:
            raise asyncssh.SFTPPermissionDenied("later")
        return bytes(size)


async def test_no_more_is_asked_for_than_fits(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with simulated(tmp_path, Holding) as files:
        with pytest.raises(FileFault, match="no_permission"):
            await read(files, b"file", 1000 * BLOCK)
    assert Holding.asked <= REQUESTS


async def test_a_guest_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with files_of(Guest(tmp_path)) as files:
        monkeypatch.setattr(sftp_sessions, "SECONDS", 0.1)
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(FileFault, match="no_answer"):
            await read(files, b"pipe", 10)


async def _says(process: "asyncssh.SSHServerProcess[bytes]", text: bytes) -> None:
    process.stdout.write(text)
    process.exit(0)


@pytest.mark.parametrize(
    "text", [b"Welcome to my machine!\n", b"", b"\0\0\0\5\2\0\0\0\3" + b"\xff" * 40, b"\0\0\0\1\2"]
)
async def test_a_guest_without_sftp_is_said(text: bytes) -> None:
    async with connected(lambda process: _says(process, text)) as connection:
        with pytest.raises(FileFault, match="no_sftp"):
            async with session(connection):
                pass


async def test_a_guest_that_knows_no_sftp_is_said() -> None:
    async with connected() as connection:
        with pytest.raises(FileFault, match="no_sftp"):
            async with session(connection):
                pass
