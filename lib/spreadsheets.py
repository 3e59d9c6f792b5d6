"""CSV for spreadsheets: what people typed stays text there, and is never calculated."""

import csv
import io
import re
from collections.abc import Iterable

BOM = "\ufeff"  # by which Excel knows the file for UTF-8
_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # a spreadsheet takes the wide ones for the same
# A program that separates by ";" (in Spanish) or by tabs begins a cell in the middle of ours, whatever quotation marks we write.
_FORMULA_INSIDE = re.compile(r"""([;\t\r\n]["\s]*)(?=[=+\-@＝＋－＠])""")


def is_formula(text: str) -> bool:
    """Say whether a spreadsheet would take a cell for a formula."""
    return text.lstrip(" ").startswith(_FORMULA)


def text_cell(value: object) -> str:
    """Return a cell of which no spreadsheet takes a part for a formula: an apostrophe comes before what begins like one."""
    text = _FORMULA_INSIDE.sub(r"\1'", str(value))
    return f"'{text}" if is_formula(text) else text


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Return the rows as CSV text."""
    out = io.StringIO()
    csv.writer(out).writerows([text_cell(value) for value in row] for row in rows)
    return out.getvalue()
