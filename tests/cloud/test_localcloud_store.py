"""The local cloud's database: on a full disk it says what it has written, and it reads what an older version wrote."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from cloud.localcloud.rows import ImageRow, ServerRow
from cloud.localcloud.store import Store


class FullDisk:
    """A database that takes nothing more; reads go on."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def execute(self, statement: str, *facts: Any) -> Any:
        if not statement.startswith("select"):
            raise sqlite3.OperationalError("database or disk is full")
        return self._database.execute(statement, *facts)

    def close(self) -> None:
        self._database.close()


@pytest.fixture
def store(tmp_path: Path) -> Any:
    store = Store(tmp_path / "cloud.sqlite3")
    store.save(record())
    store.save_image(ImageRow("i", "kept"))
    store._db = FullDisk(store._db)  # type: ignore[assignment]
    yield store
    store.close()


def record(server_id: str = "s") -> ServerRow:
    return ServerRow(server_id, "m", "o", "fox", "tiny", "i", [], "", [22], "", 1, 256, 1, "2026-01-01T00:00:00+00:00")


def test_a_change_that_could_not_be_written_is_not_told(store: Store) -> None:
    version = store.version
    with pytest.raises(sqlite3.OperationalError):
        store.save(store.servers["s"], status="active", task="spawning")
    kept = store.servers["s"]
    assert (kept.status, kept.task, kept.version, store.version) == ("building", "", version, version)


def test_a_server_that_could_not_be_written_does_not_exist(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError):
        store.save(record("second"))
    assert list(store.servers) == ["s"]


def test_an_image_stays_until_its_row_is_gone(store: Store) -> None:
    for change in (lambda: store.delete_image("i"), lambda: store.save_image(ImageRow("j", "new"))):
        with pytest.raises(sqlite3.OperationalError):
            change()
    assert list(store.images) == ["i"]


def test_a_row_of_an_older_version_is_read(tmp_path: Path) -> None:
    old = Store(tmp_path / "old.sqlite3")
    old.save(record())
    old._db.execute("update servers set doc = json_set(doc, '$.updated_at', '2026-01-01T00:00:00+00:00')")
    old.close()
    store = Store(tmp_path / "old.sqlite3")
    assert store.servers["s"].name == "fox"
    store.close()
