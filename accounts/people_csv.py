"""Read a list of people as it is: bytes or pasted text, whatever the letters, the separator and the header. Pure: no database.

`read` returns the lines with what stands in which column; accounts.people_import says what becomes of each.
"""

from dataclasses import dataclass, field

from django.utils.translation import gettext_noop as _

from lib import csv_lists
from lib.csv_lists import by_header, plain
from lib.notes import Note

# What a column may be called in the first line, without accents and capital letters.
HEADERS = {
    "username": ("username", "user", "user name", "login", "usuario", "nombre de usuario", "cuenta"),
    "name": ("name", "full name", "nombre completo", "nombres y apellidos", "apellidos y nombres", "student", "estudiante", "alumno", "persona"),
    "first": ("first name", "first names", "given name", "given names", "nombre", "nombres"),
    "last": ("last name", "last names", "surname", "surnames", "family name", "apellido", "apellidos"),
    "email": ("email", "e-mail", "mail", "email address", "e-mail address", "correo", "correo electronico", "correo institucional",
              "direccion de correo", "email institucional"),
}  # fmt: skip
_UNREAD = _("Columns that are not read: %(columns)s. The role is the one that you chose for the whole list.")
_COLUMN = {title: column for column, titles in HEADERS.items() for title in titles}


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was read. number: of the line in the file, from 1."""

    number: int
    username: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class PeopleList:
    """The lines of a list. notices: what its reader should look at."""

    lines: tuple[Line, ...]
    notices: tuple[Note, ...] = field(default=())


def read(content: bytes | str) -> PeopleList:
    """Read a list. Raises lib.csv_lists.BadList."""
    rows = csv_lists.rows_of(content, columns_of)
    # Who wrote a role into the list must not think that it counts.
    unread = [Note(_UNREAD, {"columns": rows.unread})] if rows.unread else []
    lines = tuple(_line(number, cells, rows.columns) for number, cells in rows.lines)
    return PeopleList(lines, tuple(rows.notices + unread))


def columns_of(cells: list[str]) -> list[str] | None:
    """Return the columns that a header names, '' for those that say nothing here; None where these cells are no header."""
    found = [_COLUMN.get(plain(cell), "") for cell in cells]
    if any("@" in cell for cell in cells) or not any(found):
        return None
    if "first" in found and "last" not in found:
        found[found.index("first")] = "name"  # "nombre" alone is the whole name
    return found


def _line(number: int, cells: list[str], columns: list[str] | None) -> Line:
    facts = by_header(cells, columns) if columns is not None else _by_looks(cells)
    name = facts.get("name") or " ".join(part for part in (facts.get("first", ""), facts.get("last", "")) if part)
    return Line(number, facts.get("username", ""), name, facts.get("email", ""))


def _by_looks(cells: list[str]) -> dict[str, str]:
    """Read a line without a header: what has an @ is the address, of the rest the first is the name, unless one has no blank."""
    filled = [cell for cell in cells if cell]
    address = next((cell for cell in filled if "@" in cell), "")
    rest = [cell for cell in filled if cell != address]
    facts = {"email": address}
    names = [cell for cell in rest if " " in cell] or rest[:1]
    if names:
        facts["name"] = names[0]
    others = [cell for cell in rest if cell not in names]
    if others and " " not in others[0]:
        facts["username"] = others[0]
    return facts
