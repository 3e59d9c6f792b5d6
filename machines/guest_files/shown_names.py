r"""Names of a guest's files as text: what is not UTF-8 or a control character is written as \xNN, also what turns the direction of writing.

Each name can be shown, sent in JSON and given back: in a path the backslash, too, is written so.
"""

import re

# With an override in it, cod.exe is read as exe.doc.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(name: bytes) -> str:
    """Return a name as people read it."""
    return _CONTROL.sub(_escape, name.decode(errors="surrogateescape"))


def written(path: bytes) -> str:
    """Return a path as text that guest_paths.read takes back."""
    return shown(path.replace(b"\\", b"\0")).replace(r"\x00", r"\x5c")


def _escape(found: re.Match[str]) -> str:
    return "".join(rf"\x{byte:02x}" for byte in found[0].encode(errors="surrogateescape"))
