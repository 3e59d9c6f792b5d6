"""PostgreSQL and Redis of `make run` in folders that only their owner may enter. Nothing of ours changes such a folder.

The programs are linked into the folder, as a clone below it would have them, and are prepared and started by the launcher's own code.
"""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import privilege
from deploy.local.errors import LauncherError
from deploy.local.postgres import binaries
from deploy.local.redis import server
from tests.ports import free_port
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
USER = 65534  # nobody: an ordinary user of every system
SCRIPT = """
import socket, sys, time
from pathlib import Path
from deploy.local import child
from deploy.local.postgres import Postgres
from deploy.local.redis import Redis

here = Path(sys.argv[1]).resolve()
postgres, redis = Postgres(here / "postgres", int(sys.argv[3]), "p", careless=True), Redis(here / "redis", int(sys.argv[4]), "p")
postgres.prepare()
redis.prepare()
programs = child.Program("postgres", postgres.command(), folder=postgres.folder, become=postgres.become), child.Program("redis", redis.command())
running = [child.start(one, log=here / f"{one.name}.log", pidfile=here / f"{one.name}.pid") for one in programs]
until = time.monotonic() + 90
for port in (postgres.port, redis.port):
    while socket.socket().connect_ex(("127.0.0.1", port)):
        assert time.monotonic() < until, [(here / f"{one.name}.log").read_text() for one in programs]
        time.sleep(0.02)
for process, one in zip(running, programs):
    child.end(process, one, pidfile=here / f"{one.name}.pid")
print("both answered")
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the way to PostgreSQL as root is Linux's"),
]


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder that only its owner may enter, with spaces and letters that are not ASCII; and in it what `make run` needs."""
    folder = tmp_path / "una carpeta 'íntima' de Ñusta"
    folder.mkdir(mode=0o700)
    clone = folder / "minga"
    shutil.copytree(ROOT / "deploy", clone / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    postgres, redis = binaries().parents[1], server().parents[1]
    for package in (postgres, postgres.with_name(f"{postgres.name}.libs"), redis):
        shutil.copytree(package, clone / package.name, copy_function=link, symlinks=True)
    return folder


def link(source: str, to: str) -> None:
    """Link instead of copying 60 MB; copy only where the two folders are on different disks."""
    try:
        os.link(source, to, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, to, follow_symlinks=False)


def run(folder: Path, *, user: int | None = None, before: str = "") -> subprocess.CompletedProcess[str]:
    """Prepare and start both in the folder, with the programs that lie in it and this Python without its packages."""
    python = os.path.realpath(sys.executable) if user is None else shutil.which("python3", path="/usr/bin") or ""
    line = [
        python,
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, sys.argv[2]); {before}{SCRIPT}",
        str(folder),
        str(folder / "minga"),
        *(str(free_port()) for _server in range(2)),
    ]
    return subprocess.run(line, capture_output=True, text=True, timeout=2 * PATIENCE, user=user, group=user, cwd="/")


def modes(folder: Path) -> list[int]:
    return [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.parents)]


def test_they_work_for_whoever_runs_the_tests(closed: Path) -> None:
    before = modes(closed)
    done = run(closed)
    assert done.stdout == "both answered\n", done.stderr[-2000:]
    assert modes(closed) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can install for itself alone, and be refused")
def test_they_work_for_root_with_umask_077(closed: Path) -> None:
    """The programs, too, are for their owner only."""
    package = closed / "minga" / binaries().parents[1].name
    for program in (package / "pginstall18" / "bin").iterdir():
        private = program.with_suffix(".own")
        shutil.copy2(program, private)
        private.chmod(0o700)
        private.replace(program)
    done = run(closed, before="import os; os.umask(0o077);")
    assert done.stdout == "both answered\n", done.stderr[-2000:]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(
    shutil.which("python3", path="/usr/bin") is None, reason="another user may not enter this Python's folder"
)
def test_they_work_for_an_ordinary_user(closed: Path) -> None:
    theirs = Path("/tmp") / f"carpeta de Ñusta {os.getpid()}"
    shutil.copytree(closed, theirs, symlinks=True)  # copied: what is linked would become theirs in our own folder, too
    try:
        subprocess.run(["chown", "-R", f"{USER}:{USER}", "--", str(theirs)], check=True)
        done = run(theirs, user=USER)
        assert done.stdout == "both answered\n", done.stderr[-2000:]
    finally:
        shutil.rmtree(theirs)


@pytest.mark.parametrize("permitted", [0, 1 << privilege.CAP_SETPCAP, 1 << privilege.CAP_DAC_OVERRIDE])
def test_without_the_capability_a_sentence_says_what_to_do(closed: Path, permitted: int) -> None:
    """A container may leave root too little."""
    with pytest.raises(
        LauncherError, match="as an ordinary user, or from a clone in a folder that everybody may enter"
    ):
        privilege._needed_capability([closed / "minga"], permitted)


def test_where_everybody_may_enter_no_capability_is_kept() -> None:
    assert privilege._needed_capability([Path("/usr/bin")], 0) is None
