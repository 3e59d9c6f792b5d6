"""Read a list of given computers: bytes or pasted text, with a header in English or Spanish. Pure: no database."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from django.utils.translation import gettext_noop as _

from lib import csv_lists
from lib.csv_lists import BadList, by_header, plain
from lib.names import BadName, clean_name
from lib.notes import Note
from lib.spreadsheets import is_formula
from nodes import amounts, fact_bounds
from nodes.models import Computer

# What a column may be called, without accents, capital letters and the unit.
HEADERS = {
    "number": ("number", "numero", "minga", "numero de minga"),
    "reference": ("reference", "inventory number", "inventory", "asset", "asset tag", "referencia", "codigo", "inventario", "numero de inventario"),
    "email": ("email", "e-mail", "mail", "donor e-mail", "donor email", "correo", "correo electronico", "correo de quien dono", "correo del donante"),
    "name": ("donor", "name", "donor name", "donante", "nombre", "quien dono", "persona"),
    "organisation": ("organisation", "organization", "company", "school", "organizacion", "institucion", "empresa", "colegio"),
    "kind": ("kind", "type", "tipo", "clase"),
    "model": ("model", "maker and model", "computer", "modelo", "marca y modelo", "computadora", "equipo"),
    "cpu": ("cpu", "processor", "procesador"),
    "bits": ("bits", "architecture", "arquitectura"),
    "ram_mb": ("ram", "memory", "memoria", "memoria ram"),
    "disk_gb": ("disk", "hard disk", "storage", "disco", "disco duro", "almacenamiento"),
    "nic_mbit": ("network", "nic", "network card", "red", "tarjeta de red"),
    "year": ("year", "ano", "year of purchase", "ano de compra"),
    "grams": ("weight", "peso"),
    "note": ("note", "notes", "comment", "nota", "notas", "observaciones", "comentario"),
}  # fmt: skip
_COLUMN = {title: column for column, titles in HEADERS.items() for title in titles}
_UNIT = re.compile(r"[\s(\[/]*\b(mb|mib|gb|gib|tb|mbit/s|mbits/s|mbps|gbit/s|gbps|kg|g)\b[)\]]*$")
KINDS = {
    Computer.Kind.DESKTOP: ("desktop", "pc", "tower", "desktop computer", "torre", "sobremesa", "escritorio", "de escritorio", "computadora de escritorio", ""),
    Computer.Kind.LAPTOP: ("laptop", "notebook", "portatil", "computadora portatil"),
    Computer.Kind.ALL_IN_ONE: ("all in one", "all-in-one", "aio", "todo en uno"),
    Computer.Kind.SERVER: ("server", "servidor"),
}  # fmt: skip
_KIND = {word: kind for kind, words in KINDS.items() for word in words}
LONGEST_NOTE, LONGEST_REFERENCE, LONGEST_NAME = 500, 60, 120
_UNREAD = _("Columns that are not read: %(columns)s.")
NAMES = {
    "ram_mb": _("memory"), "disk_gb": _("disk"), "nic_mbit": _("network card"), "grams": _("weight"), "year": _("year"), "bits": _("bits"),
    "kind": _("kind"), "model": _("model"), "cpu": _("processor"),
}  # fmt: skip

EXAMPLES = {
    "ram_mb": _("4 GB"), "disk_gb": _("500 GB"), "nic_mbit": _("1000 Mbit/s"), "grams": _("8.4 kg"), "year": _("2011"), "bits": _("64"),
    "kind": _("desktop, laptop, all in one or server"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was read. number: of the line in the file, from 1. facts: the columns of a Computer. fault: why it is left out."""

    number: int
    serial: str = ""  # the computer's own number, where a list was exported and comes back
    reference: str = ""
    email: str = ""
    name: str = ""
    organisation: str = ""
    note: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    fault: Note = field(default_factory=Note)
    cells: tuple[str, ...] = field(default=(), compare=False)  # as they were written


@dataclass(frozen=True, slots=True)
class Inventory:
    """The lines of a list. notices: what its reader should look at. titles: of its columns, as they were written."""

    lines: tuple[Line, ...]
    notices: tuple[Note, ...] = ()
    titles: tuple[str, ...] = ()


def read(content: bytes | str) -> Inventory:
    """Read a list. Raises lib.csv_lists.BadList, also where the first line names no columns."""
    rows = csv_lists.rows_of(content, columns_of)
    if rows.columns is None:
        text = _("The first line must name the columns: at least model, processor or memory. The example shows how.")
        raise BadList(text)
    units = [_unit_of(plain(title)) for title in rows.titles]
    unread = [Note(_UNREAD, {"columns": rows.unread})] if rows.unread else []
    lines = tuple(_line(number, cells, rows.columns, units) for number, cells in rows.lines)
    return Inventory(lines, tuple(rows.notices + unread), tuple(rows.titles))


def columns_of(cells: list[str]) -> list[str] | None:
    """Return the columns that a header names, '' for those that say nothing here; None where these cells are no header."""
    found = [_COLUMN.get(_UNIT.sub("", plain(cell)).strip(), "") for cell in cells]
    return found if {"model", "cpu", "ram_mb", "kind"} & set(found) else None


def _unit_of(title: str) -> str:
    """Return the unit that a title names: "gb" of "memory (GB)"."""
    found = _UNIT.search(title)
    return found[1] if found else ""


def _line(number: int, cells: list[str], columns: list[str], units: list[str]) -> Line:
    texts = by_header(cells, columns)
    unit_of = dict(zip(reversed(columns), reversed(units), strict=True))
    words = {
        "serial": texts.get("number", ""), "reference": texts.get("reference", ""), "email": texts.get("email", ""),
        "name": texts.get("name", ""), "organisation": texts.get("organisation", ""), "note": texts.get("note", ""),
    }  # fmt: skip
    facts, faults = _facts(texts, unit_of)
    fault = _together(faults) or _fault_of_words(texts)
    return Line(number, **words, facts=facts, fault=fault, cells=tuple(cells))


def _facts(texts: dict[str, str], unit_of: dict[str, str]) -> tuple[dict[str, Any], list[Note]]:
    """Return the columns of the computer, and what is wrong with each that cannot be taken."""
    facts: dict[str, Any] = {"kind": _KIND.get(plain(texts.get("kind", "")), "")}
    faults = [] if facts["kind"] else [_unreadable("kind", texts["kind"])]
    for name in ("model", "cpu"):
        if text := texts.get(name, ""):
            try:
                facts[name] = clean_name(text, longest=csv_lists.LONGEST_CELL)
            except BadName as refusal:
                faults.append(_refused(name, refusal.note))
    for name, reader in amounts.READERS.items():
        if text := texts.get(name, ""):
            facts[name] = _amount(reader, text, unit_of.get(name, ""))
            if facts[name] is None:
                faults.append(_unreadable(name, text))
    impossible = ((name, fact_bounds.why_impossible(name, value)) for name, value in facts.items())
    return facts, faults + [_refused(name, why) for name, why in impossible if why]


def _amount(reader: Callable[[str], int | None], text: str, unit: str) -> int | None:
    """Read a cell; a number alone has the unit of its column's title."""
    is_bare = text.replace(".", "", 1).replace(",", "", 1).isdigit()
    return reader(f"{text} {unit}" if unit and is_bare else text)


def _unreadable(column: str, text: str) -> Note:
    facts = {"column": _named(column), "text": text[:40], "example": Note(EXAMPLES[column]).as_json()}
    return Note(_("%(column)s: “%(text)s” cannot be read. Write it like this: %(example)s."), facts)


def _refused(column: str, why: Note) -> Note:
    return Note(_("%(column)s: %(why)s"), {"column": _named(column), "why": why.as_json()})


def _together(faults: list[Note]) -> Note:
    """Return one note that says all of them."""
    if not faults:
        return Note()
    return reduce(
        lambda one, other: Note(_("%(one)s %(other)s"), {"one": one.as_json(), "other": other.as_json()}), faults
    )


def _named(column: str) -> dict[str, str]:
    return Note(NAMES[column]).as_json()


def _fault_of_words(texts: dict[str, str]) -> Note:
    """Return what is wrong with the texts that are kept as they are."""
    if any(is_formula(text) for name, text in texts.items() if name not in amounts.READERS):
        return Note(_("It begins like a spreadsheet formula."))
    longest = {"note": LONGEST_NOTE, "reference": LONGEST_REFERENCE, "name": LONGEST_NAME, "organisation": LONGEST_NAME}
    if any(len(texts.get(name, "")) > most for name, most in longest.items()):
        text = _(
            "A cell is too long: a note has at most %(note)s characters, a reference %(reference)s, a name %(name)s."
        )
        return Note(text, {"note": LONGEST_NOTE, "reference": LONGEST_REFERENCE, "name": LONGEST_NAME})
    return Note()
