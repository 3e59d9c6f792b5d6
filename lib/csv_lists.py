"""Read a list that somebody made in a spreadsheet, as it is: bytes or pasted text, whatever the encoding and the separator. Pure.

Whoever reads a list of something says by `columns_of` what the first line names (accounts.people_csv, nodes.inventory.inventory_csv).
"""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from lib.notes import Note, Refusal

MOST_BYTES, MOST_LINES = 1_000_000, 5_000
LONGEST_CELL = 600  # characters that are kept of a cell: more than any text may have
MOST_CELLS = 100  # of a line; no list has more columns
SEPARATORS = ";\t,"
WINDOWS = "cp1252"
_GUESSED = _("The list is not in UTF-8, so it was read as Windows-1252 (cp1252): check that the accents are right.")

# The columns that the cells of a header name, '' for those that say nothing; None where these cells are no header.
Columns = Callable[[list[str]], list[str] | None]


class BadList(Refusal):
    """A list that cannot be read at all."""

    status = 400
    code = "invalid"
    field = "csv"


@dataclass(frozen=True, slots=True)
class Rows:
    """The lines of a list that have something in them, each with its number in the file, from 1. titles: the header, if there is one."""

    lines: list[tuple[int, list[str]]]
    titles: list[str]
    columns: list[str] | None
    notices: list[Note]  # what its reader should look at

    @property
    def unread(self) -> str:
        """Return the titles of the columns that say nothing here, as one text."""
        pairs = zip(self.titles, self.columns or [], strict=True)
        return ", ".join(title for title, column in pairs if title and not column)[:LONGEST_CELL]


def rows_of(content: bytes | str, columns_of: Columns) -> Rows:
    """Read a list. Raises BadList where it is too large, too long, empty or no text."""
    text, encoding = decoded(content)
    if "\0" in text:
        raise BadList(_("This is not text: save the list as CSV, then choose that file."))
    lines = [(number, cells) for number, cells in _rows(text, separator_of(text), columns_of) if any(cells)]
    if not lines:
        raise BadList(_("This list is empty."))
    titles = lines[0][1]
    columns = columns_of(titles)
    if columns is not None:
        lines = lines[1:]
    if len(lines) > MOST_LINES:
        raise BadList(_("This list has more than %(most)s lines. Divide it."), {"most": MOST_LINES})
    return Rows(lines, titles if columns else [], columns, [Note(_GUESSED)] if encoding == WINDOWS else [])


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


def _rows(text: str, separator: str, columns_of: Columns) -> Iterator[tuple[int, list[str]]]:
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
        yield number, _apart(cells, columns_of)


def _apart(cells: list[str], columns_of: Columns) -> list[str]:
    filled = [cell for cell in cells if cell]
    if len(filled) != 1:
        return cells
    for mark in SEPARATORS:
        if mark in filled[0] and ("@" in filled[0] or columns_of(filled[0].split(mark))):
            return [cell.strip().strip('"') for cell in filled[0].split(mark)]
    return cells


def plain(text: str) -> str:
    """Return a title in small letters, without accents and with single blanks."""
    marked = unicodedata.normalize("NFKD", text).replace("_", " ").strip(" *:.")
    return " ".join("".join(mark for mark in marked if not unicodedata.combining(mark)).lower().split())


def by_header(cells: list[str], columns: list[str]) -> dict[str, str]:
    """Return the cells of a line by the columns that the header names; of two columns of one name the first counts."""
    facts: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=False):
        if column:
            facts.setdefault(column, cell)
    return facts
