"""Read the text that minga-intake prints without a network, as somebody typed it from the screen or a photo.

A line has a number, a letter for what it is about (C computer, D disk, N network card, E end), facts, and two check characters:

    4D n=sda;b=ata;g=320;r=1;h=passed;a=0;e=0;s=WD-1 #K4

Blanks and capital letters do not count in the check. The last line has the check of all, so a line that is left out is seen, too.
deploy/node/minga-intake writes it by the same tables; tests/nodes/intake hold the two against each other.
"""

import re
from binascii import crc32
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop as _

from lib.notes import Note, Refusal
from nodes.intake import machine_facts
from nodes.intake.code_text import LETTERS
from nodes.intake.machine_facts import CARD, DISK, MACHINE, Fact, Flag, MachineFacts, Number

LONGEST = 10_000  # characters
_LINE = re.compile(r"\s*(\d{1,3})\s*([CDNE])\b(.*)#\s*([0-9A-Z]{2,4})\s*", re.IGNORECASE | re.ASCII)
KEYS: dict[str, dict[str, str]] = {
    "C": {
        "v": "version", "k": "kind", "m": "vendor", "p": "product", "s": "serial", "c": "cpu", "t": "threads", "b": "bits",
        "x": "virtualisation", "r": "ram_mb", "i": "ram_installed_mb", "w": "grams", "n": "not_read",
    },
    "D": {
        "n": "name", "b": "bus", "m": "model", "s": "serial", "g": "size_gb", "r": "rotational", "h": "health", "a": "reallocated",
        "e": "pending", "x": "media_errors", "o": "power_on_hours", "u": "used_percent",
    },
    "N": {"n": "name", "m": "mbit", "w": "wireless"},
}  # fmt: skip
_FACTS: dict[str, dict[str, Fact]] = {"C": MACHINE, "D": DISK, "N": CARD}
MISFIT = _("Line %(line)s does not fit its last two characters: compare it with the screen.")


class BadText(Refusal):
    """A text that is none of minga-intake's, or was typed wrongly. `faults`: a sentence for each line."""

    status = 400
    code = "invalid"

    def __init__(self, faults: list[Note]) -> None:
        super().__init__(faults[0].text, faults[0].args)
        self.faults = faults


def read(text: str) -> MachineFacts:
    """Return the facts of a typed text. Raises BadText with all lines that are wrong."""
    lines = _lines(text)
    bodies = [f"{number}{letter}{body}" for number, letter, body, _check in lines]
    faults = _faults(lines, bodies)
    if faults:
        raise BadText(faults)
    sent: dict[str, Any] = {"disks": [], "cards": []}
    for _number, letter, body, _check in lines[:-1]:
        facts = dict(_facts(letter, body))
        if letter == "C":
            sent |= facts
        else:
            sent["disks" if letter == "D" else "cards"].append(facts)
    try:
        return machine_facts.read(sent)
    except machine_facts.BadFacts as refusal:  # typed rightly, but not written by the program
        raise BadText(list(refusal.faults.values())) from None


def check_of(text: str, characters: int = 2) -> str:
    """Return the check characters of a text."""
    bare = "".join(text.split()).upper()
    rest, found = crc32(bare.encode()), ""
    for _each in range(characters):
        rest, value = divmod(rest, len(LETTERS))
        found += LETTERS[value]
    return found


def _lines(text: str) -> list[tuple[int, str, str, str]]:
    """Take a text apart: number, letter, facts and check of each line. Raises BadText for what is no such text."""
    if len(text) > LONGEST:
        raise BadText([Note(_("At most %(most)s characters."), {"most": LONGEST})])
    found, faults = [], []
    for at, line in enumerate((line for line in text.splitlines() if line.strip()), 1):
        if match := _LINE.fullmatch(line):
            found.append((int(match[1]), match[2].upper(), match[3].strip(), match[4].upper()))
        else:
            faults.append(
                Note(_("Line %(line)s is not one of the program's: it ends with # and two characters."), {"line": at})
            )
    if faults or not found:
        raise BadText(faults or [Note(_("Type the lines that the program shows."))])
    return found


def _faults(lines: list[tuple[int, str, str, str]], bodies: list[str]) -> list[Note]:
    """Say which lines do not fit their check, or are missing."""
    faults = [
        Note(MISFIT, {"line": number})
        for (number, letter, _body, check), text in zip(lines, bodies, strict=True)
        if letter != "E" and check_of(text) != check
    ]
    last = lines[-1]
    numbers = [number for number, _letter, _body, _check in lines]
    if last[1] != "E":
        faults.append(Note(_("The last line is missing: it has the letter E.")))
    elif missing := [n for n in range(1, min(last[0], 100)) if n not in numbers]:
        faults += [Note(_("Line %(line)s is missing."), {"line": n}) for n in missing]
    elif not faults and (numbers != list(range(1, len(lines) + 1)) or check_of("".join(bodies), 4) != last[3]):
        faults.append(Note(_("These lines are not of one report. Type all of one.")))
    return faults


def _facts(letter: str, body: str) -> Iterator[tuple[str, Any]]:
    """Yield the facts of a line by the names of machine_facts; what has no name there is left out."""
    for part in body.split(";"):
        key, _equals, value = part.partition("=")
        name = KEYS.get(letter, {}).get(key.strip().lower())
        if name == "not_read":
            yield name, [word for word in value.strip().lower().split(",") if word]
        elif name:
            yield name, _value(_FACTS[letter][name], value.strip())


def _value(fact: Fact, text: str) -> Any:
    if isinstance(fact, Flag):
        return {"1": True, "0": False}.get(text)
    if isinstance(fact, Number):
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text
    return text.lower() if fact.choices else text
