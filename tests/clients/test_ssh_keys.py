"""`minga ssh` names the keys that the portal made, where their files are on this computer."""

from pathlib import Path

import pytest

from clients.python.minga_client.cli import ssh
from clients.python.minga_client.decoding import decode
from clients.python.minga_client.models import Machine
from tests.clients.test_command_line import CONDOR, SSH


def test_ssh_names_the_key_files_that_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    for name in ("minga_key", "other"):
        (tmp_path / ".ssh" / name).touch()
    files = ["minga_key_2", "minga_key", "../.ssh/other"]
    line = ssh.command(decode(Machine, {**CONDOR, "access": [{**SSH, "key_files": files}]}), [])
    assert [line[at + 1] for at, word in enumerate(line) if word == "-i"] == [f"{tmp_path}/.ssh/minga_key"]
