"""Uploads in pieces."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncssh
import pytest

from machines.guest_files import guest_sums, part_files
from machines.guest_files.file_faults import FileFault
from machines.guest_files.part_files import Piece, finish, give_up, part_of, put, received
from machines.guest_files.sftp_sessions import Session
from tests.machines.guest_files.file_guest import Guest, files_of, pieces, simulated

CONTENT = os.urandom(300_000)
SUM = hashlib.sha256(CONTENT).hexdigest()
TOTAL = len(CONTENT)


async def send(
    files: Session, start: int, end: int, name: bytes = b"photo", *, replace: bool = False, total: int = TOTAL
) -> int:
    piece = Piece(start, end, total)
    return await put(files, files.home + b"/" + name, piece, pieces(CONTENT[start:end]), replace=replace)


async def done(files: Session, name: bytes = b"photo", *, replace: bool = False, sha256: str = "") -> part_files.Done:
    return await finish(files, files.home + b"/" + name, TOTAL, replace=replace, sha256=sha256)


async def test_pieces_become_the_file(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path)) as files:
        assert (await send(files, 0, 100_000), await send(files, 100_000, TOTAL)) == (100_000, TOTAL)
        assert not (tmp_path / "photo").exists()
        assert await done(files, sha256=SUM) == part_files.Done(TOTAL, SUM)
    assert (os.listdir(tmp_path), (tmp_path / "photo").read_bytes()) == (["photo"], CONTENT)


async def test_its_sum_is_read_back_where_no_program_can_be_run(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path, path="")) as files:
        await send(files, 0, TOTAL)
        assert (await done(files)).sha256 == SUM


async def test_its_sum_is_counted_without_openssl_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_sums, "read_back", None)
    (tmp_path / "bin").mkdir()
    for name in ("sh", "xargs", "sha256sum"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    async with files_of(Guest(tmp_path, path=str(tmp_path / "bin"))) as files:
        await send(files, 0, TOTAL)
        assert (await done(files)).sha256 == SUM


async def test_an_empty_file_is_a_piece_of_nothing(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path)) as files:
        target = files.home + b"/empty"
        await put(files, target, Piece(0, 0, 0), pieces(), replace=False)
        await finish(files, target, 0, replace=False)
    assert (tmp_path / "empty").read_bytes() == b""


async def test_it_goes_on_where_a_body_was_cut(tmp_path: Path) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield CONTENT[:70_000]
        raise ConnectionResetError

    async with files_of(Guest(tmp_path)) as files:
        target = files.home + b"/photo"
        with contextlib.suppress(ConnectionResetError):
            await put(files, target, Piece(0, 200_000, TOTAL), cut(), replace=False)
        here = await received(files, target, TOTAL)
        await send(files, here, TOTAL)
        assert (await done(files)).sha256 == SUM


@pytest.mark.parametrize(
    ("start", "end", "total", "code"),
    [
        (50_000, 200_000, TOTAL, "range"), (150_000, 200_000, TOTAL, "range"), (100_000, 200_000, TOTAL + 1, "range"),
        (100_000, TOTAL + 1, TOTAL, "bad_range"), (200_000, 100_000, TOTAL, "bad_range"), (-1, 5, TOTAL, "bad_range"), (0, 0, 5, "bad_range"),
    ],
)  # fmt: skip
async def test_a_piece_that_does_not_continue_is_refused(
    tmp_path: Path, start: int, end: int, total: int, code: str
) -> None:
    async with files_of(Guest(tmp_path)) as files:
        await send(files, 0, 100_000)
        with pytest.raises(FileFault) as raised:
            await send(files, start, end, total=total)
        assert (raised.value.code, await received(files, files.home + b"/photo", TOTAL)) == (code, 100_000)


@pytest.mark.parametrize("length", [99, 101])
async def test_a_body_that_is_not_as_long_as_it_says_is_refused(tmp_path: Path, length: int) -> None:
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault) as raised:
            await put(files, files.home + b"/photo", Piece(0, 100, TOTAL), pieces(CONTENT[:length]), replace=False)
    assert raised.value.code == "bad_range"


async def test_an_existing_file_is_replaced_only_where_that_is_wished(tmp_path: Path) -> None:
    (tmp_path / "photo").write_text("old")
    (tmp_path / "photo").chmod(0o750)
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault, match="exists"):
            await send(files, 0, TOTAL)
        await send(files, 0, TOTAL, replace=True)
        await done(files, replace=True)
    assert ((tmp_path / "photo").read_bytes(), (tmp_path / "photo").stat().st_mode & 0o777) == (CONTENT, 0o750)


async def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path)) as files:
        await send(files, 0, TOTAL)
        (tmp_path / "photo").write_text("new")
        with pytest.raises(FileFault, match="exists"):
            await done(files)
    assert (tmp_path / "photo").read_text() == "new"


async def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "photo").mkdir()
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault) as raised:
            await send(files, 0, TOTAL, replace=True)
    assert (raised.value.code, raised.value.facts["can_replace"]) == ("exists", False)


async def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("other")
    (tmp_path / "photo").symlink_to("other")
    async with files_of(Guest(tmp_path)) as files:
        await send(files, 0, TOTAL, replace=True)
        await done(files, replace=True)
    assert ((tmp_path / "other").read_text(), (tmp_path / "photo").is_symlink()) == ("other", False)


async def test_what_did_not_arrive_as_it_was_sent_is_thrown_away(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path)) as files:
        await send(files, 0, TOTAL)
        with pytest.raises(FileFault, match="other_sum"):
            await done(files, sha256="0" * 64)
    assert os.listdir(tmp_path) == []


async def test_an_upload_is_given_up(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path)) as files:
        await send(files, 0, 100_000)
        for _twice in range(2):
            await give_up(files, files.home + b"/photo", TOTAL)
    assert os.listdir(tmp_path) == []


async def test_uploads_of_other_sizes_do_not_meet(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path)) as files:
        await asyncio.gather(send(files, 0, 100_000), send(files, 0, 50_000, total=50_000))
        await send(files, 100_000, TOTAL)
        assert (await done(files)).sha256 == SUM


async def test_a_long_name_has_a_part_too(tmp_path: Path) -> None:
    name = b"x" * 255
    async with files_of(Guest(tmp_path)) as files:
        await send(files, 0, TOTAL, name)
        await done(files, name)
    assert os.listdir(tmp_path) == [name.decode()]


async def test_a_name_that_is_not_utf8_arrives(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path)) as files:
        await send(files, 0, TOTAL, b"\xff\xfe'\" $(id)")
        assert (await done(files, b"\xff\xfe'\" $(id)")).sha256 == SUM
    assert os.listdir(os.fsencode(tmp_path)) == [b"\xff\xfe'\" $(id)"]


async def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path)) as files:
        with pytest.raises(FileFault, match="not_found"):
            await send(files, 0, TOTAL, b"nowhere/photo")


async def test_an_upload_that_has_its_place_is_known_again_by_its_sum(tmp_path: Path) -> None:
    async with files_of(Guest(tmp_path)) as files:
        target = files.home + b"/photo"
        assert await part_files.in_place(files, target, TOTAL, SUM) is None
        await send(files, 0, TOTAL)
        assert await done(files) == await part_files.in_place(files, target, TOTAL, SUM)
        for total, sha256 in ((TOTAL, "0" * 64), (TOTAL - 1, SUM), (TOTAL, "")):
            assert await part_files.in_place(files, target, total, sha256) is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@needs_root
async def test_a_file_larger_than_the_disk_is_refused_at_once(small_disk: Path) -> None:
    async with files_of(Guest(small_disk)) as files:
        with pytest.raises(FileFault, match="disk_full"):
            await send(files, 0, 100)
    assert os.listdir(small_disk) == []


@needs_root
async def test_a_disk_that_fills_up_in_the_middle_is_said_and_it_goes_on_when_there_is_room(small_disk: Path) -> None:
    async with files_of(Guest(small_disk)) as files:
        await send(files, 0, 10_000, total=200_000)
        (small_disk / "filler").write_bytes(bytes(100_000))
        with pytest.raises(FileFault, match="disk_full"):
            await send(files, 10_000, 200_000, total=200_000)
        (small_disk / "filler").unlink()
        here = await received(files, files.home + b"/photo", 200_000)
        await send(files, here, 200_000, total=200_000)
        await finish(files, files.home + b"/photo", 200_000, replace=False)
    assert (small_disk / "photo").read_bytes() == CONTENT[:200_000]


class Frugal(asyncssh.SFTPServer):
    """Takes only the first blocks, and says as little about it as OpenSSH."""

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if offset == 65536:
            raise asyncssh.SFTPFailure("Failure")
        return int(super().write(file_obj, offset, data))  # type: ignore[arg-type]


async def test_no_hole_is_left_behind_a_block_that_failed(tmp_path: Path) -> None:
    async with simulated(tmp_path, Frugal) as files:
        with pytest.raises(FileFault, match="failed"):
            await send(files, 0, TOTAL)
        assert await received(files, files.home + b"/photo", TOTAL) == 65536


def test_a_part_lies_beside_its_file() -> None:
    assert part_of(b"/home/photo", 7) == b"/home/.photo.7.minga-part"
