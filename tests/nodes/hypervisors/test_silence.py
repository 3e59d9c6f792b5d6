"""Silence of a node: how long nothing came from a node."""

from datetime import timedelta

import pytest

from nodes.hypervisors import silence
from nodes.hypervisors.silence import silent_for
from nodes.models import Node
from tests.nodes.hypervisors.seen import at

SECOND = 1 / 60


def node(*, seen: float, heard: float | None, anew: float) -> Node:
    """A node, in seconds: looked at, its last report by the cloud's clock, the look that found this report."""
    heard_at = None if heard is None else at(heard * SECOND)
    return Node(
        name="quinde", seen_at=at(seen * SECOND), heard_at=heard_at, heard_anew_at=heard_at and at(anew * SECOND)
    )


@pytest.mark.parametrize(
    ("seen", "heard", "anew", "silent"),
    [
        pytest.param(60, 55, 60, None, id="heard"),
        pytest.param(60, 30, 40, None, id="late"),
        pytest.param(60, 20, 20, 40, id="silent"),
        pytest.param(60, 5, 20, 55, id="silent since before the look that found its last report"),
        pytest.param(600, None, 0, None, id="not told"),
        pytest.param(60, -3600, 60, None, id="a clock that is an hour behind"),
        pytest.param(60, 3600, 60, None, id="a clock that is an hour ahead"),
        pytest.param(120, -3600, 60, 60, id="silent, with a clock that is an hour behind"),
        pytest.param(120, 3600, 60, 60, id="silent, with a clock that is an hour ahead"),
    ],
)
def test_silence(seen: float, heard: float | None, anew: float, silent: float | None) -> None:
    expected = None if silent is None else timedelta(seconds=silent)
    assert silent_for(node(seen=seen, heard=heard, anew=anew)) == expected


def test_what_is_not_in_the_list_is_not_silent_but_gone() -> None:
    gone = node(seen=600, heard=0, anew=0)
    gone.listed = False
    assert silent_for(gone) is None


@pytest.mark.django_db
def test_those_that_do_not_answer_are_found_by_name() -> None:
    for name, facts in {"down": {"up": False}, "silent": {}, "late": {}, "other": {"up": False}}.items():
        each = node(seen=90, heard=70 if name == "late" else 10, anew=75 if name == "late" else 20)
        each.name = name
        for fact, value in facts.items():
            setattr(each, fact, value)
        each.save()
    assert set(silence.unheard(["down", "silent", "late", "nobody"])) == {"down", "silent"}
