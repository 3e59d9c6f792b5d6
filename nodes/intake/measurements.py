"""Write down what was measured of a computer, hold it against what its donor said, and take it over."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nodes import actions, specs
from nodes.intake.machine_facts import MachineFacts
from nodes.intake.models import IntakeCode, MeasuredDisk, Measurement
from nodes.models import Computer

FIELDS = (
    "kind",
    "model",
    "cpu",
    "bits",
    "ram_mb",
    "disk_gb",
    "nic_mbit",
    "grams",
)  # of a computer, which can be measured
KEPT_BACK = 8  # the system and the graphics card keep up to an eighth of the memory for themselves


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that was said (or never said: None, '') and that the measurement contradicts."""

    field: str
    said: Any
    measured: Any
    is_likely: bool  # what was measured is surely better than what was said


def write(
    computer: Computer, found: MachineFacts, *, at: datetime, code: IntakeCode | None = None, by: Any = None
) -> Measurement:
    """Write down what was measured of a computer, whose row is locked."""
    said = {name: getattr(computer, name) for name in FIELDS}
    lists = {"cards": found.cards, "not_read": found.not_read}
    row = Measurement.objects.create(computer=computer, at=at, code=code, by=by, said=said, **lists, **found.machine)
    MeasuredDisk.objects.bulk_create(MeasuredDisk(measurement=row, **disk) for disk in found.disks)
    return row


def latest(computer: Computer) -> Measurement | None:
    """Return what was measured of a computer last, with its disks."""
    return computer.measurements.prefetch_related("disks").select_related("by", "code__made_by").first()


def measured(row: Measurement) -> dict[str, Any]:
    """Return what was measured by the names of FIELDS; what was not read is left out."""
    values = {
        "kind": row.kind, "model": row.model, "cpu": row.cpu, "bits": row.bits, "ram_mb": row.memory_mb,
        "disk_gb": None if "disks" in row.not_read else row.disk_gb, "nic_mbit": row.nic_mbit, "grams": row.grams,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value not in ("", None)}


def differences(computer: Computer, row: Measurement) -> list[Difference]:
    """Return the measured facts that differ from the ledger."""
    found = [(name, getattr(computer, name), value) for name, value in measured(row).items()]
    return [
        Difference(name, said, value, is_likely=not _is_kept_back(name, said, row))
        for name, said, value in found
        if said != value
    ]


def _is_kept_back(name: str, said: Any, row: Measurement) -> bool:
    """Say whether the memory that was said may well be there, and the system only does not show all of it."""
    if name != "ram_mb" or row.ram_installed_mb or not said or not row.ram_mb:
        return False
    return bool(row.ram_mb < said <= row.ram_mb * KEPT_BACK / (KEPT_BACK - 1))


def take_over(*, row: Measurement, fields: Collection[str], by: Any) -> list[str]:
    """Write into the ledger what was measured, of these fields. Returns which have changed. Raises BadInput."""
    before, values = row.computer, measured(row)
    chosen = {name: values[name] for name in fields if name in values}
    changed = [name for name, value in chosen.items() if getattr(before, name) != value]
    actions.correct(computer=before, by=by, **{name: chosen[name] for name in changed})
    return changed


def facts_of(row: Measurement) -> specs.Facts:
    """Return the facts by which a measured computer is judged. Memory that the system keeps for itself counts as there."""
    visible = row.ram_mb and row.ram_mb * KEPT_BACK // (KEPT_BACK - 1)
    return specs.Facts(row.cpu, row.bits, row.ram_installed_mb or visible, row.nic_mbit)
