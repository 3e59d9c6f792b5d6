"""The lines that copy files, run exactly as they are shown, against OpenSSH's server: only the names of the files are put in."""

import getpass
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.ways_in import ssh_lines
from tests.journeys.fresh_home import FreshHome, fresh_home
from tests.machines.idle.guest import HERE, can_run, make_key, openssh

KEY = "minga_key"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root, to give a guest a home"),
]
with_rsync = pytest.mark.skipif(not shutil.which("rsync"), reason="rsync is not installed here")


@pytest.fixture
def mine(tmp_path: Path) -> FreshHome:
    """A person's own computer: the key is where the page says, and there is something to copy."""
    mine = fresh_home(tmp_path / "mine")
    (mine.home / ".ssh").mkdir(mode=0o700)
    make_key(mine.home / ".ssh", KEY)
    (mine.home / "notes").mkdir()
    (mine.home / "notes" / "año.txt").write_text("ñ")
    (mine.home / "essay.txt").write_text("words")
    return mine


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """The home folder in the machine."""
    (tmp_path / "guest").mkdir()
    return tmp_path / "guest"


@pytest.fixture
def there(tmp_path: Path, mine: FreshHome, guest: Path) -> Iterator[dict[str, Any]]:
    with openssh(tmp_path, (mine.home / ".ssh" / f"{KEY}.pub").read_text(), home=guest) as port:
        yield {"host": HERE, "port": port, "user": getpass.getuser(), "key_file": KEY}


def run(mine: FreshHome, line: str) -> None:
    done = mine.run(f"cd && {line}")
    assert done.returncode == 0, (line, done.stderr)


def test_scp_carries_a_file_there_and_back(mine: FreshHome, guest: Path, there: dict[str, Any]) -> None:
    to, back = ssh_lines.scp(**there, file="essay.txt")
    run(mine, to)
    assert (guest / "essay.txt").read_text() == "words"
    (mine.home / "essay.txt").unlink()
    run(mine, back)
    assert (mine.home / "essay.txt").read_text() == "words"


def test_scp_carries_a_folder_with_what_the_page_says_to_add(
    mine: FreshHome, guest: Path, there: dict[str, Any]
) -> None:
    to, _back = ssh_lines.scp(**there, file="notes")
    run(mine, to.replace("scp ", "scp -r ", 1))
    assert (guest / "notes" / "año.txt").read_text() == "ñ"


@with_rsync
def test_rsync_carries_a_folder_there_and_back(mine: FreshHome, guest: Path, there: dict[str, Any]) -> None:
    to, back = ssh_lines.rsync(**there, folder="notes")
    run(mine, to)
    (guest / "notes" / "more.txt").write_text("more")
    run(mine, back)
    assert (mine.home / "notes" / "more.txt").read_text() == "more"
