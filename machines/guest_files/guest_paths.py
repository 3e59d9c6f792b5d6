r"""Paths of a guest: bytes inside. In a path that is given `\x41` is the byte 0x41; any other backslash stands for itself."""

import posixpath
import re

from machines.guest_files.file_faults import FileFault

MOST_BYTES = 4096  # of a path, as Linux has it
MOST_OF_NAME = 255
HOME = b"~"
_ESCAPED = re.compile(rb"\\x([0-9a-fA-F]{2})")


def read(given: bytes, home: bytes) -> bytes:
    """Return the absolute path that is meant; '' and ~ are the home, and whatever is not absolute lies in there. Raises FileFault."""
    if len(given) > 4 * MOST_BYTES:
        raise FileFault("name_too_long")
    if b"\n" in given or b"\r" in given:
        raise FileFault("odd_name")
    path = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), given)
    if b"\x00" in path:
        raise FileFault("odd_name")
    if path == HOME or path.startswith(HOME + b"/"):
        path = home + path[1:]
    return _checked(b"/" + posixpath.normpath(posixpath.join(home, path)).lstrip(b"/"))


def _checked(path: bytes) -> bytes:
    if len(path) >= MOST_BYTES or any(len(name) > MOST_OF_NAME for name in path.split(b"/")):
        raise FileFault("name_too_long")
    return path


def for_new(path: bytes) -> bytes:
    """Return the path if something new may have its name. Names that exist may have control characters, new ones not. Raises FileFault."""
    name = name_of(path)
    if not name:
        raise FileFault("not_here", path)
    if any(byte < 32 or byte == 127 for byte in name):
        raise FileFault("odd_name")
    return path


def inside(folder: bytes, name: bytes) -> bytes:
    """Return the path of a thing in a folder."""
    return posixpath.join(folder, name)


def name_of(path: bytes) -> bytes:
    """Return the last name of a path; '' of the root."""
    return posixpath.basename(path)


def parent_of(path: bytes) -> bytes:
    """Return the folder in which a path lies."""
    return posixpath.dirname(path)
