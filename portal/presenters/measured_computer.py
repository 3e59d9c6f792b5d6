"""Measured computers in words, beside what was said of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from lib.measures import amount, kilos, memory
from nodes.intake import disk_faults, intake_codes, measurements
from nodes.intake.measurements import Difference
from nodes.models import Computer, MeasuredDisk, Measurement
from nodes.specs import all_why_not
from nodes.wiping.disks import counting
from nodes.wiping.media import Media
from portal.presenters.desk_computers import BITS, speed

LABELS: dict[str, Promise] = {
    "kind": gettext_lazy("Kind"), "model": gettext_lazy("Model"), "cpu": gettext_lazy("Processor"), "bits": gettext_lazy("32 or 64 bits"),
    "ram_mb": gettext_lazy("Memory"), "disk_gb": gettext_lazy("Disk"), "nic_mbit": gettext_lazy("Network card"),
    "grams": gettext_lazy("Weight"),
}  # fmt: skip
_NOT_READ: dict[str, Promise] = {
    "board": gettext_lazy("The serial number of the computer: only root may read it."),
    "smart_rights": gettext_lazy("The health of the disks: only root may read it."),
    "smartctl": gettext_lazy("The health of the disks: smartctl is not installed there."),
    "smart": gettext_lazy("The health of a disk: it did not answer smartctl."),
    "disks": gettext_lazy("The disks."),
    "cards": gettext_lazy("The network cards."),
    "memory": gettext_lazy("The memory."),
    "processor": gettext_lazy("The processor."),
}
_VIRTUALISATION: dict[str, Promise] = {
    "vmx": gettext_lazy("yes (VT-x)"),
    "svm": gettext_lazy("yes (AMD-V)"),
    "none": gettext_lazy("none, or it is switched off in the BIOS"),
}


def in_words(field: str, value: Any) -> str:
    """Write a fact of a computer by its name in the ledger; a dash where it is not known."""
    if value in ("", None):
        return "–"
    if field == "kind":
        return str(Computer.Kind(value).label)
    if field == "bits":
        return str(BITS[value])
    if field == "disk_gb":
        return amount(value, "GB") if value else _("no disk")
    writers = {"ram_mb": memory, "nic_mbit": speed, "grams": kilos}
    return writers[field](value) if field in writers else str(value)


@dataclass(frozen=True, slots=True)
class ShownDifference:
    """A difference in words."""

    difference: Difference

    @property
    def field(self) -> str:
        return self.difference.field

    @property
    def label(self) -> Promise:
        return LABELS[self.field]

    @property
    def was_said(self) -> bool:
        return self.difference.said not in ("", None)

    @property
    def said(self) -> str:
        return in_words(self.field, self.difference.said)

    @property
    def measured(self) -> str:
        return in_words(self.field, self.difference.measured)


@dataclass(frozen=True, slots=True)
class ShownMeasuredDisk:
    """A disk as it told of itself, in words."""

    row: MeasuredDisk
    is_recorded: bool = False  # what was done to it stands among the wiped disks

    @property
    def name(self) -> str:
        """Return kind, size and model."""
        media, row = media_of(self.row), self.row
        size = amount(row.size_gb, "GB") if row.size_gb is not None else ""
        return " · ".join(filter(None, [row.name, str(Media(media).label) if media else "", size, row.model]))

    @property
    def faults(self) -> str:
        """Return why it is not for machines' disks; '' where nothing is known against it."""
        return ", ".join(map(str, disk_faults.faults_of(self.row)))

    @property
    def health(self) -> str:
        """Return what it told of its life."""
        row, parts = self.row, []
        if row.health == "passed":
            parts.append(_("SMART: passed"))
        if row.reallocated == 0 and row.pending == 0:
            parts.append(_("no reallocated or pending sectors"))
        if row.power_on_hours is not None:
            text = ngettext("%(hours)s hour at work", "%(hours)s hours at work", row.power_on_hours)
            parts.append(text % {"hours": number_format(row.power_on_hours, force_grouping=True)})
        if row.used_percent is not None:
            parts.append(_("%(percent)s %% of its life used") % {"percent": row.used_percent})
        return " · ".join(parts)


class ShownMeasurement:
    """A measurement as administrators read it. A serial number stands here; nobody else gets this."""

    def __init__(self, row: Measurement, computer: Computer) -> None:
        self.row, self.computer = row, computer
        recorded = {each.serial.upper() for each in counting(computer)}
        self.disks = [ShownMeasuredDisk(disk, disk.serial.upper() in recorded) for disk in row.disks.all()]
        self.bad_disks = [disk for disk in self.disks if disk.faults]

    @property
    def facts(self) -> list[tuple[Promise, str, str]]:
        """Return label, what was measured, and what was said where it was another."""
        said = self.row.said
        return [
            (
                LABELS[name],
                in_words(name, value),
                "" if said.get(name) in (value, None, "") else in_words(name, said[name]),
            )
            for name, value in measurements.measured(self.row).items()
        ]

    @property
    def virtualisation(self) -> "Promise | str":
        return _VIRTUALISATION.get(self.row.virtualisation, "")

    @property
    def why_not(self) -> str:
        return " ".join(str(reason.label) for reason in all_why_not(measurements.facts_of(self.row)))

    @property
    def differences(self) -> list[ShownDifference]:
        return [ShownDifference(each) for each in measurements.differences(self.computer, self.row)]

    @property
    def cards(self) -> list[str]:
        """Return each network card with the most that it can."""
        unknown = _("speed not known")
        return [f"{card['name']}: {speed(card['mbit']) if card['mbit'] else unknown}" for card in self.row.cards]

    @property
    def not_read(self) -> list[Promise]:
        return [_NOT_READ[word] for word in self.row.not_read if word in _NOT_READ]

    @property
    def who(self) -> str:
        """Return who typed it, or who made its code."""
        person = self.row.by or (self.row.code and self.row.code.made_by)
        return person.shown_name if person else ""


def media_of(disk: MeasuredDisk) -> str:
    """Return the kind of a disk as the wipe certificate knows it; '' where it told nothing of it."""
    by_bus = {"nvme": Media.NVME, "mmc": Media.CARD}
    if disk.bus in by_bus:
        return by_bus[disk.bus].value
    return "" if disk.rotational is None else Media.MAGNETIC.value if disk.rotational else Media.SSD.value


def of_measured_disk(disk: MeasuredDisk) -> dict[str, Any]:
    """Return what the form of a wiped disk shows of a measured one."""
    facts = {
        "media": media_of(disk), "serial": disk.serial, "size_gb": disk.size_gb, "computer_serial": disk.measurement.serial,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value not in ("", None)}


def of_computer(computer: Computer) -> dict[str, Any]:
    """Return what the page of a computer shows of what was measured."""
    row = measurements.latest(computer)
    return {
        "measurement": ShownMeasurement(row, computer) if row else None,
        "measured_times": computer.measurements.count() if row else 0,
        "may_measure": computer.state not in intake_codes.NEVER,
        "open_code": intake_codes.open_code(computer),
    }


def bad_disks_of(computer: Computer | None) -> Sequence[ShownMeasuredDisk]:
    """Return the disks of a computer that are not for machines' disks, by what was measured last."""
    if computer is None:
        return ()
    return [ShownMeasuredDisk(disk) for disk in disk_faults.bad_disks([computer.pk]).get(computer.pk, [])]
