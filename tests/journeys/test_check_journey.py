"""“Why can't I connect?” of a whole Minga: right while it runs, and named when it sleeps or a part of the way stands still."""

from typing import Any

import pytest

from tests.journeys.broken_ways import ssh_answers, stopped
from tests.journeys.kinds import EACH_KIND, FIXTURES
from tests.journeys.stack import Person, Stack, wait_for
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


@pytest.fixture(params=EACH_KIND)
def minga(request: pytest.FixtureRequest) -> Stack:
    found: Stack = request.getfixturevalue(FIXTURES[request.param])
    found.whole()
    return found


def test_the_hop_that_is_broken_is_named(minga: Stack) -> None:
    student = Person(minga, "student")
    pk = student.launch(name="vicuna")["id"]
    student.until(pk, "running")
    wait_for(lambda: ssh_answers(student.machine(pk)), PATIENCE, "its ssh answers")
    right = _check(student, pk)
    assert (right["broken"], {hop["ok"] for hop in right["hops"]}) == (None, {True}), right
    for part, hop in (("agent", "agent"), ("vps", "tunnel")):
        with stopped(minga, part):
            assert _check(student, pk)["broken"] == hop
    student.call("POST", f"machines/{pk}/suspend/")
    student.until(pk, "suspended")
    asleep = _check(student, pk)
    assert (asleep["broken"], student.machine(pk)["state"]) == ("guest", "suspended"), asleep
    student.call("DELETE", f"machines/{pk}/")
    student.until(pk, "gone")


def _check(person: Person, pk: str) -> dict[str, Any]:
    reply = person.call("GET", f"machines/{pk}/check/?port=22", seconds=PATIENCE, follow_redirects=True)
    found: dict[str, Any] = reply.json()
    return found
