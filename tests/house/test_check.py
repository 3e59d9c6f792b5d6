"""make check runs its parts side by side, and names all that is wrong in the same order every time."""

import subprocess
import threading
import time
from pathlib import Path

import pytest

from deploy.local.check import UNSOLVED, Part, Result, check
from tests.waiting import PATIENCE


def _part(words: str = "", *, after: float = 0) -> Part:
    """A part that ends after so many seconds, and is wrong when it has words."""

    def run() -> Result:
        time.sleep(after)
        return Result(not words, words)

    return run


def test_the_parts_run_side_by_side() -> None:
    meeting = threading.Barrier(2)

    def meets_the_other() -> Result:
        meeting.wait(PATIENCE)  # breaks where the other only begins after this one
        return Result(True)

    assert check({"style": meets_the_other, "types": meets_the_other}, 2) == 0


def test_all_that_is_wrong_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert check({"style": _part("a long line"), "types": _part(), "floors": _part("an import upwards")}, 2) == 1
    out = capsys.readouterr().out
    assert "a long line" in out
    assert "an import upwards" in out
    assert out.endswith("Wrong: style, floors.\n")


def test_each_is_told_in_one_piece_and_in_the_order_of_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    check({"style": _part("one\ntwo", after=0.3), "types": _part("three"), "floors": _part()}, 3)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["one", "two", "style", "three", "types", "floors", "Wrong:"]


def test_a_part_that_breaks_is_wrong_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert check({"types": lambda: 1 // 0, "floors": _part()}, 2) == 1  # type: ignore[arg-type,return-value]
    out = capsys.readouterr().out
    assert "ZeroDivisionError" in out
    assert "floors        ok" in out


def test_where_nothing_is_wrong_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert check({"types": _part(), "floors": _part()}, 2) == 0
    assert capsys.readouterr().out.endswith("All checks hold.\n")


@pytest.mark.parametrize(("line", "found"), [("<<<<<<< HEAD", True), ("a <<<<<<< b", False)])
def test_a_merge_that_was_committed_unsolved_is_found(tmp_path: Path, line: str, found: bool) -> None:
    (tmp_path / "page.js").write_text(f"one\n{line}\n")
    for words in (["init", "--quiet"], ["add", "page.js"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    assert subprocess.run(["sh", "-c", UNSOLVED], cwd=tmp_path).returncode == int(found)
