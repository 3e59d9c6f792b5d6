"""A backup in a file, and the file put back, by PostgreSQL's own programs and against the real database of the tests.

What becomes of each machine when older rows meet a newer cloud is in tests/machines/reconcile/test_after_restore.py, which needs no file.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from asgiref.sync import SyncToAsync
from django.core.management import CommandError, call_command
from django.db import connection, connections

if TYPE_CHECKING:
    from accounts.models import User
    from machines.models import Machine
    from tests.machines.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("backup"), pytest.mark.slow]
Back = Callable[..., None]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> Path:
    """FILES_DIR, empty."""
    settings.FILES_DIR = str(tmp_path / "files")
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


@pytest.fixture(autouse=True)
def _alone() -> None:
    """The thread in which Django runs the sync parts of async views keeps its connection for the next test."""
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture
def world(transactional_db: None, student: "User") -> Iterator["World"]:
    from tests.cloud.fake import FakeCloud
    from tests.machines.world import Clock, World

    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=True) as traveller:
        yield World(Clock(traveller), FakeCloud(), student)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf" / "minga.tar"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shelf") / "shared.tar"


@pytest.fixture
def saved(world: "World", file: Path, shelf: Path) -> Path:
    """A backup of the world before anything happens in it. A dump takes its time, so it is made once for all tests."""
    if not shelf.exists():
        save(shelf)
    return Path(shutil.copy(shelf, file))


@pytest.fixture
def back(world: "World", file: Path, monkeypatch: pytest.MonkeyPatch) -> Back:
    """Puts the backup back, an hour later, against the world's cloud as it is then."""
    monkeypatch.setattr("portal.management.commands.restore.open_cloud", lambda: world.cloud)

    def restore(*options: str) -> None:
        world.clock.move(3600)
        world.cloud.calls.clear()
        call_command("restore", str(file), *options, stdout=None)

    return restore


def save(file: Path) -> None:
    call_command("backup", str(file))


def turns(world: "World", machine: "Machine", count: int = 12) -> "Machine":
    for _turn in range(count):
        world.turn()
    machine.refresh_from_db()
    return machine


def changes(world: "World") -> list[str]:
    """Return the calls of the cloud that change a server."""
    return [call[0] for call in world.cloud.calls if call[0].startswith("ensure_") and call[0] != "ensure_ports"]


def test_the_file_is_nobody_elses_to_read(world: "World", file: Path) -> None:
    save(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_backup_is_never_written_over(world: "World", file: Path) -> None:
    file.write_text("yesterday's")
    with pytest.raises(CommandError, match="never written over"):
        save(file)
    assert file.read_text() == "yesterday's"


def test_a_dump_that_fails_leaves_no_file(world: "World", file: Path, settings: Any) -> None:
    connection.settings_dict["PASSWORD"], right = "wrong", connection.settings_dict["PASSWORD"]
    try:
        with pytest.raises(CommandError, match="pg_dump did not succeed"):
            save(file)
    finally:
        connection.settings_dict["PASSWORD"] = right
    assert list(file.parent.iterdir()) == []


def test_of_a_folder_the_newest_are_kept(world: "World", tmp_path: Path) -> None:
    shelf = tmp_path / "old"
    shelf.mkdir()
    for day in ("20260228", "20260301"):
        (shelf / f"minga-{day}-100000.dump").touch()
    call_command("backup", str(shelf), "--keep", "2")
    assert [path.name[:14] for path in sorted(shelf.iterdir())] == ["minga-20260301", "minga-20260302"]


@pytest.mark.parametrize("part", [0.5, 0.9])
def test_half_a_backup_changes_nothing(saved: Path, back: Back, part: float) -> None:
    from accounts.models import User

    saved.write_bytes(saved.read_bytes()[: int(saved.stat().st_size * part)])
    User.objects.update(first_name="since")
    with pytest.raises(CommandError, match="Nothing was changed"):
        back()
    assert User.objects.get().first_name == "since"


def test_an_error_in_the_middle_changes_nothing(saved: Path) -> None:
    from accounts.models import User
    from portal.ops import backup, backup_archive

    User.objects.update(first_name="since")
    found = backup.tools()
    with backup_archive.opened(saved, found) as contents, pytest.raises(backup.BadBackup, match="no_such_table"):
        backup.load(contents.dump, found, then="DELETE FROM no_such_table;")
    assert User.objects.get().first_name == "since"


def test_a_backup_of_a_newer_minga_is_refused(world: "World", file: Path, back: Back) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('machines', '9999_later', now())")
        save(file)
        cursor.execute("DELETE FROM django_migrations WHERE name = '9999_later'")
    with pytest.raises(CommandError, match="newer Minga"):
        back()


def test_a_table_that_the_backup_does_not_know_is_taken_away(saved: Path, back: Back) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE newer (machine uuid REFERENCES machines_machine (id))")
    try:
        back()
        assert "newer" not in connection.introspection.table_names()
    finally:
        with connection.cursor() as cursor:  # or no later test's database could be emptied
            cursor.execute("DROP TABLE IF EXISTS newer")


def test_a_session_that_ends_meanwhile_is_waited_for(saved: Path, back: Back, monkeypatch: pytest.MonkeyPatch) -> None:
    other, sleep = connection.copy(), time.sleep
    other.ensure_connection()
    monkeypatch.setattr("portal.ops.backup.time.sleep", lambda seconds: (other.close(), sleep(seconds)))
    back()


@pytest.mark.slow
def test_it_waits_for_nobody_who_is_still_at_work(saved: Path, back: Back) -> None:
    other = connection.copy()
    other.ensure_connection()
    try:
        with pytest.raises(CommandError, match="Stop web, live, worker and beat"):
            back()
        back("--force")
    finally:
        other.close()


def test_what_is_as_it_was_is_left_alone(world: "World", file: Path, back: Back) -> None:
    machine = world.running()
    save(file)
    back()
    machine = turns(world, machine)
    assert (machine.state, machine.is_settled, changes(world)) == ("running", True, [])


def test_while_the_cloud_is_down_nothing_is_done_to_any_machine(world: "World", file: Path, back: Back) -> None:
    from machines import actions

    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    save(file)
    world.cloud.busy = True
    with pytest.raises(CommandError, match="restore --meet"):
        back()
    world.cloud.busy = False
    assert turns(world, machine).state == "running"
    assert changes(world) == []
    call_command("restore", "--meet")
    assert (turns(world, machine).wanted, changes(world)) == ("running", [])
