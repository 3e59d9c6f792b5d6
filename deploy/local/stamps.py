"""Stamp files: work is skipped while its stamp holds the fingerprint of what it was made from."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(root: Path, files: Iterable[Path], *more: str) -> str:
    """Return a hash of these files' names and contents, and of more words."""
    total = hashlib.sha256("\0".join(more).encode())
    for path in sorted(files):
        total.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def is_fresh(stamp: Path, wanted: str) -> bool:
    try:
        return stamp.read_text() == wanted
    except OSError:
        return False


def write(stamp: Path, wanted: str) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)
