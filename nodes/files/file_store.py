"""Keep files in FILES_DIR, up to FILES_MAX_GB in all.

A file is written, and safe against a power cut, before its row is; a row therefore always has its file. What a killed process leaves without
a row, the sweep removes. A file that is dropped stays a day, so that a backup whose rows were read before still finds it.
"""

import errno
import hashlib
import logging
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from lib import seldom
from lib.notes import Refusal
from nodes.files.models import StoredFile

log = logging.getLogger(__name__)

TOTAL_LOCK = 0x66696C6573  # of pg_advisory_xact_lock: the total is added up by one at a time
STAYS = timedelta(days=1)  # after it was dropped
UNFINISHED_STAYS = timedelta(hours=6)  # of a file that was never finished: a body may take a quarter of an hour
STRAY_STAYS = timedelta(days=30)  # of a file without a row: an older backup may have been restored by mistake
PAGE = 500  # rows or files in one turn of the sweep
PART = ".part"
UPLOAD = re.compile(r"tmp\w+\.upload\b.*")  # where Django keeps what is being sent, if a process was killed meanwhile


class NoRoom(Refusal):
    """The limit of all files together is reached, or the disk is full. Nothing was kept."""

    status = 507
    code = "no_room_for_files"


def folder() -> Path:
    """Return FILES_DIR."""
    return Path(settings.FILES_DIR)


def path_of(file: StoredFile) -> Path:
    """Return where the bytes of a file are."""
    return folder() / file.pk.hex


def most_bytes() -> int:
    """Return the limit of all files together."""
    return int(settings.FILES_MAX_GB) * 10**9


def total_bytes() -> int:
    """Return what all files take, also those that wait for the sweep."""
    return StoredFile.objects.aggregate(total=Sum("size"))["total"] or 0


def keep(contents: Sequence[bytes], media_type: str) -> list[StoredFile]:
    """Write files and their rows, all or none, in the transaction that writes what they belong to. Raises NoRoom."""
    files = [StoredFile(media_type=media_type, size=len(c), sha256=hashlib.sha256(c).hexdigest()) for c in contents]
    try:
        for file, data in zip(files, contents, strict=True):
            _write(path_of(file), data)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TOTAL_LOCK])
            if total_bytes() + sum(file.size for file in files) > most_bytes():
                raise _no_room("the limit of FILES_MAX_GB is reached")
            StoredFile.objects.bulk_create(files)
    except BaseException:
        for file in files:
            path_of(file).unlink(missing_ok=True)
        raise
    return files


def drop(files: list[StoredFile]) -> None:
    """Give files up, in the transaction that removes what they belonged to. The sweep removes them a day later."""
    StoredFile.objects.filter(pk__in=[file.pk for file in files], dropped_at=None).update(dropped_at=timezone.now())


def opened(file: StoredFile) -> BinaryIO:
    """Open the bytes of a file for reading. Raises FileNotFoundError where FILES_DIR lacks it or keeps it from us, which is logged."""
    try:
        return path_of(file).open("rb")
    except FileNotFoundError:
        log.error("FILES_DIR has no file %s: restore the backup that has it", file.pk.hex)
        raise
    except OSError as error:
        log.error("FILES_DIR does not give the file %s: %s", file.pk.hex, error)
        raise FileNotFoundError(str(error)) from error


def sweep(now: datetime) -> int:
    """Remove what nothing needs any more. Returns how many files went; one that cannot be removed stops no other."""
    gone = sum(_remove(file) for file in _unneeded(now))
    return gone + sum(_unlink(path) for path in _strays(now))


def _unneeded(now: datetime) -> list[StoredFile]:
    # In no order: files that cannot be removed do not keep all others from their turn.
    return list(StoredFile.objects.filter(dropped_at__lt=now - STAYS).order_by("?")[:PAGE])


@transaction.atomic
def _remove(file: StoredFile) -> int:
    """Remove the row, and the file with it; a file that cannot be removed keeps its row, for the next time."""
    row = StoredFile.objects.select_for_update(skip_locked=True).filter(pk=file.pk).first()
    if row is None or not _unlink(path_of(row)):
        return 0
    row.delete()
    return 1


def _strays(now: datetime) -> Iterator[Path]:
    """List files without a row that are too old to get one: a process was killed between the two, or another backup was restored."""
    paths = list(_files())
    yield from (path for path in paths if not is_name(path.name) and _is_older(path, now - UNFINISHED_STAYS))
    old = [path for path in paths if is_name(path.name) and _is_older(path, now - STRAY_STAYS)]
    for at in range(0, len(old), PAGE):
        names = {path.name: path for path in old[at : at + PAGE]}
        ids = [uuid.UUID(name) for name in names]
        known = {pk.hex for pk in StoredFile.objects.filter(pk__in=ids).values_list("pk", flat=True)}
        yield from (path for name, path in names.items() if name not in known)


def _files() -> Iterator[Path]:
    """List what is ours in FILES_DIR, by the form of its name: nothing else there is ever removed."""
    with suppress(FileNotFoundError), os.scandir(folder()) as entries:
        for entry in entries:
            is_ours = is_name(entry.name.removesuffix(PART)) or UPLOAD.fullmatch(entry.name)
            if is_ours and entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def is_name(name: str) -> bool:
    """Say whether a file of this name may be one of ours."""
    return len(name) == 32 and not set(name) - set("0123456789abcdef")


def _is_older(path: Path, than: datetime) -> bool:
    try:
        return path.stat().st_mtime < than.timestamp()
    except OSError:
        return False


def _unlink(path: Path) -> int:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        seldom.warning(log, "sweep-files", "a file in FILES_DIR cannot be removed: %s", error)
        return 0
    return 1


def _write(path: Path, data: bytes) -> None:
    """Write a file that no power cut takes away, or none. Raises NoRoom."""
    try:
        with renamed_at_the_end(path) as file:
            file.write(data)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _no_room(str(error)) from error
        seldom.warning(log, "no-folder-for-files", "FILES_DIR cannot be written: %s", error)
        raise NoRoom(
            _("Files cannot be kept just now. Tell an administrator; nothing else was lost."), status=503
        ) from error


@contextmanager
def renamed_at_the_end(path: Path, mode: int = 0o640) -> Iterator[BinaryIO]:
    """Open a new file, which gets its name once it is written whole and safe against a power cut.

    mode: by default the worker and the backup read it, by the folder's group.
    """
    part = path.with_name(f"{uuid.uuid4().hex}{PART}")  # never one that a killed process left
    try:
        with part.open("xb") as file:
            os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync(path.parent)  # a file's name is safe only when its folder is


def _no_room(why: str) -> NoRoom:
    seldom.warning(log, "no-room-for-files", "a file is refused: %s", why)
    return NoRoom(_("There is no room for more files. Tell an administrator; nothing else was lost."))


def sync(path: Path) -> None:
    """Make a file or folder safe against a power cut."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
