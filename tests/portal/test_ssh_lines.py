"""Lines for a person's own computer, as ssh itself reads them."""

import shlex
import subprocess
from pathlib import Path

import pytest

from portal.ways_in import ssh_lines

WHERE = {"host": "labs.example.org", "port": 20001, "user": "lab"}


def read_by_ssh(*words: str) -> dict[str, str]:
    done = subprocess.run(["ssh", "-G", *words], capture_output=True, text=True, check=True)
    return dict(line.partition(" ")[::2] for line in done.stdout.splitlines())


def test_a_key_that_ssh_tries_by_itself_is_not_named() -> None:
    assert ssh_lines.connect(**WHERE) == "ssh -p 20001 lab@labs.example.org"


def test_a_key_that_was_made_here_is_named() -> None:
    assert ssh_lines.connect(**WHERE, key_file="minga_key") == "ssh -i ~/.ssh/minga_key -p 20001 lab@labs.example.org"


@pytest.mark.parametrize("files", [["minga_key_2"], []])
def test_ssh_understands_the_block(tmp_path: Path, files: list[str]) -> None:
    block = ssh_lines.config(alias="condor", **WHERE, key_files=files, host_key_alias="minga-7")
    (tmp_path / "config").write_text(block)
    read = read_by_ssh("-F", str(tmp_path / "config"), "condor")
    names = ("hostname", "port", "user", "hostkeyalias", "serveraliveinterval", "identitiesonly")
    assert [read[name] for name in names] == [
        "labs.example.org",
        "20001",
        "lab",
        "minga-7",
        "30",
        "yes" if files else "no",
    ]
    assert (read["identityfile"] == "~/.ssh/minga_key_2") == bool(files)


@pytest.mark.parametrize("folder", ["Downloads", "Descargas"])
def test_the_line_of_unix_moves_the_key_and_closes_it(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "minga_key").write_text("private")
    line = ssh_lines.store_unix("minga_key")
    subprocess.run(["sh", "-c", line], env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, check=True)
    moved = tmp_path / ".ssh" / "minga_key"
    assert (moved.read_text(), oct(moved.stat().st_mode)[-3:]) == ("private", "600")


def test_a_key_that_is_there_already_is_not_lost(tmp_path: Path) -> None:
    for folder, text in (("Downloads", "new"), (".ssh", "old")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "minga_key").write_text(text)
    line = ssh_lines.store_unix("minga_key")
    subprocess.run(["sh", "-c", line], env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, input="n\n", text=True)
    assert (tmp_path / ".ssh" / "minga_key").read_text() == "old"


def test_the_lines_of_powershell_keep_their_dollars() -> None:
    line = ssh_lines.store_windows("minga_key")
    assert 'icacls "$HOME\\.ssh\\minga_key" /inheritance:r /grant:r "${env:USERNAME}:F"' in line
    assert ssh_lines.putty(**WHERE, key_file="minga_key").endswith('-P 20001 -i "$HOME\\.ssh\\minga_key.ppk"')


def test_every_line_is_one_that_a_shell_can_split() -> None:
    assert shlex.split(ssh_lines.forget("[labs.example.org]:20001"))[2] == "[labs.example.org]:20001"


@pytest.mark.parametrize(
    ("host", "user", "address"),
    [
        ("condor", "debian", "ssh-remote+condor/home/debian"),
        ("root@labs.example.org:20001", "root", "ssh-remote+root@labs.example.org:20001/root"),
        ("a b#c@h:1", "a b#c", "ssh-remote+a%20b%23c@h:1/home/a%20b%23c"),
    ],
)
def test_the_address_for_vs_code_is_one_whole(host: str, user: str, address: str) -> None:
    assert ssh_lines.code_address(host, user) == f"vscode://vscode-remote/{address}"


def test_an_address_with_colons_stands_in_brackets() -> None:
    there = {**WHERE, "host": "2001:db8::7"}
    assert ssh_lines.scp(**there, file="f")[0].endswith(" f lab@[2001:db8::7]:")
