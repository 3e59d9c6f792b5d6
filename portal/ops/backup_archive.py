"""A backup in one file: a tar of the dump, the files of people, and a list with the checksum of each, which comes last.

The dump is made first. Files never change and stay a day after they were dropped, so each row of the dump finds its file. Backups of 0.4
and older are the dump alone, and are restored as well.
"""

import errno
import hashlib
import os
import re
import shutil
import tarfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, cast

from django.db import connection

from nodes.files import file_store
from nodes.models import StoredFile
from portal.ops import backup
from portal.ops.backup import BadBackup, Tools

DATABASE, FOLDER, SUMS = "database.dump", "files/", "SHA256SUMS"
CHUNK = 1 << 20  # bytes
SPARE = 100_000_000  # bytes that stay free on the disk
UNFINISHED = re.compile(r"minga-\d+-\d+\.tar\.\d+\.(database|unfinished)")  # beside a backup, while it is made
UNFINISHED_SECONDS = 24 * 3600.0  # of one that was killed: a backup takes less
NO_LINKS = (
    errno.EPERM,
    errno.ENOTSUP,
    errno.ENOSYS,
    errno.EINVAL,
)  # of disks that know none, as FAT's and some of the network


@dataclass(frozen=True, slots=True)
class Contents:
    """A backup that was read to its end."""

    dump: Path  # of the database, ready for pg_restore
    archive: Path | None = None  # None: it is the dump alone
    sizes: dict[str, int] = field(default_factory=dict)  # bytes of each file, by its name in FILES_DIR


def save(path: Path) -> int:
    """Write database and files into `path`, which must not exist yet; its size in bytes. Raises BadBackup."""
    if path.exists():
        raise BadBackup(f"{path} exists already. Choose another name: a backup is never written over.")
    found = backup.tools()
    _remove_unfinished(path.parent)
    dump, unfinished = (path.with_name(f"{path.name}.{os.getpid()}.{part}") for part in ("database", "unfinished"))
    try:
        backup.dump(dump, found)
        _pack(unfinished, dump)
        _sums_of(unfinished)
        _name(unfinished, path)
    except OSError as error:
        raise BadBackup(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        dump.unlink(missing_ok=True)
        unfinished.unlink(missing_ok=True)
    file_store.sync(path.parent)
    return path.stat().st_size


def _remove_unfinished(folder: Path) -> None:
    """Remove what backups that were killed left: whole copies of the database, which would fill the disk."""
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError):
            if UNFINISHED.fullmatch(path.name) and path.stat().st_mtime < time.time() - UNFINISHED_SECONDS:
                path.unlink()


def _name(unfinished: Path, path: Path) -> None:
    """Give a backup its name. A link never replaces a file that came in the meantime, as a rename does."""
    try:
        os.link(unfinished, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        unfinished.rename(path)


def _pack(path: Path, dump: Path) -> None:
    sums = []
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            sums.append(_add(tar, dump, DATABASE))
            for name in names():
                try:
                    sums.append(_add(tar, file_store.folder() / name, FOLDER + name))
                except FileNotFoundError:  # nothing needed it, and the sweep came first
                    continue
                except PermissionError as error:
                    raise BadBackup(f"{error.filename} cannot be read: {error.strerror}. No backup was made.") from None
            _add_sums(tar, sums)
        out.flush()
        os.fsync(out.fileno())


def names() -> list[str]:
    """List the names of the files in FILES_DIR."""
    try:
        with os.scandir(file_store.folder()) as found:  # a link would carry another file out, a pipe never end
            return sorted(e.name for e in found if file_store.is_name(e.name) and e.is_file(follow_symlinks=False))
    except FileNotFoundError:
        return []


def _add(tar: tarfile.TarFile, path: Path, name: str) -> str:
    """Add a file, and return its line of the list of checksums."""
    with path.open("rb") as source:
        info = tarfile.TarInfo(name)
        info.size, info.mode = os.fstat(source.fileno()).st_size, 0o600
        reader = _Summing(source)
        tar.addfile(info, cast("IO[bytes]", reader))
    return f"{reader.sum.hexdigest()}  {name}\n"


def _add_sums(tar: tarfile.TarFile, sums: list[str]) -> None:
    text = "".join(sums).encode()
    info = tarfile.TarInfo(SUMS)
    info.size, info.mode = len(text), 0o600
    tar.addfile(info, BytesIO(text))


class _Summing:
    """A file that is read, with the checksum of what was read so far."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.sum = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size)
        self.sum.update(data)
        return data


# ---- back ----


@contextmanager
def opened(path: Path, found: Tools) -> Iterator[Contents]:
    """Read a backup to its end, and hand out what is in it. Nothing is changed but a file for the dump. Raises BadBackup."""
    if not _is_archive(path):
        backup.check(path, found)
        yield Contents(path)
        return
    sizes = _sums_of(path)
    # Where it has room, and is swept if we are killed.
    dump = file_store.folder() / f"{uuid.uuid4().hex}{file_store.PART}"
    try:
        _unpack_dump(path, dump, sum(sizes.values()))
        backup.check(dump, found)
        files = {name.removeprefix(FOLDER): size for name, size in sizes.items() if name != DATABASE}
        yield Contents(dump, path, files)
    finally:
        dump.unlink(missing_ok=True)


def _is_archive(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except OSError as error:
        raise BadBackup(f"{path} cannot be read: {error.strerror}. Nothing was changed.") from None


def _unpack_dump(path: Path, dump: Path, size: int) -> None:
    """Copy the dump out of an archive, if the disk has room for all that will follow. Raises BadBackup."""
    try:
        free = shutil.disk_usage(file_store.folder()).free
        if free < size + SPARE:
            facts = f"{free / 1e6:.0f} MB free, and {(size + SPARE) / 1e6:.0f} MB are needed"
            raise BadBackup(f"FILES_DIR ({file_store.folder()}) has {facts}. Nothing was changed.")
        with tarfile.open(path) as tar:
            _copy(tar, tar.getmember(DATABASE), dump, 0o600)
    except OSError as error:
        raise _not_writable(error) from None


def _not_writable(error: OSError) -> BadBackup:
    return BadBackup(
        f"FILES_DIR ({file_store.folder()}) cannot be written: {error.strerror}. The database was not changed."
    )


def put_files(contents: Contents) -> int:
    """Put the files of a backup into FILES_DIR, and return how many were not there. Those that are there stay: a file never changes.

    Done again after an interruption, it goes on where it was. Raises BadBackup.
    """
    if contents.archive is None:
        return 0
    new = 0
    try:
        with tarfile.open(contents.archive) as tar:
            for member in tar:
                name = member.name.removeprefix(FOLDER)
                target = file_store.folder() / name
                if name in contents.sizes and not _is_there(target, member.size):
                    target.unlink(missing_ok=True)
                    _copy(tar, member, target)
                    new += 1
    except OSError as error:
        raise _not_writable(error) from None
    return new


def missing() -> list[str]:
    """List the files that rows speak of and FILES_DIR lacks, or has in another size."""
    if StoredFile._meta.db_table not in connection.introspection.table_names():
        return []  # the database of an older Minga, backed up before its upgrade
    rows = StoredFile.objects.filter(dropped_at=None).order_by("pk").values_list("pk", "size")
    return [pk.hex for pk, size in rows.iterator(2000) if not _is_there(file_store.folder() / pk.hex, size)]


def _is_there(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _sums_of(path: Path) -> dict[str, int]:
    """Read an archive to its end, and return the size of each file. Raises BadBackup where a file is not what its checksum says."""
    seen: dict[str, str] = {}
    sizes: dict[str, int] = {}
    last = b""
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                source = tar.extractfile(member) if member.isreg() and _is_ours(member.name) else None
                if source is None or member.name in seen or last:
                    raise BadBackup(
                        f"{path} is no backup of Minga: {member.name[:80]!r} does not belong into it. Nothing was changed."
                    )
                if member.name == SUMS:
                    last = source.read() or b"-"
                    continue
                seen[member.name] = _digest(source)
                sizes[member.name] = member.size
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadBackup(f"{path} is damaged or incomplete ({error}). Nothing was changed.") from None
    if (
        last.decode(errors="replace") != "".join(f"{value}  {name}\n" for name, value in seen.items())
        or DATABASE not in seen
    ):
        raise BadBackup(
            f"{path} is damaged or incomplete: it is not what its list of checksums says. Nothing was changed."
        )
    return sizes


def _digest(source: IO[bytes]) -> str:
    reader = _Summing(source)
    while reader.read(CHUNK):
        pass
    return reader.sum.hexdigest()


def _is_ours(name: str) -> bool:
    """Say whether a name may be in a backup: no path leads out of FILES_DIR."""
    return name in (DATABASE, SUMS) or (name.startswith(FOLDER) and file_store.is_name(name.removeprefix(FOLDER)))


def _copy(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, mode: int = 0o640) -> None:
    """Copy one file out of an archive, safe against a power cut. Only its bytes: neither its mode nor its owner."""
    with file_store.renamed_at_the_end(target, mode) as file:
        shutil.copyfileobj(cast("IO[bytes]", tar.extractfile(member)), file, CHUNK)
