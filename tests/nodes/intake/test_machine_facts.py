"""Facts of a computer within bounds: everything else is refused by the name of its field, and hidden marks are dropped."""

from typing import Any

import pytest

from nodes.intake import machine_facts
from nodes.intake.machine_facts import BadFacts
from tests.nodes.intake import recorded

DISK = {"name": "sda", "size_gb": 1}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ram_mb": "4096"}, "ram_mb"), ({"ram_mb": True}, "ram_mb"), ({"ram_mb": 0}, "ram_mb"), ({"bits": 48}, "bits"), ({"cpu": 5}, "cpu"),
        ({"cpu": "x" * 101}, "cpu"), ({"kind": "toaster"}, "kind"), ({"disks": {}}, "disks"), ({"disks": [DISK] * 25}, "disks"),
        ({"disks": [DISK, 7]}, "disks.1"), ({"disks": [DISK, {**DISK, "reallocated": -1}]}, "disks.1.reallocated"),
        ({"disks": [{**DISK, "rotational": 1}]}, "disks.0.rotational"), ({"cards": [{"mbit": 2**60}]}, "cards.0.mbit"),
        ({"grams": 1e300}, "grams"), ({"cpu": "", "ram_mb": None}, "facts"), ({"version": None}, "facts"),
    ],
)  # fmt: skip
def test_odd_facts_are_refused_by_the_name_of_their_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadFacts) as refusal:
        machine_facts.read(recorded.facts(**changes))
    assert list(refusal.value.faults) == [field]


@pytest.mark.parametrize("sent", [None, [], "x", 5])
def test_what_is_no_object_holds_no_facts(sent: Any) -> None:
    with pytest.raises(BadFacts) as refusal:
        machine_facts.read(sent)
    assert list(refusal.value.faults) == ["facts"]


def test_hidden_marks_are_dropped() -> None:
    found = machine_facts.read(recorded.facts(serial="AB\u202eC\x00\x1b1", product="Opti\u200bPlex\n780"))
    assert (found.machine["serial"], found.machine["product"]) == ("ABC1", "OptiPlex780")


def test_what_has_no_name_is_left_out() -> None:
    found = machine_facts.read(recorded.facts(owner="somebody", not_read=["board", "board", "soul", 5, None]))
    assert ("owner" in found.machine, found.not_read) == (False, ["board"])
