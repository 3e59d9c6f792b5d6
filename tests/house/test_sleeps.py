"""A test or bench that sleeps for more than half a second says why."""

from pathlib import Path

import pytest

from deploy.local import sleeps

LONG = [
    "time.sleep(2)",
    "time.sleep(0.51)",
    "await asyncio.sleep(1)",
    "await asyncio.sleep(delay=1)",
    "sleep(3)",
    "page.wait_for_timeout(1000)",
    "time.sleep(2 * 0.4)",
    "time.sleep(3 if slow else 0.1)",
    "time.sleep(2)  # noqa: ASYNC251",
    "time.sleep(2)  # 2 s",
    "time.sleep(  # noqa\n    2,\n)",
    "# the reason of another line\nx = 1\ntime.sleep(2)",
    "x = 1  # the reason of another line\ntime.sleep(2)",
]
NAMED = [
    "PAUSE = 2\ntime.sleep(PAUSE)",
    "time.sleep(PAUSE)\nPAUSE: float = 2",
    "TRIES, PAUSE = 50, 2\ntime.sleep(PAUSE)",
    "HALF = 1\nPAUSE = HALF * 2\ntime.sleep(PAUSE)",
    "PAUSE = 0.1\nPAUSE = 2\ntime.sleep(PAUSE)",
    "class Busy:\n    PAUSE = 2\n    def rest(self):\n        time.sleep(self.PAUSE)",
    "def rest(pause=2):\n    time.sleep(pause)",
    "def rest(*, pause=2):\n    time.sleep(pause)",
    "from time import sleep as nap\nnap(2)",
]
FINE = [
    "time.sleep(0.5)",
    "page.wait_for_timeout(500)",
    "time.sleep(delay)",
    "time.sleep(dice.uniform(0, 9))",
    "PAUSE = 0.05\ntime.sleep(PAUSE)",
    "machine.sleep()",
    "time.sleep(2)  # nobody must be told, and that is no event",
    "time.sleep(2)  # noqa: S1  # nobody must be told again",
    "# Nobody must be told, and that is no event.\ntime.sleep(2)",
    "time.sleep(\n    2  # nobody must be told\n)",
    "text = 'time.sleep(2)'",
]


@pytest.mark.parametrize("source", [*LONG, *NAMED])
def test_a_long_sleep_without_a_reason_is_found(source: str) -> None:
    found = list(sleeps.unexplained(_in_a_function(source)))
    assert len(found) == 1


@pytest.mark.parametrize("source", FINE)
def test_a_short_one_and_one_with_a_reason_is_not(source: str) -> None:
    assert list(sleeps.unexplained(_in_a_function(source))) == []


def _in_a_function(source: str) -> str:
    return "async def test() -> None:\n" + "\n".join(f"    {line}" for line in source.splitlines())


@pytest.mark.parametrize("folder", sleeps.FOLDERS)
def test_it_is_told_with_its_file_its_line_its_length_and_what_to_do(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder / "deeper"
    place.mkdir(parents=True)
    (place / "test_planted.py").write_text("import time\n\ntime.sleep(1.5)\n")
    [fault] = sleeps.faults(tmp_path)
    assert fault.startswith(f"{folder}/deeper/test_planted.py:3: a sleep of 1.5 s has no reason")
    assert "Wait for the condition instead" in fault
