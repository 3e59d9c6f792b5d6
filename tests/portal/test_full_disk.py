"""A database on a full disk still reads; /readyz says that it cannot write."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client

from deploy.local import child
from deploy.local.postgres import Postgres
from portal.ops import database_disk, health
from portal.ops.health import DatabaseAnswer, Part
from tests.ports import free_port
from tests.waiting import until

MB = 1 << 20


def test_the_question_makes_the_database_write_to_its_disk(db: None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {database_disk.SPILL}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Disk: " in plan
    assert "temp" in plan


def test_nobody_is_served_by_a_database_that_cannot_write() -> None:
    assert health.database(DatabaseAnswer(0.1, None, [], disk_is_full=True)) == Part("failed", 0.1, "its disk is full")
    assert health.database(DatabaseAnswer(0.1, None, [])) == Part("ok", 0.1)


def test_it_is_not_tried_for_each_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bool] = []
    monkeypatch.setattr(database_disk, "can_spill", lambda: bool(tried.append(True)))
    disk = database_disk.DatabaseDisk()
    assert [disk.is_full() for _probe in range(3)] == [True, True, True]
    assert len(tried) == 1


def test_no_room_for_temporary_files_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FREE_BYTES", 1 << 60)
    assert client.get("/readyz").json()["parts"]["disk"]["why"] == "no room for temporary files"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() or not sys.platform.startswith("linux"):
        pytest.skip("only root makes a disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "minga-test", place], capture_output=True).returncode:
        pytest.skip("no disk may be made in this container")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def on_it(small_disk: Path) -> Iterator[str]:
    """The address of a PostgreSQL with its data there."""
    postgres = Postgres(small_disk / "postgres", free_port(), "p", careless=True)
    postgres.prepare()
    program = child.Program(
        "postgres", postgres.command(), folder=postgres.folder, become=postgres.become, gently=signal.SIGINT
    )
    process = child.start(program, log=small_disk.parent / "log", pidfile=small_disk.parent / "pid")
    until(postgres.answers, "PostgreSQL answers")
    yield postgres.url
    child.end(process, program, pidfile=small_disk.parent / "pid")


def test_a_full_disk_is_seen_and_so_is_its_end(
    on_it: str, small_disk: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> None:
    address = psycopg.conninfo.conninfo_to_dict(on_it)
    facts = {
        "HOST": address["host"],
        "PORT": address["port"],
        "NAME": "minga",
        "USER": "minga",
        "PASSWORD": "p",
        "OPTIONS": {},
    }
    other = DatabaseWrapper({**connections.databases["default"], **facts}, "small")
    monkeypatch.setitem(connections.databases, "small", other.settings_dict)
    connections["small"] = other
    monkeypatch.setattr(database_disk, "connection", other)
    with django_db_blocker.unblock(), contextlib.closing(other):
        assert database_disk.can_spill()
        fill(small_disk / "filling")
        assert not database_disk.can_spill()
        (small_disk / "filling").unlink()
        assert database_disk.can_spill()
    del connections["small"]


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as disk:
        try:
            while disk.write(bytes(MB)):
                pass
        except OSError:
            return
