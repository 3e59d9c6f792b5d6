"""An A4 page with the institution's name on top, its pages counted below, and a story between. Receipts and certificates stand on it."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from django.conf import settings
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from nodes.printing import fonts

SIDE, TOP, FOOT = 20 * mm, 28 * mm, 20 * mm  # of white
WIDTH = A4[0] - 2 * SIDE  # of what is written
INK, SOFT, RULE, SHADE = HexColor("#1d2433"), HexColor("#5b6475"), HexColor("#c9ced8"), HexColor("#f3f4f7")
TEXT = ParagraphStyle("text", fontName=fonts.PLAIN, fontSize=9.5, leading=14, textColor=INK, spaceAfter=2 * mm)
TITLE = ParagraphStyle("title", TEXT, fontName=fonts.BOLD, fontSize=19, leading=24, spaceAfter=4 * mm)
HEADING = ParagraphStyle("heading", TEXT, fontName=fonts.BOLD, fontSize=10.5, spaceBefore=4 * mm, spaceAfter=1 * mm)
CELL = ParagraphStyle("cell", TEXT, fontSize=8.5, leading=11, spaceAfter=0)
CELL_HEAD = ParagraphStyle("cell head", CELL, fontName=fonts.BOLD)
NUMBER_HEAD = ParagraphStyle("number head", CELL_HEAD, alignment=2)
NAME = ParagraphStyle("name", CELL, textColor=SOFT)
_ROW = 1.1 * mm  # above and below a line of a table


def institution() -> str:
    """Return the name of who runs the site; of one that did not say it, the site's address."""
    return settings.INSTITUTION or f"Minga, {urlsplit(settings.PORTAL_URL).hostname}"


def pdf(story: Sequence[Any], *, title: str, foot: str) -> bytes:
    """Return the story as a PDF. foot: a line on each page, before the number of the page."""
    file = BytesIO()
    page = SimpleDocTemplate(
        file, pagesize=A4, leftMargin=SIDE - 6, rightMargin=SIDE - 6, topMargin=TOP, bottomMargin=FOOT, title=title,
        author=institution(), creator="Minga",
    )  # fmt: skip
    page.build(list(story), canvasmaker=lambda *args, **kwargs: _CountedPages(*args, foot=foot, **kwargs))
    return file.getvalue()


def paragraph(text: str, style: ParagraphStyle = TEXT) -> Paragraph:
    """Return a paragraph of a text that anybody may have typed: nothing in it is markup."""
    fonts.register()
    return Paragraph(escape(text), style)


def pairs(rows: Sequence[tuple[str, str]]) -> Table:
    """Return names and values side by side."""
    cells = [[paragraph(name, NAME), paragraph(value, CELL)] for name, value in rows]
    return Table(cells, [45 * mm, WIDTH - 45 * mm], style=_table_style(), hAlign="LEFT")


def ledger(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], *, numbers: int = 1) -> Table:
    """Return a table whose head stands on each page that it needs. widths: parts of the whole. numbers: how many columns at the end are of numbers.

    Numbers stand on one line and are no paragraphs: of thousands of rows each paragraph costs a third of a millisecond.
    """
    words = len(head) - numbers
    cells = [[*(paragraph(text, CELL) for text in row[:words]), *row[words:]] for row in rows]
    top = [paragraph(text, CELL_HEAD if at < words else NUMBER_HEAD) for at, text in enumerate(head)]
    style = [*_table_style(), ("BACKGROUND", (0, 0), (-1, 0), SHADE), ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
             ("FONT", (words, 1), (-1, -1), CELL.fontName, CELL.fontSize, CELL.leading), ("TEXTCOLOR", (words, 1), (-1, -1), INK),
             ("ALIGN", (words, 1), (-1, -1), "RIGHT")]  # fmt: skip
    return Table([top, *cells], [WIDTH * part for part in widths], style=TableStyle(style), repeatRows=1, hAlign="LEFT")


def _table_style() -> list[Any]:
    every = ((0, 0), (-1, -1))
    return [("VALIGN", *every, "TOP"), ("TOPPADDING", *every, _ROW), ("BOTTOMPADDING", *every, _ROW),
            ("LEFTPADDING", *every, 4), ("RIGHTPADDING", *every, 4)]  # fmt: skip


class _CountedPages(Canvas):  # type: ignore[misc]  # reportlab has no types
    """A canvas that writes head and foot once it knows how many pages there are."""

    def __init__(self, *args: Any, foot: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._foot, self._pages = foot, list[dict[str, Any]]()

    def showPage(self) -> None:
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, state in enumerate(self._pages, 1):
            self.__dict__.update(state)
            self._furnish(number, len(self._pages))
            Canvas.showPage(self)
        Canvas.save(self)

    def _furnish(self, number: int, of: int) -> None:
        head, name = A4[1] - 16 * mm, institution()
        self.setFillColor(INK)
        self.setFont(fonts.BOLD, fonts.fitting(name, fonts.BOLD, WIDTH, 11))
        self.drawString(SIDE, head, name)
        self.setStrokeColor(RULE)
        self.line(SIDE, head - 3 * mm, A4[0] - SIDE, head - 3 * mm)
        count = _("Page %(number)s of %(all)s") % {"number": number, "all": of} if of > 1 else ""
        self.setFillColor(SOFT)
        self.setFont(fonts.PLAIN, 8)
        self.drawRightString(A4[0] - SIDE, 11 * mm, count)
        room = WIDTH - self.stringWidth(count, fonts.PLAIN, 8) - 4 * mm
        self.setFont(fonts.PLAIN, fonts.fitting(self._foot, fonts.PLAIN, room, 8))
        self.drawString(SIDE, 11 * mm, self._foot)
