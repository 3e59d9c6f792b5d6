"""Files of people: one row each, never more than the limit, nothing lost and nothing left lying."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from nodes.files import file_store
from nodes.files.file_store import NoRoom
from nodes.models import StoredFile


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: Any) -> Path:
    settings.FILES_DIR = str(tmp_path)
    return tmp_path


def keep(data: bytes = b"abc") -> StoredFile:
    [file] = file_store.keep([data], "image/jpeg")
    return file


def age(path: Path, **ago: float) -> None:
    then = (timezone.now() - timedelta(**ago)).timestamp()
    os.utime(path, (then, then))


def test_it_is_read_as_it_was_kept(db: None, place: Path) -> None:
    file = keep(b"some bytes")
    with file_store.opened(file) as stream:
        assert stream.read() == b"some bytes"
    assert (file.size, file.sha256) == (10, hashlib.sha256(b"some bytes").hexdigest())
    assert [path.name for path in place.iterdir()] == [file.pk.hex]


def test_the_group_may_read_it_and_nobody_else(db: None) -> None:
    assert file_store.path_of(keep()).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "gone"), PermissionError(13, "Permission denied"), OSError(5, "I/O error")]
)
def test_one_that_cannot_be_read_is_missing_and_the_log_says_why(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: OSError
) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise error

    file = keep()
    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(FileNotFoundError):
        file_store.opened(file)
    assert file.pk.hex in caplog.text


def test_beyond_the_limit_nothing_is_kept(db: None, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "most_bytes", lambda: 10)
    keep(b"123456")
    with pytest.raises(NoRoom, match="no room for more files"):
        keep(b"12345")
    assert (StoredFile.objects.count(), len(list(place.iterdir()))) == (1, 1)
    keep(b"1234")


@pytest.mark.parametrize("call", ["fsync", "fchmod", "open"])
def test_a_full_disk_leaves_nothing(db: None, place: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*_arguments: Any, **_options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((Path, call, full) if call == "open" else (os, call, full)))
    with pytest.raises(NoRoom):
        keep()
    monkeypatch.undo()
    assert (StoredFile.objects.count(), list(place.iterdir())) == (0, [])


def test_of_two_that_belong_together_the_first_does_not_stay_alone(
    db: None, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_store, "most_bytes", lambda: 10)
    with pytest.raises(NoRoom):
        file_store.keep([b"1234", b"1234567"], "image/jpeg")
    assert (StoredFile.objects.count(), list(place.iterdir())) == (0, [])


def test_a_folder_that_cannot_be_written_is_no_matter_of_room(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_arguments: Any, **_options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(NoRoom, match="cannot be kept just now"):
        keep()


def test_two_at_once_never_pass_the_limit(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "most_bytes", lambda: 100)

    def one(_number: int) -> bool:
        try:
            keep(b"x" * 30)
            return True
        except NoRoom:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(6))) == 3


def test_without_its_row_it_is_no_file(transactional_db: None, place: Path) -> None:
    with transaction.atomic():
        stray = file_store.path_of(keep())
        transaction.set_rollback(True)
    kept = file_store.path_of(keep())
    for days, left in ((29, {stray, kept}), (31, {kept})):
        for path in (stray, kept):
            age(path, days=days)
        file_store.sweep(timezone.now())
        assert set(place.iterdir()) == left


def test_a_dropped_file_stays_a_day(db: None, place: Path) -> None:
    file, other = keep(), keep()
    file_store.drop([file])
    assert file_store.sweep(timezone.now() + timedelta(hours=23)) == 0
    assert file_store.sweep(timezone.now() + timedelta(hours=25)) == 1
    assert (list(StoredFile.objects.all()), list(place.iterdir())) == ([other], [file_store.path_of(other)])


def test_one_that_cannot_be_removed_stops_no_other(db: None, place: Path) -> None:
    poisoned, other = keep(), keep()
    file_store.path_of(poisoned).unlink()
    file_store.path_of(poisoned).mkdir()
    file_store.drop([poisoned])
    file_store.drop([other])
    assert file_store.sweep(timezone.now() + timedelta(days=2)) == 1
    assert list(StoredFile.objects.all()) == [poisoned]


def test_what_was_never_finished_goes_and_what_is_not_ours_stays(db: None, place: Path) -> None:
    ours = [place / f"{'a' * 32}.part", place / "tmpab_1x.upload.jpg"]
    others = [place / "notes.txt", place / "lost+found.part", place / ("A" * 32)]
    for path in (*ours, *others):
        path.touch()
        age(path, days=400)
    assert file_store.sweep(timezone.now()) == 2
    assert set(place.iterdir()) == set(others)


def test_without_a_folder_the_sweep_has_nothing_to_do(db: None, place: Path) -> None:
    place.rmdir()
    assert file_store.sweep(timezone.now()) == 0
