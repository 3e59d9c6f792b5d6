"""Labels for computers: sheets of A4 with 24 of 70 x 37 mm, or a roll of 50 x 25 mm, a label a page. Three for each computer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from nodes.models import Computer
from nodes.printing import fonts
from nodes.printing.qr_drawing import QrDrawing

MOST = 240  # labels of a PDF
PARTS: tuple[Promise, ...] = (
    pgettext_lazy("label", "Case"), pgettext_lazy("label", "Inside"), pgettext_lazy("label", "Disk"),
)  # fmt: skip
MOST_COMPUTERS = MOST // len(PARTS)
COLUMNS, ROWS = 3, 8
A_SHEET = COLUMNS * ROWS
FORMATS = ("sheet", "roll")


@dataclass(frozen=True, slots=True)
class _Size:
    """Measures of a label, in points. code: a side of the QR code, without the white around it."""

    width: float
    height: float
    code: float
    edge: float  # left free on each side: printers do not reach the edge of a sheet


# The QR code is at least 18 mm wide. On the sheet 5 mm stay free at its edges.
_ON_A_SHEET = _Size(70 * mm, 37 * mm, 20 * mm, 5 * mm)
_ON_A_ROLL = _Size(50 * mm, 25 * mm, 18 * mm, 1 * mm)


@dataclass(frozen=True, slots=True)
class _Label:
    """The words of a label, and the address of its code."""

    number: str
    address: str
    part: str


def address_of(number: str) -> str:
    """Return the address to which the QR code of a computer leads."""
    return f"{settings.PORTAL_URL}{reverse('public-computer', args=[number])}"


def sheets(computers: Sequence[Computer], *, begin: int = 1, right: float = 0, down: float = 0) -> bytes:
    """Return sheets of A4 as a PDF.

    begin: the label on the first sheet where printing begins, 1 to A_SHEET, row by row, so that a used sheet is not wasted. right, down:
    millimetres by which all is moved, for a printer that does not take the sheet straight.
    """
    file, canvas = _begun(A4)
    top = (A4[1] - ROWS * _ON_A_SHEET.height) / 2
    for place, label in enumerate(_labels(computers), begin - 1):
        if place % A_SHEET == 0 and place >= begin:
            canvas.showPage()
        row, column = divmod(place % A_SHEET, COLUMNS)
        left = column * _ON_A_SHEET.width + right * mm
        bottom = A4[1] - top - (row + 1) * _ON_A_SHEET.height - down * mm
        _draw(canvas, label, _ON_A_SHEET, left, bottom)
    canvas.save()
    return file.getvalue()


def roll(computers: Sequence[Computer], *, right: float = 0, down: float = 0) -> bytes:
    """Return a PDF for a printer of labels, with a label on each page. right, down: as in `sheets`."""
    file, canvas = _begun((_ON_A_ROLL.width, _ON_A_ROLL.height))
    for label in _labels(computers):
        _draw(canvas, label, _ON_A_ROLL, right * mm, -down * mm)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def with_code(computer: Computer, code: str, *, is_roll: bool, right: float = 0, down: float = 0) -> bytes:
    """Return one label with the code for minga-intake in place of the part, for the computer while it is measured."""
    size = _ON_A_ROLL if is_roll else _ON_A_SHEET
    file, canvas = _begun((size.width, size.height) if is_roll else A4)
    top = 0 if is_roll else A4[1] - (A4[1] - ROWS * size.height) / 2 - size.height
    _draw(canvas, _Label(computer.number, address_of(computer.number), code), size, right * mm, top - down * mm)
    canvas.save()
    return file.getvalue()


def _begun(page: tuple[float, float]) -> tuple[BytesIO, Any]:
    fonts.register()
    file = BytesIO()
    canvas = Canvas(file, pagesize=page, pageCompression=1)
    canvas.setTitle(_("Labels"))
    canvas.setCreator("Minga")
    return file, canvas


def _labels(computers: Sequence[Computer]) -> Iterator[_Label]:
    for computer in computers:
        for part in PARTS:
            yield _Label(computer.number, address_of(computer.number), str(part))


def _draw(canvas: Any, label: _Label, size: _Size, left: float, bottom: float) -> None:
    """Draw the QR code, and beside it the number: its letters small, its digits as large as there is room."""
    code = QrDrawing(canvas, label.address)
    side = code.width_of(size.code)
    code.place(left + size.edge, bottom + (size.height - side) / 2, size.code)
    words = left + size.edge + side
    room = size.width - 2 * size.edge - side
    letters, _dash, digits = label.number.partition("-")
    middle = bottom + size.height / 2
    big = fonts.fitting(digits, fonts.BOLD, room, 24)
    small = big * 0.62
    _line(canvas, letters, fonts.BOLD, small, words, middle + big * 0.72)
    _line(canvas, digits, fonts.BOLD, big, words, middle - big * 0.36)
    _line(
        canvas, label.part, fonts.PLAIN, fonts.fitting(label.part, fonts.PLAIN, room, small), words, middle - big * 1.35
    )


def _line(canvas: Any, text: str, font: str, size: float, left: float, bottom: float) -> None:
    canvas.setFont(font, size)
    canvas.drawString(left, bottom, text)
