"""The files of people in a backup: all come back elsewhere, and a bad archive changes nothing."""

import errno
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.core.management import CommandError, call_command
from django.db import connections

from nodes.files import file_store, photo_bytes, photos
from nodes.models import Photo, StoredFile
from portal.ops import backup_archive
from tests.nodes.donated import offered
from tests.nodes.files.pictures import picture
from tests.sessions import end_others

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("backup"), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _alone() -> None:
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> Path:
    """FILES_DIR."""
    settings.FILES_DIR = str(tmp_path / "files")
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


@pytest.fixture
def kept(transactional_db: None) -> list[StoredFile]:
    """The files of two photos."""
    donation = offered()
    for side in (200, 300):
        photos.add_of_donor(photo_bytes.read(picture((side, side))), donation)
    return list(StoredFile.objects.order_by("pk"))


@pytest.fixture
def archive(tmp_path: Path, kept: list[StoredFile]) -> Path:
    path = tmp_path / "minga.tar"
    call_command("backup", str(path))
    return path


@pytest.fixture
def restore(archive: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    from tests.cloud.fake import FakeCloud

    cloud = FakeCloud()
    monkeypatch.setattr("portal.management.commands.restore.open_cloud", lambda: cloud)

    def alone() -> None:
        end_others()  # a thread of an earlier test may be about to close its own
        call_command("restore", str(archive), stdout=None)

    return alone


def elsewhere(files: Path) -> None:
    """Another computer: nothing is in FILES_DIR, and none of these rows in the database."""
    for path in files.iterdir():
        path.unlink()
    Photo.objects.all().delete()
    StoredFile.objects.all().delete()


def test_all_files_come_back_elsewhere(restore: Callable[[], None], files: Path, kept: list[StoredFile]) -> None:
    elsewhere(files)
    restore()
    assert Photo.objects.count() == 2
    for file in kept:
        with file_store.opened(file) as stream:
            assert backup_archive.hashlib.sha256(stream.read()).hexdigest() == file.sha256
    assert len(list(files.iterdir())) == len(kept) == 4


def test_what_came_since_stays(restore: Callable[[], None], files: Path) -> None:
    [since] = file_store.keep([b"since"], "image/jpeg")
    restore()
    assert file_store.path_of(since).read_bytes() == b"since"
    assert not StoredFile.objects.filter(pk=since.pk).exists()


def test_a_restore_that_was_killed_is_done_again(
    restore: Callable[[], None], files: Path, kept: list[StoredFile]
) -> None:
    elsewhere(files)
    (files / kept[0].pk.hex).write_bytes(b"half of it")
    restore()
    assert backup_archive.missing() == []


def test_a_restore_goes_on_whose_files_were_killed_unfinished(
    restore: Callable[[], None], files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(files)
    with monkeypatch.context() as killed:
        killed.setattr(Path, "rename", _killed_at_the_first_photo)
        killed.setattr(Path, "unlink", lambda path, **_options: None)
        with pytest.raises(KeyboardInterrupt):
            restore()
    restore()
    assert backup_archive.missing() == []


def _killed_at_the_first_photo(path: Path, target: Path) -> None:
    if file_store.is_name(target.name):
        raise KeyboardInterrupt
    path.replace(target)


def test_what_is_lost_is_said(archive: Path, files: Path, kept: list[StoredFile], tmp_path: Path) -> None:
    (files / kept[2].pk.hex).unlink()
    with pytest.raises(CommandError, match=rf"lacks 1 files.*{kept[2].pk.hex}"):
        call_command("backup", str(tmp_path / "second.tar"))
    assert (tmp_path / "second.tar").exists()


def test_a_dump_alone_is_restored_too(restore: Callable[[], None], archive: Path, kept: list[StoredFile]) -> None:
    """Backups of 0.4 are such dumps."""
    with tarfile.open(archive) as tar, archive.with_suffix(".dump").open("wb") as out:
        shutil.copyfileobj(tar.extractfile("database.dump"), out)  # type: ignore[arg-type, misc]
    archive.with_suffix(".dump").rename(archive)
    StoredFile.objects.update(media_type="changed/since")
    restore()
    assert not StoredFile.objects.filter(media_type="changed/since").exists()


def without_its_end(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def with_a_wrong_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"\xff\xd8\xff") + 100] ^= 1
    path.write_bytes(data)


def rewritten(path: Path, change: Callable[[tarfile.TarFile], None], left_out: str = "") -> None:
    old = path.with_suffix(".old")
    path.rename(old)
    with tarfile.open(old) as source, tarfile.open(path, "w") as tar:
        change(tar)
        for member in source:
            if not left_out or not member.name.startswith(left_out):
                tar.addfile(member, source.extractfile(member))


def adding(name: str, kind: bytes = tarfile.REGTYPE) -> Callable[[Path], None]:
    def add(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, "/etc/passwd", 1 if kind == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(b"x") if info.size else None)

    return lambda path: rewritten(path, add)


def lacking(name: str) -> Callable[[Path], None]:
    return lambda path: rewritten(path, lambda tar: None, left_out=name)


@pytest.mark.parametrize(
    "spoil",
    [
        without_its_end, with_a_wrong_bit, adding("../../etc/cron.d/x"), adding("/etc/x"), adding("files/../x"), adding(f"files/{'a' * 32}"),
        adding(f"files/{'a' * 32}", tarfile.SYMTYPE), adding(f"files/{'a' * 32}", tarfile.LNKTYPE), adding("files", tarfile.DIRTYPE),
        lacking("SHA256SUMS"), lacking("database.dump"), lacking("files/"),
    ],
)  # fmt: skip
def test_a_bad_archive_changes_nothing(
    spoil: Callable[[Path], None], restore: Callable[[], None], archive: Path, files: Path
) -> None:
    spoil(archive)
    elsewhere(files)
    with pytest.raises(CommandError, match="Nothing was changed"):
        restore()
    assert (StoredFile.objects.count(), list(files.iterdir())) == (0, [])


def test_without_room_nothing_is_changed(
    restore: Callable[[], None], files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(files)
    monkeypatch.setattr(backup_archive, "SPARE", 10**18)
    with pytest.raises(CommandError, match=r"are needed\. Nothing was changed"):
        restore()
    assert list(files.iterdir()) == []


def test_without_the_folder_nothing_is_changed(restore: Callable[[], None], files: Path) -> None:
    shutil.rmtree(files)
    StoredFile.objects.update(media_type="changed/since")
    with pytest.raises(CommandError, match=r"FILES_DIR .* cannot be written"):
        restore()
    assert StoredFile.objects.filter(media_type="changed/since").exists()


def test_what_killed_backups_left_goes(archive: Path, tmp_path: Path) -> None:
    names = [
        "minga-20261101-010203.tar.12.database",
        "minga-20261101-010203.tar.12.unfinished",
        "of.another.database",
        "x.1.database",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    for name in names[:3]:
        os.utime(tmp_path / name, (0, 0))
    call_command("backup", str(tmp_path))
    assert [(tmp_path / name).exists() for name in names] == [False, False, True, True]


def test_a_disk_without_links_takes_a_backup(
    kept: list[StoredFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_paths: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    call_command("backup", str(tmp_path / "on-a-stick.tar"))
    assert [path.name for path in tmp_path.glob("on-a-stick*")] == ["on-a-stick.tar"]


def test_a_link_in_the_folder_carries_nothing_out(kept: list[StoredFile], files: Path, tmp_path: Path) -> None:
    (files / ("a" * 32)).symlink_to("/etc/passwd")
    os.mkfifo(files / ("b" * 32))
    call_command("backup", str(tmp_path / "minga.tar"))
    with tarfile.open(tmp_path / "minga.tar") as tar:
        assert len(tar.getnames()) == len(kept) + 2  # the dump, the checksums
