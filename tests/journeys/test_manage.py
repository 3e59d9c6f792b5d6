"""`manage.py` as the pages for administrators say it, beside a `make run`, with nothing set."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import get_commands, load_command_class

from tests.journeys.kinds import on_simulated
from tests.journeys.stack import ROOT, Stack

pytestmark = pytest.mark.slow

PAGES = [*sorted((ROOT / "docs" / "admin").glob("*.md")), ROOT / "deploy" / "vps" / "README.md"]
# Up to what ends it in a sentence, a table or a block; a line that goes on is made one before.
SAID = re.compile(r"(?<![\w/-])(?:manage\.py|manage) ([a-z_]+)((?: [^`#|\n→]*)?)")
# These put something else in the place of what the tests' Minga runs on, ask, or need a machine; they are tried where they belong
# (tests/portal, tests/machines, tests/installation).
NOT_RUN = {
    "rename_user",
    "people",
    "backup",
    "restore",
    "prepare",
    "createsuperuser",
    "changepassword",
    "shell",
    "gateway",
    "setup_cloud --build",
    "setup_cloud --image",
    "host_key",
    "announce",  # one of its lines pauses launches, for all tests of this Minga
}


def said() -> list[str]:
    """Return each command of the pages, once."""
    texts = [page.read_text().replace("\\\n", " ") for page in PAGES]
    found = {" ".join([name, *rest.split()]) for text in texts for name, rest in SAID.findall(text)}
    return sorted(line for line in found if line.split()[0] in get_commands())


COMMANDS = said()


def test_the_pages_say_some() -> None:
    assert {"check_cloud", "idle --dry-run", "restore --meet"} <= set(COMMANDS)
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("line", [line for line in COMMANDS if " " in line])
def test_a_command_of_the_pages_has_these_options(line: str) -> None:
    name, *options = shlex.split(line.replace("MACHINE", str(uuid4())))
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    command.create_parser("manage.py", name).parse_args(options)


def manage(line: str, data: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a person types it in a shell of their own, where PATH finds manage.py."""
    environment = {
        "PATH": f"{ROOT}:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "DATA": str(data),
        **more,
    }
    return subprocess.run(
        ["sh", "-c", f"manage.py {line}"], cwd="/", env=environment, capture_output=True, text=True, timeout=120
    )


# One process for all lines: each start of Django costs a second or two of processor.
ALL_AT_ONCE = """
import shlex, sys
import manage
manage.use_settings()
from django.core.management import execute_from_command_line
for line in sys.argv[1:]:
    try:
        execute_from_command_line(["manage.py", *shlex.split(line)])
    except SystemExit as end:
        assert not end.code, (line, end.code)
print("all done")
"""


@on_simulated
@pytest.mark.slow
def test_every_command_of_the_pages_runs_beside_make_run(stack: Stack) -> None:
    lines = [
        line.replace("ana", "student") for line in COMMANDS if not line.startswith(tuple(NOT_RUN)) and line != "grant"
    ]
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "DATA": str(stack.data)}
    words = [sys.executable, "-c", ALL_AT_ONCE, *lines]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.endswith("all done\n"), done.stdout + done.stderr


@on_simulated
@pytest.mark.slow
def test_a_command_is_typed_as_it_stands(stack: Stack) -> None:
    """A command runs by manage.py alone, from anywhere."""
    done = manage("check_cloud", stack.data)
    assert (done.returncode, "0 wrong." in done.stdout) == (0, True), done.stderr


@on_simulated
@pytest.mark.slow
def test_a_setting_of_ones_own_wins(stack: Stack) -> None:
    done = manage(
        "shell --no-imports -c 'from django.conf import settings as s; print(s.TIME_ZONE, s.PORTAL_URL)'",
        stack.data,
        TIME_ZONE="America/Lima",
    )
    assert done.stdout.split() == ["America/Lima", stack.url], done.stderr[-500:]


def test_without_make_run_a_sentence_says_so(tmp_path: Path) -> None:
    done = manage("check_cloud", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == f"manage.py: there are no settings: no /etc/minga/minga.env, and no `make run` has run on {tmp_path}. Start that, or say DATA=FOLDER before this.\n"
    )


def test_settings_that_are_somebody_elses_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "run" / "settings.json").mkdir(parents=True)  # as unreadable as another's file, for root as well
    assert "Run this as whoever runs `make run`" in manage("check_cloud", tmp_path).stderr


def test_where_systemd_has_the_settings_its_program_goes_on(tmp_path: Path) -> None:
    (tmp_path / "minga.env").write_text(
        f"SECRET_KEY={'s' * 40}\nDATABASE_URL=postgres://nobody@127.0.0.1:1/none\nDB_POOL=off\n"
    )
    me = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    done = manage("diffsettings", tmp_path, MINGA_ENV=str(tmp_path / "minga.env"), MINGA_USER=me)
    assert f"SECRET_KEY = '{'s' * 40}'" in done.stdout, done.stderr[-500:]


def test_a_database_that_is_away_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    settings = f'{{"SECRET_KEY": "{"s" * 40}", "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "DB_POOL": "off"}}'
    (tmp_path / "run" / "settings.json").write_text(settings)
    done = manage("grant ana --machines 1", tmp_path)
    assert "does not answer. Does `make run` run there?" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_can_be_run_as_it_lies_there() -> None:
    assert os.access(ROOT / "manage.py", os.X_OK)
