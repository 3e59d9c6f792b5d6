"""Reads docs/admin/install.md: the commands and the files of its code blocks, each with the line where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "admin" / "install.md"
COMPOSE, SYSTEMD = "compose", "systemd"
INDENT = "    "


@dataclass(frozen=True, slots=True)
class Step:
    """A command, or with `file` the text that a person writes into that file."""

    line: int
    section: str
    way: str  # COMPOSE, SYSTEMD, or "" for both
    place: str  # the comment "# on …" at the head of the block; "" is the portal's own server
    text: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    line: int
    section: str
    way: str
    lead: str  # the paragraph before it
    lines: list[str]

    @property
    def file(self) -> str:
        """The file that the paragraph before the block announces: "Then `clouds.yaml`:"."""
        found = re.search(r"`([^`\s]+)`:$", self.lead)
        return found[1] if found else ""

    @property
    def place(self) -> str:
        found = re.match(r"# (on .*?)[:,.]?$", self.lines[0])
        return found[1] if found else ""


def steps(page: str) -> list[Step]:
    """Everything that the page wants done. (What stands before the first section is a picture.)"""
    return [step for block in blocks(page) if block.section for step in _steps_of(block)]


def sections(page: str) -> list[str]:
    return re.findall(r"^## (.*)$", page, re.M)


def blocks(page: str) -> Iterator[Block]:
    """Indented code, with the section and the way (compose or systemd) that it belongs to."""
    section = way = lead = ""
    block: Block | None = None
    for number, line in enumerate([*page.splitlines(), ""], start=1):
        if line.startswith(INDENT):
            block = block or Block(number, section, way, lead, [])
            block.lines.append(line.removeprefix(INDENT))
            continue
        if block and line:
            yield block
            block = None
        elif block:
            block.lines.append("")
        if line.startswith("## "):
            section, way = line.removeprefix("## "), _way_of(line)
        way = _way_of(line) if line.startswith("**") else way
        lead = line.strip() or lead
    if block:
        yield block


def _way_of(line: str) -> str:
    found = re.match(rf"(?:## \d\w\. |\*\*)({COMPOSE}|{SYSTEMD})\b", line)
    return found[1] if found else ""


def _steps_of(block: Block) -> Iterator[Step]:
    text = "\n".join(block.lines).strip() + "\n"
    about = (block.section, block.way, block.place)
    if block.file:
        yield Step(block.line, *about, text, block.file)
        return
    number = block.line
    for command in re.sub(r"\\\n", "\\\\\0", text).splitlines():
        bare = re.sub(r"(^|\s{2,})# .*$", "", command).replace("\\\0", "\\\n").strip()
        if bare:
            yield Step(number, *about, bare)
        number += 1 + command.count("\0")
