"""A bench that lacks a program says which, and how to get it."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench import needs

HOUSE = Path(__file__).parents[2]


def test_what_is_missing_is_named_with_its_package(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needs, "PATH", "")
    with pytest.raises(SystemExit) as end:
        needs.tools("sshd", "ssh", "ssh-keygen")
    assert (end.value.code, "apt install openssh-server openssh-client\n" in capsys.readouterr().err) == (2, True)


def test_what_is_there_lets_it_begin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sshd").touch(mode=0o755)
    monkeypatch.setattr(needs, "PATH", str(tmp_path))
    needs.tools("sshd")


def test_the_bench_of_tunnels_asks_before_it_begins() -> None:
    begin = "import sys; sys.argv = ['tunnels']; from bench import needs, tunnels; needs.PATH = ''; tunnels.main()"
    ended = subprocess.run([sys.executable, "-c", begin], cwd=HOUSE, capture_output=True, text=True)
    assert (ended.returncode, "Traceback" in ended.stderr, "sshd" in ended.stderr) == (2, False, True)
