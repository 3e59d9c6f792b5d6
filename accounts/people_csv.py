"""Read a list of people as it is: bytes or pasted text, whatever the letters, the separator and the header. Pure: no database.

`read` returns the lines with what stands in which column; accounts.people_import says what becomes of each.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop as _

from lib.notes import Note, Refusal

MOST_BYTES, MOST_LINES = 1_000_000, 5_000
LONGEST_CELL = 400  # characters that are kept of a cell: more is no name
MOST_CELLS = 100  # of a line; no list of people has more columns
SEPARATORS = ";\t,"
WINDOWS = "cp1252"
# What a column may be called in the first line, without accents and capital letters.
HEADERS = {
    "username": ("username", "user", "user name", "login", "usuario", "nombre de usuario", "cuenta"),
    "name": ("name", "full name", "nombre completo", "nombres y apellidos", "apellidos y nombres", "student", "estudiante", "alumno", "persona"),
    "first": ("first name", "first names", "given name", "given names", "nombre", "nombres"),
    "last": ("last name", "last names", "surname", "surnames", "family name", "apellido", "apellidos"),
    "email": ("email", "e-mail", "mail", "email address", "e-mail address", "correo", "correo electronico", "correo institucional",
              "direccion de correo", "email institucional"),
}  # fmt: skip
_GUESSED = _("The list is not in UTF-8, so it was read as Windows-1252 (cp1252): check that the accents are right.")
_UNREAD = _("Columns that are not read: %(columns)s. The role is the one that you chose for the whole list.")
_COLUMN = {title: column for column, titles in HEADERS.items() for title in titles}


class BadList(Refusal):
    """A list that cannot be read at all."""

    status = 400
    code = "invalid"
    field = "csv"


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
    """Read a list. Raises BadList where it is too large, too long, empty or no text."""
    text, encoding = decoded(content)
    if "\0" in text:
        raise BadList(_("This is not text: save the list as CSV, then choose that file."))
    rows = [(number, cells) for number, cells in _rows(text, separator_of(text)) if any(cells)]
    if not rows:
        raise BadList(_("This list is empty."))
    columns = columns_of(rows[0][1])
    notices = [Note(_GUESSED)] if encoding == WINDOWS else []
    if columns is not None:
        notices += _left_unread(rows[0][1], columns)
        rows = rows[1:]
    if len(rows) > MOST_LINES:
        raise BadList(_("This list has more than %(most)s lines. Divide it."), {"most": MOST_LINES})
    return PeopleList(tuple(_line(number, cells, columns) for number, cells in rows), tuple(notices))


def _left_unread(titles: list[str], columns: list[str]) -> list[Note]:
    """Name the columns whose title says nothing here: who wrote a role into the list must not think that it counts."""
    unread = [title for title, column in zip(titles, columns, strict=True) if title and not column]
    return [Note(_UNREAD, {"columns": ", ".join(unread)[:LONGEST_CELL]})] if unread else []


def decoded(content: bytes | str) -> tuple[str, str]:
    """Return the text and its encoding: UTF-8, UTF-16, else cp1252. Raises BadList where it is too large."""
    # A text counts by its letters: the form of the preview sends a file back with longer ones (é of cp1252) and longer ends of lines.
    if len(content.replace("\r\n", "\n") if isinstance(content, str) else content) > MOST_BYTES:
        raise BadList(_("This list is larger than 1 MB. Divide it."))
    if isinstance(content, str):
        content = content.encode("utf-8", "replace")
    if content[:4] == b"PK\x03\x04" or content[:4] == b"\xd0\xcf\x11\xe0":
        raise BadList(_("This is a spreadsheet file. Save it as CSV, then choose that file."))
    for encoding in _encodings(content):
        try:
            return content.decode(encoding).removeprefix("\ufeff"), encoding
        except UnicodeDecodeError:
            continue
    return content.decode(WINDOWS, "replace"), WINDOWS


def _encodings(content: bytes) -> Iterator[str]:
    """Yield encodings to try. UTF-16 without a mark is known by the zero bytes of its Latin letters."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield "utf-16"
    elif len(content) % 2 == 0 and content:
        half = len(content) // 4  # zero bytes: in at least half of the places where ASCII has them
        if content[1::2].count(0) > half:
            yield "utf-16-le"
        elif content[0::2].count(0) > half:
            yield "utf-16-be"
    yield "utf-8"


def separator_of(text: str) -> str:
    """Return the separator: that of the first lines that stands in most of them; of equals the first of SEPARATORS."""
    first = [line for line in text.splitlines()[:50] if line.strip()]
    counts = {mark: sum(mark in line for line in first) for mark in SEPARATORS}
    return max(SEPARATORS, key=lambda mark: counts[mark]) if any(counts.values()) else ","


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line with its number. A cell that holds a whole line ("name;email") is taken apart."""
    lines = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"))
    reader = csv.reader(lines, delimiter=separator)
    while True:
        number = reader.line_num + 1
        try:
            cells = [cell.strip()[:LONGEST_CELL] for cell in next(reader)[:MOST_CELLS]]
        except StopIteration:
            return
        except csv.Error:
            raise BadList(
                _("Line %(number)s cannot be read. Is a quotation mark not closed?"), {"number": number}
            ) from None
        yield number, _apart(cells)


def _apart(cells: list[str]) -> list[str]:
    filled = [cell for cell in cells if cell]
    if len(filled) != 1:
        return cells
    for mark in SEPARATORS:
        if mark in filled[0] and ("@" in filled[0] or columns_of(filled[0].split(mark))):
            return [cell.strip().strip('"') for cell in filled[0].split(mark)]
    return cells


def columns_of(cells: list[str]) -> list[str] | None:
    """Return the columns that a header names, '' for those that say nothing here; None where these cells are no header."""
    found = [_COLUMN.get(plain(cell), "") for cell in cells]
    if any("@" in cell for cell in cells) or not any(found):
        return None
    if "first" in found and "last" not in found:
        found[found.index("first")] = "name"  # "nombre" alone is the whole name
    return found


def plain(text: str) -> str:
    """Return a title in small letters, without accents and with single blanks."""
    marked = unicodedata.normalize("NFKD", text).replace("_", " ").strip(" *:.")
    return " ".join("".join(mark for mark in marked if not unicodedata.combining(mark)).lower().split())


def _line(number: int, cells: list[str], columns: list[str] | None) -> Line:
    facts = _by_header(cells, columns) if columns is not None else _by_looks(cells)
    name = facts.get("name") or " ".join(part for part in (facts.get("first", ""), facts.get("last", "")) if part)
    return Line(number, facts.get("username", ""), name, facts.get("email", ""))


def _by_header(cells: list[str], columns: list[str]) -> dict[str, str]:
    facts: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=False):
        if column:
            facts.setdefault(column, cell)
    return facts


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
