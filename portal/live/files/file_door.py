"""The door to a machine's files: who comes, what they ask for, and in which language they read."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

from machines.guest_files.file_faults import FileFault
from machines.guest_files.part_files import Piece
from portal.live import dial_door, ticket_entry
from portal.live.entry import Entry, Refused, check_address, check_origin, language_of, request_of
from portal.live_addresses import MACHINE_ID, files_purpose

PREFIX = "/live/files/"
METHODS = ("GET", "PUT", "POST", "DELETE")
_ADDRESS = re.compile(PREFIX + MACHINE_ID)
_RANGE = re.compile(r"bytes ([0-9]{1,16})-([0-9]{1,16})/([0-9]{1,16})")
_SUM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as its head says it. Values of `query` are bytes: names of files need not be UTF-8."""

    method: str
    machine: UUID
    query: dict[str, bytes]
    headers: dict[str, str]

    def text(self, name: str) -> str:
        return self.query.get(name, b"").decode("latin-1")

    def has(self, name: str) -> bool:
        return self.query.get(name, b"") not in (b"", b"0")

    def number(self, name: str) -> int:
        """Return a whole number of the query. Raises FileFault."""
        found = re.fullmatch(r"[0-9]{1,16}", self.text(name))
        if not found:
            raise FileFault("bad_size")
        return int(found[0])


def asked(scope: Any) -> Asked:
    """Return what a request asks for. Raises Refused."""
    found = _ADDRESS.fullmatch(scope["path"])
    if found is None:
        raise Refused(404, "path")
    if scope["method"] not in METHODS:
        raise Refused(405, "method")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Asked(scope["method"], UUID(found[1]), _query(scope["query_string"]), headers)


def _query(text: bytes) -> dict[str, bytes]:
    pairs = [part.replace(b"+", b" ").partition(b"=") for part in text.split(b"&")]
    return {unquote_to_bytes(name).decode("latin-1"): unquote_to_bytes(value) for name, _equals, value in pairs}


def enter(scope: Any, one: Asked) -> tuple[Entry, str]:
    """Return who comes, and their language. Asks the database. Raises Refused, access.Forbidden."""
    entry = ticket_entry.enter(scope, files_purpose(one.machine, one.method))
    dial_door.theirs(entry, one.machine)
    return entry, language_of(entry, scope)


def check_preflight(scope: Any) -> None:
    """Refuse a browser's question whether a page may ask, of a page that is not ours. Raises Refused."""
    check_address(request_of(scope))
    check_origin(request_of(scope), is_socket=False)


def piece_of(one: Asked) -> Piece:
    """Return which bytes the body has; without a Content-Range the whole file. Raises FileFault."""
    given = one.headers.get("content-range")
    length = one.headers.get("content-length", "")
    if given is None:
        if not re.fullmatch(r"[0-9]{1,16}", length):
            raise FileFault("bad_range")
        return Piece(0, int(length), int(length))
    found = _RANGE.fullmatch(given.strip())
    if not found:
        raise FileFault("bad_range")
    piece = Piece(int(found[1]), int(found[2]) + 1, int(found[3]))
    piece.check()
    if length and length != str(piece.end - piece.start):
        raise FileFault("bad_range")
    return piece


def sum_of(one: Asked) -> str:
    """Return the SHA-256 that the whole file must have, '' where it is not said. Raises FileFault."""
    given = one.text("sha256").lower()
    if given and not _SUM.fullmatch(given):
        raise FileFault("bad_sum")
    return given
