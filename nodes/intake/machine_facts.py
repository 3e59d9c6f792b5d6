"""Read what a program says of a computer: the names of the facts, and what may be said of each. Pure.

Texts lose hidden marks, since a BIOS may have anything in it; what is too long, too large or of another kind is refused with the name of its field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from lib.names import made_clean
from lib.notes import Note, Refusal
from nodes.fact_bounds import BITS, BOUNDS

MOST_DISKS, MOST_CARDS = 24, 16
HEALTHS = ("", "passed", "failed")
BUSES = ("", "ata", "nvme", "scsi", "usb", "mmc", "virtio")
KINDS = ("", "desktop", "all_in_one", "laptop", "server")
# What the program could not read: the serial numbers and slots of the main board; SMART, for lack of rights, of smartctl, or of an answer.
NOT_READ = ("board", "smart_rights", "smartctl", "smart", "disks", "cards", "memory", "processor")
_COUNT = 2**53  # the largest that JSON carries everywhere


class BadFacts(Refusal):
    """Facts that cannot be, each by the name of its field: disks.1.size_gb is of the second disk."""

    status = 400
    code = "invalid"

    def __init__(self, faults: dict[str, Note]) -> None:
        super().__init__(_("What was sent cannot be read."))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Word:
    """A text on one line, not longer than so; with choices one of them."""

    longest: int = 60
    choices: tuple[str, ...] = ()
    help: str = ""

    def read(self, value: Any) -> str:
        """Return the text that is kept. Raises _Fault."""
        if value is None:
            return ""
        if not isinstance(value, str):
            raise _Fault(_("This is not a text."))
        if len(value) > self.longest:
            raise _Fault(_("At most %(most)s characters."), {"most": self.longest})
        text = made_clean(value, longest=self.longest)
        if self.choices and text not in self.choices:
            raise _Fault(_("One of these: %(words)s."), {"words": " ".join(filter(None, self.choices))})
        return text


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number within bounds, with choices one of them; None: not known."""

    least: int = 0
    most: int = _COUNT
    choices: tuple[int, ...] = ()
    help: str = ""

    def read(self, value: Any) -> int | None:
        """Return the number. Raises _Fault."""
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise _Fault(_("This is not a whole number."))
        if not self.least <= value <= self.most or (self.choices and value not in self.choices):
            least, most = (min(self.choices), max(self.choices)) if self.choices else (self.least, self.most)
            raise _Fault(_("From %(least)s to %(most)s."), {"least": least, "most": most})
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no; None: not known."""

    help: str = ""

    def read(self, value: Any) -> bool | None:
        """Return the answer. Raises _Fault."""
        if value is not None and not isinstance(value, bool):
            raise _Fault(_("This is neither true nor false."))
        return value


Fact = Word | Number | Flag
MACHINE: dict[str, Fact] = {
    "version": Word(20, help="Of the program."),
    "kind": Word(10, KINDS),
    "vendor": Word(help="As the main board says it, as product and serial."),
    "product": Word(),
    "serial": Word(help="Only administrators see it."),
    "cpu": Word(100, help="The processor's name."),
    "threads": Number(1, 4096),
    "bits": Number(choices=BITS, help="32 or 64."),
    "virtualisation": Word(4, ("", "none", "vmx", "svm"), help="What the processor has for virtualisation."),
    "ram_mb": Number(*BOUNDS["ram_mb"], help="MiB that the system can use."),
    "ram_installed_mb": Number(*BOUNDS["ram_mb"], help="MiB in its slots."),
    "grams": Number(*BOUNDS["grams"]),
}
DISK: dict[str, Fact] = {
    "name": Word(20, help="As the system calls it: sda."),
    "bus": Word(6, BUSES),
    "model": Word(),
    "serial": Word(help="Only administrators see it."),
    "size_gb": Number(*BOUNDS["disk_gb"], help="GB of 1000 MB, as printed on the disk."),
    "rotational": Flag(),
    "health": Word(6, HEALTHS, help="What SMART says of it."),
    "reallocated": Number(help="Sectors."),
    "pending": Number(help="Sectors."),
    "media_errors": Number(help="Of NVMe."),
    "power_on_hours": Number(0, 10_000_000),
    "used_percent": Number(0, 255, help="Of what the flash is made for (NVMe)."),
}
CARD: dict[str, Fact] = {
    "name": Word(20),
    "mbit": Number(*BOUNDS["nic_mbit"], help="The most it can; null: not known."),
    "wireless": Flag(),
}


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """The facts that were read, by the names of MACHINE, DISK and CARD."""

    machine: dict[str, Any]
    disks: list[dict[str, Any]]
    cards: list[dict[str, Any]]
    not_read: list[str]


class _Fault(Exception):
    """A value that cannot be."""

    def __init__(self, text: str, args: dict[str, Any] | None = None) -> None:
        super().__init__(text)
        self.note = Note(text, args or {})


def read(sent: Any) -> MachineFacts:
    """Return the facts of what was sent. What has no name here is left out. Raises BadFacts with all that is wrong."""
    if not isinstance(sent, Mapping):
        raise BadFacts({"facts": Note(_("These are not facts: send an object."))})
    faults: dict[str, Note] = {}
    machine = _row(sent, MACHINE, "", faults)
    disks = [_row(each, DISK, at, faults) for at, each in _rows(sent, "disks", MOST_DISKS, faults)]
    cards = [_row(each, CARD, at, faults) for at, each in _rows(sent, "cards", MOST_CARDS, faults)]
    lacking = [word for _at, word in _rows(sent, "not_read", len(NOT_READ), faults) if word in NOT_READ]
    if not faults and not (machine["version"] and (machine["cpu"] or machine["ram_mb"])):
        faults["facts"] = Note(_("Nothing was measured: a version, and a processor or memory are needed."))
    if faults:
        raise BadFacts(faults)
    return MachineFacts(machine, disks, cards, list(dict.fromkeys(lacking)))


def _row(sent: Any, known: Mapping[str, Fact], at: str, faults: dict[str, Note]) -> dict[str, Any]:
    """Return the facts of one thing by the names of `known`, and write down what is wrong."""
    if not isinstance(sent, Mapping):
        faults[at] = Note(_("These are not facts: send an object."))
        return {}
    found = {}
    for name, fact in known.items():
        try:
            found[name] = fact.read(sent.get(name))
        except _Fault as fault:
            faults[f"{at}.{name}".strip(".")] = fault.note
    return found


def _rows(sent: Mapping[str, Any], name: str, most: int, faults: dict[str, Note]) -> Iterator[tuple[str, Any]]:
    """Yield the things of a list, each with its place; of a list that is too long none."""
    rows = sent.get(name)
    if rows is None:
        return
    if not isinstance(rows, list) or len(rows) > most:
        faults[name] = Note(_("This is not a list of at most %(most)s."), {"most": most})
        return
    for at, each in enumerate(rows):
        yield f"{name}.{at}", each
