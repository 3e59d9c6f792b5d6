"""Measured facts, held against what was said, taken over, and judged; and disks that are not for machines' disks."""

from typing import Any

import pytest

from accounts.models import AuditRow, User
from nodes.intake import disk_faults, measurements
from nodes.models import Computer, MeasuredDisk, Measurement
from nodes.specs import all_why_not
from tests.nodes.intake import recorded
from tests.nodes.intake.measured import measured


def fields(row: Measurement) -> dict[str, tuple[Any, Any]]:
    return {each.field: (each.said, each.measured) for each in measurements.differences(row.computer, row)}


def test_what_is_as_it_was_said_is_no_difference(db: None) -> None:
    assert fields(measured()) == {
        "cpu": ("Core 2 Duo E8400", "Intel(R) Core(TM)2 Duo CPU E8400 @ 3.00GHz"), "grams": (None, 8400),
    }  # fmt: skip


def test_memory_without_its_slots_is_a_difference_that_is_not_sure(db: None) -> None:
    row = measured(ram_installed_mb=None)
    [memory] = [each for each in measurements.differences(row.computer, row) if each.field == "ram_mb"]
    assert (memory.said, memory.measured, memory.is_likely) == (4096, 3789, False)
    assert [
        each.is_likely
        for each in measurements.differences(row.computer, measured(ram_mb=2000, ram_installed_mb=2048))
        if each.field == "ram_mb"
    ] == [True]


def test_of_what_was_not_read_there_is_no_difference(db: None) -> None:
    row = measured(
        kind="",
        vendor="",
        product="",
        bits=None,
        ram_mb=None,
        ram_installed_mb=None,
        disks=None,
        cards=None,
        grams=None,
        not_read=["disks"],
    )
    assert list(fields(row)) == ["cpu"]


def test_a_computer_without_disks_has_none(db: None) -> None:
    assert fields(measured(disks=[]))["disk_gb"] == (320, 0)


def test_what_is_ticked_is_taken_over_and_recorded(admin: User) -> None:
    row = measured()
    assert measurements.take_over(row=row, fields=["grams", "ram_mb"], by=admin) == ["grams"]
    computer = Computer.objects.get()
    assert (computer.grams, computer.cpu) == (8400, "Core 2 Duo E8400")
    assert AuditRow.objects.get(verb="correct_computer").detail == {"fields": ["grams"]}
    assert list(fields(Measurement.objects.get())) == ["cpu"]


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []), ({"bits": 32}, ["bits"]), ({"ram_mb": 480, "ram_installed_mb": 512}, ["memory"]),
        ({"ram_mb": 980, "ram_installed_mb": None}, []), ({"ram_mb": 700, "ram_installed_mb": None}, ["memory"]),
        ({"cards": [{"name": "eth0", "mbit": 10, "wireless": False}]}, ["network"]),
        ({"cards": [{"name": "eth0", "mbit": None, "wireless": False}]}, []),
    ],
)  # fmt: skip
def test_it_is_judged_by_what_was_measured(changes: dict[str, Any], reasons: list[str], db: None) -> None:
    assert [each.value for each in all_why_not(measurements.facts_of(measured(**changes)))] == reasons


@pytest.mark.parametrize(
    ("facts", "faults"),
    [
        ({}, []), ({"health": "passed", "reallocated": 0, "pending": 0}, []), ({"reallocated": 1}, ["1 reallocated sector"]),
        ({"reallocated": 8, "pending": 2}, ["8 reallocated sectors", "2 pending sectors"]),
        ({"health": "failed"}, ["SMART says that it fails"]), ({"media_errors": 3}, ["3 media errors"]),
    ],
)  # fmt: skip
def test_a_disk_is_judged_by_its_sectors(facts: dict[str, Any], faults: list[str]) -> None:
    assert [str(fault) for fault in disk_faults.faults_of(MeasuredDisk(name="sda", **facts))] == faults


def test_bad_disks_are_those_of_the_last_measurement(db: None, django_assert_num_queries: Any) -> None:
    bad = {**recorded.facts()["disks"][0], "pending": 3}
    healed, ill = measured(disks=[bad]).computer, measured().computer
    measured(healed)
    measured(ill, disks=[bad, {"name": "sdb"}])
    with django_assert_num_queries(2):
        found = disk_faults.bad_disks([healed.pk, ill.pk])
    assert {pk: [disk.name for disk in disks] for pk, disks in found.items()} == {ill.pk: ["sda"]}
