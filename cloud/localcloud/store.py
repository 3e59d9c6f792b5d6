"""The local cloud's database: SQLite, written through at once, so that kill -9 loses nothing that a client was promised.

Everything is also in memory: reads never touch the disk. One process owns the file (see `lock`); not thread-safe.
"""

import fcntl
import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cloud.localcloud.rows import ImageRow, ServerRow

TOMBSTONE_SECONDS = 3600.0  # how long a deleted server stays in the lists of changes

SCHEMA = """
create table if not exists servers (id text primary key, doc text not null);
create table if not exists images (id text primary key, doc text not null);
create table if not exists files (server_id text primary key, doc text not null);
create table if not exists meta (key text primary key, value text not null);
"""


# A process that was killed while it started another one leaves the lock to that child, for the moment until the child runs its program.
HANDOVER_SECONDS = 2.0


class DataInUse(Exception):
    """Another local cloud works in this folder; the text is a sentence for people."""


def lock(data: Path) -> int:
    """Lock DATA for this process until it ends. Raises DataInUse, or OSError where DATA cannot be written."""
    data.mkdir(parents=True, exist_ok=True)
    handle = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    ends_at = time.monotonic() + HANDOVER_SECONDS
    while not _is_taken(handle):
        if time.monotonic() > ends_at:
            owner = os.pread(handle, 20, 0).decode() or "unknown"
            raise DataInUse(f"Another local cloud (process {owner}) already works in {data}.")
        time.sleep(0.05)
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    return handle


def _is_taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Store:
    """Servers, images and the simulated guests' files."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(SCHEMA)
        self.instance = self.meta("instance") or self._new_instance()
        self.servers: dict[str, ServerRow] = {}
        self.images: dict[str, ImageRow] = {}
        self._load()
        self.version = max([int(self.meta("version") or 0), *(row.version for row in self.servers.values())])

    def _new_instance(self) -> str:
        instance = secrets.token_hex(4)
        self.set_meta("instance", instance)
        return instance

    def _load(self) -> None:
        for (doc,) in self._db.execute("select doc from servers"):
            fields = json.loads(doc)
            fields.pop("updated_at", None)  # kept by versions before 0.4
            fields["port_map"] = {int(inside): outside for inside, outside in fields["port_map"].items()}
            self.servers[fields["id"]] = ServerRow(**fields)
        for (doc,) in self._db.execute("select doc from images"):
            image = ImageRow(**json.loads(doc))
            self.images[image.id] = image

    def close(self) -> None:
        self._db.close()

    # ---- servers ----

    @property
    def living(self) -> Iterator[ServerRow]:
        return (row for row in self.servers.values() if not row.is_gone)

    def save(self, row: ServerRow, **changes: Any) -> None:
        """Write the row, then apply the changes to it: on a full disk both stay as they were. Lists of changes show every write."""
        version = self.version + 1
        changes |= {"version": version}
        doc = json.dumps(asdict(replace(row, **changes)))
        self._db.execute("insert or replace into servers values (?, ?)", (row.id, doc))
        self.version = version
        for key, value in changes.items():
            setattr(row, key, value)
        self.servers[row.id] = row

    def changed_since(self, cursor: str | None) -> tuple[list[ServerRow], bool]:
        """Return the rows, and whether these are all: they are when the cursor is unknown or too old."""
        instance, _, number = (cursor or "").partition(":")
        known = instance == self.instance and number.isdigit() and self._forgotten <= int(number) <= self.version
        if not known:
            return list(self.living), True
        return [row for row in self.servers.values() if row.version > int(number)], False

    @property
    def cursor(self) -> str:
        return f"{self.instance}:{self.version}"

    @property
    def _forgotten(self) -> int:
        """Return the newest version among the tombstones that were removed."""
        return int(self.meta("forgotten") or 0)

    def forget_old(self) -> None:
        """Delete the rows of servers that were deleted TOMBSTONE_SECONDS ago."""
        limit = time.time() - TOMBSTONE_SECONDS
        for row in [row for row in self.servers.values() if row.is_gone and row.deleted_at < limit]:
            self.set_meta("forgotten", str(max(self._forgotten, row.version)))
            self.set_meta("version", str(self.version))
            self._db.execute("delete from servers where id = ?", (row.id,))
            del self.servers[row.id]

    # ---- images ----

    def save_image(self, image: ImageRow) -> None:
        self._db.execute("insert or replace into images values (?, ?)", (image.id, json.dumps(asdict(image))))
        self.images[image.id] = image

    def delete_image(self, image_id: str) -> None:
        self._db.execute("delete from images where id = ?", (image_id,))
        self.images.pop(image_id, None)

    # ---- what guests keep ----

    def files(self, key: str) -> dict[str, Any] | None:
        row = self._db.execute("select doc from files where server_id = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def save_files(self, key: str, doc: dict[str, Any]) -> None:
        self._db.execute("insert or replace into files values (?, ?)", (key, json.dumps(doc)))

    def delete_files(self, key: str) -> None:
        self._db.execute("delete from files where server_id = ?", (key,))

    # ---- facts about ourselves ----

    def meta(self, key: str) -> str:
        row = self._db.execute("select value from meta where key = ?", (key,)).fetchone()
        return row[0] if row else ""

    def set_meta(self, key: str, value: str) -> None:
        self._db.execute("insert or replace into meta values (?, ?)", (key, value))
