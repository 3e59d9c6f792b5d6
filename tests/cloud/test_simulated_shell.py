"""The simulated guest's shell: what it does not know it says, and writes nothing."""

import pytest

from cloud.localcloud.shell import LONGEST, Shell
from cloud.localcloud.simulated_files import MAX_BYTES, SimulatedFiles


@pytest.fixture
def shell() -> Shell:
    return Shell(SimulatedFiles.fresh("web-lab", ""), "web-lab", "student", lambda: None)


@pytest.mark.parametrize("line", ["ls", "cat README && whoami", "echo x >> note", "cat < README", "echo x | cat"])
def test_what_it_does_not_know_is_said(shell: Shell, line: str) -> None:
    before = dict(shell.files.texts)
    output, complaint, code = shell.run(line)
    assert ("simulated" in complaint, output, code > 0, shell.files.texts) == (True, "", True, before)


def test_commands_run_in_turn_until_exit(shell: Shell) -> None:
    assert shell.run("echo kept > note; cat ~/note\nexit; whoami") == ("kept\n", "", 0)
    assert shell.leaving


def test_a_full_disk_refuses_a_file_and_keeps_the_old_one(shell: Shell) -> None:
    shell.run("echo old > note")
    shell.files.texts["/home/student/big"] = "x" * (MAX_BYTES - 200)
    assert "No space left" in shell.run(f"echo {'x' * 1000} > note")[1]
    assert shell.run("cat note")[0] == "old\n"


def test_a_line_that_would_take_seconds_to_read_is_refused(shell: Shell) -> None:
    output, complaint, code = shell.run(f"echo {'x' * LONGEST} > note")
    assert (output, "64000" in complaint, code, "/home/student/note" in shell.files.texts) == ("", True, 2, False)
