"""Entries of a tar archive as bytes: GNU's format, which every tar reads, with names as they are.

A file has exactly the size that was announced, whatever happens to it while it is read.
"""

import tarfile
from collections.abc import Iterator

from machines.guest_files.sftp_sessions import Facts

RECORD = 512
END = bytes(20 * RECORD)
TYPES = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}


def head(path: bytes, facts: Facts, size: int, target: bytes = b"") -> bytes:
    """Return the head of an entry. `size`: the bytes that follow. `target`: of a link."""
    entry = tarfile.TarInfo(_text(path))
    entry.type = TYPES[facts.kind]
    entry.size, entry.mtime, entry.mode = size, facts.modified, facts.mode
    entry.uid, entry.gid, entry.linkname = facts.uid, facts.gid, _text(target)
    return entry.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")


def filled(size: int) -> bytes:
    """Return what follows the content of a file: an entry ends at a whole record."""
    return bytes(-size % RECORD)


def zeros(size: int) -> Iterator[bytes]:
    """Stand for the end of a file that has become shorter."""
    piece = bytes(65536)
    while size > 0:
        yield piece[:size]
        size -= len(piece)
