"""Lists of folders in guests."""

import os
import socket
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from machines.guest_files.file_faults import FileFault
from machines.guest_files.folder_lists import DEEPEST, MOST_SHOWN, listing, walk
from tests.machines.guest_files.file_guest import Guest, files_of, simulated


async def test_it_names_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("hello")
    (tmp_path / "A folder").mkdir()
    (tmp_path / "way").symlink_to("/etc")
    async with files_of(Guest(tmp_path)) as files:
        found = await listing(files, files.home)
    facts = [(entry.name, entry.facts.kind) for entry in found.entries]
    assert (facts, found.has_more) == ([(b"A folder", "folder"), (b"b.txt", "file"), (b"way", "link")], False)
    assert found.entries[1].facts.size == 5


async def test_devices_pipes_and_sockets_are_another_kind(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(tmp_path / "socket"))
        async with files_of(Guest(tmp_path)) as files:
            assert {entry.facts.kind for entry in (await listing(files, files.home)).entries} == {"other"}


class Crowded(asyncssh.SFTPServer):
    """Has 50,000 files, and counts those that it was asked for."""

    named = 0

    async def scandir(self, path: bytes) -> Any:
        for number in range(50_000):
            Crowded.named += 1
            yield asyncssh.SFTPName(b"%05d" % number, b"", asyncssh.SFTPAttrs(permissions=0o100644, size=1))


async def test_of_a_crowded_folder_no_more_is_asked_for_than_is_shown(tmp_path: Path) -> None:
    async with simulated(tmp_path, Crowded) as files:
        found = await listing(files, b"/")
    assert (len(found.entries), found.has_more) == (MOST_SHOWN, True)
    assert Crowded.named < MOST_SHOWN + 200


class Liar(asyncssh.SFTPServer):
    """Gives names that no file can have."""

    async def scandir(self, path: bytes) -> Any:
        for name in (b"../x", b"/etc/passwd", b"", b".", b"..", b"a\0b", b"x" * 300, b"good"):
            yield asyncssh.SFTPName(name, b"", asyncssh.SFTPAttrs(permissions=0o100644))


async def test_names_that_no_file_can_have_are_left_out(tmp_path: Path) -> None:
    async with simulated(tmp_path, Liar) as files:
        assert [entry.name for entry in (await listing(files, b"/")).entries] == [b"good"]


@pytest.mark.parametrize(
    ("name", "code"), [(b"file", "not_a_folder"), (b"nothing", "not_found"), (b"loop", "not_found")]
)
async def test_what_is_no_folder_is_said(tmp_path: Path, name: bytes, code: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault) as raised:
            await listing(files, files.home + b"/" + name)
    assert raised.value.code == code


async def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir(mode=0o700)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(0o755)
    async with files_of(Guest(tmp_path, as_nobody=True)) as files:
        with pytest.raises(FileFault) as raised:
            await listing(files, files.home + b"/secret")
    assert raised.value.code == "no_permission"


async def test_a_walk_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    async with files_of(Guest(tmp_path)) as files:
        assert [found.path async for found in walk(files, files.home)] == [b"in", b"in/up"]


async def test_a_walk_ends_in_folders_without_end(tmp_path: Path) -> None:
    class Endless(asyncssh.SFTPServer):
        async def scandir(self, path: bytes) -> Any:
            yield asyncssh.SFTPName(b"x", b"", asyncssh.SFTPAttrs(permissions=0o040755))

    async with simulated(tmp_path, Endless) as files:
        found = [found async for found in walk(files, b"/")]
    assert (len(found), found[-1].fault) == (DEEPEST, "too_deep")


async def test_an_answer_that_would_unpack_into_hundreds_of_megabytes_is_not_taken(tmp_path: Path) -> None:
    class Bomb(asyncssh.SFTPServer):
        async def scandir(self, path: bytes) -> Any:
            for _ in range(100):
                yield asyncssh.SFTPName(b"x" * 60_000, b"", asyncssh.SFTPAttrs())

    async with simulated(tmp_path, Bomb) as files:
        with pytest.raises(FileFault):
            await listing(files, b"/")


class Nonsense(asyncssh.SFTPServer):
    """Names the folder itself for ever."""

    async def scandir(self, path: bytes) -> Any:
        while True:
            yield asyncssh.SFTPName(b".", b"", asyncssh.SFTPAttrs(permissions=0o040755))


async def test_endless_names_that_no_file_can_have_are_given_up(tmp_path: Path) -> None:
    async with simulated(tmp_path, Nonsense) as files:
        with pytest.raises(FileFault, match="no_answer"):
            await listing(files, b"/")
