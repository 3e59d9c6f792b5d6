"""A changed file is what it was, once its machine has gone back to a kept moment: with a real guest, by the whole of Minga."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.local_stage import make_key
from tests.journeys.kinds import EACH_KIND, FIXTURES
from tests.journeys.stack import Person, wait_for
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow
OPTIONS = [
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    "BatchMode=yes",
]
FILE = "/home/student/thesis"


@pytest.mark.parametrize("kind", EACH_KIND)
def test_going_back_brings_the_old_content(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    student = Person(request.getfixturevalue(FIXTURES[kind]), "student2")
    key = make_key(tmp_path)
    known = student.call("POST", "keys/", json={"public_key": key.with_suffix(".pub").read_text(), "name": kind}).json()
    pk = student.launch(name=f"moments-{kind}")["id"]
    snapshots = f"machines/{pk}/snapshots/"
    try:
        before = student.until(pk, "running")
        is_written(before, key, "first")
        kept = student.call("POST", snapshots, json={"name": "then"}).json()
        wait_for(
            lambda: student.call("GET", snapshots).json()[0]["state"] == "ready", 2 * PATIENCE, "the moment is kept"
        )
        is_written(before, key, "second")
        assert student.call("POST", f"{snapshots}{kept['number']}/restore/").status_code == 202
        after = student.until(pk, "running")
        wait_for(lambda: run(after, key, f"cat {FILE}") == "first", PATIENCE, "the file is what it was")
        assert [way["command"] for way in after["access"]] == [way["command"] for way in before["access"]]
        assert student.call("DELETE", f"{snapshots}{kept['number']}/").status_code == 204
    finally:
        student.call("DELETE", f"machines/{pk}/")
        student.call("DELETE", f"keys/{known['id']}/")


def is_written(machine: dict[str, Any], key: Path, word: str) -> None:
    wait_for(
        lambda: run(machine, key, f"echo {word} > {FILE}; sync; cat {FILE}") == word, PATIENCE, f"{word} is written"
    )


def run(machine: dict[str, Any], key: Path, line: str) -> str:
    """Run a line in the machine. Return what it printed; '' where nobody was let in."""
    ssh = next(way["command"] for way in machine["access"] if way["scheme"] == "ssh").split()
    ended = subprocess.run([*ssh, "-i", str(key), *OPTIONS, line], capture_output=True, timeout=PATIENCE, text=True)
    return ended.stdout.strip()
