"""The script that changes authorized_keys in a guest, run by each shell that is here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from machines.authorized_keys import SCRIPT, line_of

SHELLS = {
    name: command
    for name, command in {"sh": ["sh"], "bash": ["bash"], "busybox": ["busybox", "sh"]}.items()
    if shutil.which(command[0])
}
ONE, TWO = "ssh-ed25519 AAAAC3Nz+one/1 ana", "ssh-ed25519 AAAAC3Nz+two/2 ben"


@pytest.fixture(params=SHELLS.values(), ids=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    command: list[str] = request.param
    return command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / ".ssh").mkdir()
    return tmp_path / ".ssh" / "authorized_keys"


def run(shell: list[str], home: Path, *arguments: str) -> str:
    environment = {"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(
        [*shell, "-s", "--", *arguments], input=SCRIPT, env=environment, cwd="/", capture_output=True, text=True
    )
    return done.stdout.split()[-1]


def test_a_key_comes_after_the_others(shell: list[str], file: Path, tmp_path: Path) -> None:
    file.write_text(f"{ONE}\n")
    assert run(shell, tmp_path, "put", TWO) == "minga:done"
    assert file.read_text() == f"{ONE}\n{TWO}\n"


def test_a_key_that_is_there_under_another_name_is_not_put_in_again(
    shell: list[str], file: Path, tmp_path: Path
) -> None:
    file.write_text(f"{ONE}\n")
    assert run(shell, tmp_path, "put", ONE.replace("ana", "other")) == "minga:done"
    assert file.read_text() == f"{ONE}\n"


def test_a_last_line_without_its_end_stays_whole(shell: list[str], file: Path, tmp_path: Path) -> None:
    file.write_text(ONE)
    run(shell, tmp_path, "put", TWO)
    assert file.read_text() == f"{ONE}\n{TWO}\n"


def test_a_key_behind_a_comment_sign_counts_as_missing(shell: list[str], file: Path, tmp_path: Path) -> None:
    file.write_text(f"# {ONE}\n")
    run(shell, tmp_path, "put", ONE)
    assert file.read_text() == f"# {ONE}\n{ONE}\n"


def test_folder_and_file_are_made_for_their_owner_only(shell: list[str], tmp_path: Path) -> None:
    run(shell, tmp_path, "put", ONE)
    file = tmp_path / ".ssh" / "authorized_keys"
    assert (oct(file.parent.stat().st_mode)[-3:], oct(file.stat().st_mode)[-3:]) == ("700", "600")


def test_modes_that_ssh_would_refuse_are_mended(shell: list[str], file: Path, tmp_path: Path) -> None:
    file.write_text(f"{ONE}\n")
    file.chmod(0o666)
    file.parent.chmod(0o777)
    run(shell, tmp_path, "put", ONE)
    assert (oct(file.parent.stat().st_mode)[-3:], oct(file.stat().st_mode)[-3:]) == ("700", "600")


def test_only_the_key_itself_is_taken_out(shell: list[str], file: Path, tmp_path: Path) -> None:
    file.write_text(f'# {TWO}\n{ONE}\nrestrict,command="true" {TWO}\n{TWO}\n')
    assert run(shell, tmp_path, "take", TWO) == "minga:done"
    assert file.read_text() == f"# {TWO}\n{ONE}\n"


def test_a_sign_of_a_comment_within_its_options_hides_no_key(shell: list[str], file: Path, tmp_path: Path) -> None:
    file.write_text(f'  # {ONE}\nenvironment="A=#1" {ONE}\n')
    run(shell, tmp_path, "put", ONE)
    run(shell, tmp_path, "take", ONE)
    assert file.read_text() == f"  # {ONE}\n"


def test_what_is_no_file_is_left_alone(shell: list[str], file: Path, tmp_path: Path) -> None:
    os.mkfifo(file)
    assert run(shell, tmp_path, "put", ONE) == "minga:failed"
    assert file.is_fifo()


def test_the_last_key_can_be_taken_out(shell: list[str], file: Path, tmp_path: Path) -> None:
    file.write_text(f"{ONE}\n")
    assert run(shell, tmp_path, "take", ONE) == "minga:done"
    assert file.read_text() == ""


def test_a_link_stays_a_link(shell: list[str], file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(f"{ONE}\n")
    file.symlink_to(tmp_path / "elsewhere")
    run(shell, tmp_path, "put", TWO)
    assert file.is_symlink()
    assert (tmp_path / "elsewhere").read_text() == f"{ONE}\n{TWO}\n"


def test_what_cannot_be_written_stays_as_it_was(shell: list[str], file: Path, tmp_path: Path) -> None:
    file.write_text(f"{ONE}\n")
    Path(f"{file}.minga").mkdir()
    assert run(shell, tmp_path, "put", TWO) == "minga:failed"
    assert file.read_text() == f"{ONE}\n"


def test_nothing_of_a_key_is_run(shell: list[str], file: Path, tmp_path: Path) -> None:
    run(shell, tmp_path, "put", f"ssh-ed25519 AAAA $(touch {tmp_path}/owned)`touch {tmp_path}/owned`")
    assert not (tmp_path / "owned").exists()


def test_the_name_of_a_key_is_a_plain_comment() -> None:
    assert line_of("ssh-ed25519 AAAA", "Mi portátil; rm -rf /") == "ssh-ed25519 AAAA mi-port-til--rm--rf"
    assert line_of("ssh-ed25519 AAAA", "漢字") == "ssh-ed25519 AAAA minga"
