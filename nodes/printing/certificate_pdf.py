"""The certificate of the wiped disks of a computer: who gave it, what was done to each disk, and where anybody checks it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Table, TableStyle

from nodes.models import Computer, DiskWipe, WipeCertificate
from nodes.printing import fonts
from nodes.printing.page_furniture import (
    CELL,
    CELL_HEAD,
    HEADING,
    INK,
    NAME,
    RULE,
    SHADE,
    TEXT,
    TITLE,
    WIDTH,
    institution,
    pairs,
    paragraph,
    pdf,
)  # fmt: skip
from nodes.printing.qr_drawing import QrDrawing
from nodes.wiping import disk_words

CODE = 22 * mm  # a side of the QR code, without the white around it
_TROUBLE = HexColor("#a3182f")
_NUMBER = ParagraphStyle("certificate number", TITLE, fontSize=14, leading=18, spaceAfter=0)
_WITHDRAWN = ParagraphStyle("withdrawn", TEXT, fontName=fonts.BOLD, textColor=_TROUBLE, spaceAfter=0)
_RESULT = ParagraphStyle("result", CELL_HEAD, alignment=2)
_COLUMNS = 3  # of a disk's facts
_EDGE = 2 * mm


def address_of(number: str) -> str:
    """Return the address at which anybody checks a certificate."""
    return f"{settings.PORTAL_URL}{reverse('public-certificate', args=[number])}"


def certificate(row: WipeCertificate) -> bytes:
    """Return a certificate as a PDF, in the active language and time zone. One that was withdrawn says so on top."""
    return drawn(row, list(row.disks.prefetch_related("evidence__file")))


def drawn(row: WipeCertificate, disks: Sequence[DiskWipe]) -> bytes:
    """Return a certificate of these disks as a PDF."""
    fonts.register()
    title = _("Certificate of wiped disks")
    story = [
        _head(row, title),
        *_withdrawn(row),
        paragraph(_statement(len({disk.serial.casefold() for disk in disks}))),
        pairs(_facts(row, disks)),
        *(KeepTogether(_disk(number, disk)) for number, disk in enumerate(disks, 1)),
        KeepTogether([paragraph(_("Verification and validation"), HEADING), paragraph(_verified())]),
        KeepTogether([_signatures(row, disks), paragraph(_check(row), CELL)]),
    ]
    return pdf(story, title=f"{title} {row.number}", foot=f"{row.number} · {_shown_address(row)}")


class _Code(Flowable):  # type: ignore[misc]  # reportlab has no types
    """The QR code of the address."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def wrap(self, *_room: float) -> tuple[float, float]:
        return CODE * 1.25, CODE * 1.25

    def draw(self) -> None:
        code = QrDrawing(self.canv, self._text)
        code.place(CODE * 1.25 - code.width_of(CODE), 0, CODE)


def _head(row: WipeCertificate, title: str) -> Table:
    words = [paragraph(title, TITLE), paragraph(row.number, _NUMBER)]
    side = CODE * 1.25
    every = ((0, 0), (-1, -1))
    style = TableStyle([("VALIGN", *every, "TOP"), ("LEFTPADDING", *every, 0), ("RIGHTPADDING", *every, 0)])
    return Table([[words, _Code(address_of(row.number))]], [WIDTH - side, side], style=style, hAlign="LEFT")


def _withdrawn(row: WipeCertificate) -> list[Any]:
    if row.withdrawn_at is None:
        return []
    text = _("Withdrawn on %(day)s: this certificate no longer holds.") % {"day": _day(row.withdrawn_at)}
    every = ((0, 0), (-1, -1))
    style = [
        ("BOX", *every, 1, _TROUBLE),
        ("LEFTPADDING", *every, 8),
        ("TOPPADDING", *every, 5),
        ("BOTTOMPADDING", *every, 7),
    ]
    return [Table([[paragraph(text, _WITHDRAWN)]], [WIDTH], style=TableStyle(style), hAlign="LEFT", spaceAfter=4 * mm)]


def _statement(count: int) -> str:
    text = ngettext(
        "We certify that the disk of this computer was treated as written below: by the methods of NIST SP 800-88 Rev 2, with techniques of "
        "IEEE 2883 where nothing else is written.",
        "We certify that the %(count)s disks of this computer were treated as written below: by the methods of NIST SP 800-88 Rev 2, with "
        "techniques of IEEE 2883 where nothing else is written.",
        count,
    )
    return text % {"count": count}


def _facts(row: WipeCertificate, disks: Sequence[DiskWipe]) -> list[tuple[str, str]]:
    donor = row.computer.donation.donor
    kind = str(Computer.Kind(row.kind).label)
    serials = dict.fromkeys(disk.computer_serial for disk in disks if disk.computer_serial)
    facts = [
        (_("Computer"), ", ".join(filter(None, [row.model, kind, row.computer.number]))),
        (_("Serial number of the computer"), ", ".join(serials)),
        (_("Donor"), _("not named, as the donor wished") if donor.erased_at else donor.shown_name),
        (_("Issued by"), f"{institution()}: {row.issuer_name}"),
        (_("Issued on"), _moment(row.issued_at)),
    ]
    return [(name, value) for name, value in facts if value]


def _disk(number: int, row: DiskWipe) -> list[Any]:
    """Return the block of a disk: a line with its kind and result, and its facts in columns."""
    title = f"{number}. {disk_words.disk(row)}"
    head = Table(
        [[paragraph(title, CELL_HEAD), paragraph(disk_words.result(row), _RESULT)]], [WIDTH * 0.75, WIDTH * 0.25]
    )
    cells = [[paragraph(name, NAME), paragraph(value, CELL)] for name, value in _facts_of_disk(row)]
    cells += [[]] * (-len(cells) % _COLUMNS)
    rows = [cells[at : at + _COLUMNS] for at in range(0, len(cells), _COLUMNS)]
    body = Table(rows, [WIDTH / _COLUMNS] * _COLUMNS)
    every = ((0, 0), (-1, -1))
    head.setStyle([("BACKGROUND", *every, SHADE), ("LEFTPADDING", *every, _EDGE), ("RIGHTPADDING", *every, _EDGE)])
    body.setStyle([("VALIGN", *every, "TOP"), ("LEFTPADDING", *every, _EDGE), ("RIGHTPADDING", *every, _EDGE)])
    frame = [
        ("BOX", *every, 0.6, RULE),
        *[(f"{side}PADDING", *every, 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")],
    ]
    return [Table([[head], [body]], [WIDTH], style=TableStyle(frame), hAlign="LEFT", spaceBefore=3 * mm)]


def _facts_of_disk(row: DiskWipe) -> list[tuple[str, str]]:
    times = f"{_moment(row.started_at)} – {_end(row)}"
    facts = [
        (_("Serial number of the disk"), row.serial),
        (_("Method"), disk_words.method(row)),
        (_("Technique"), disk_words.technique(row)),
        (_("Program"), disk_words.tool(row)),
        (_("Start and end"), times),
        (_("Done by"), row.operator_name),
        (_("Verification"), str(row.get_verification_display()) if row.verification else ""),
        (_("Validation"), row.validation),
        (_("Second person"), row.second_person),
        *((_("Evidence"), f"{each.name}, SHA-256 {each.file.sha256[:16]}…") for each in row.evidence.all()),
    ]
    return [(name, value) for name, value in facts if value]


def _verified() -> str:
    return _(
        "Verification says how it was made sure, on each disk, that the technique did what it should. Validation says how the result was judged as "
        "a whole. Evidence is kept here; its first sixteen digits of SHA-256 name each file."
    )  # fmt: skip


def _signatures(row: WipeCertificate, disks: Sequence[DiskWipe]) -> Table:
    """Return a line to sign for each person who wiped, looked at it, or issued it."""
    seconds = [disk.second_person for disk in disks if disk.second_person]
    people = [*dict.fromkeys([*(disk.operator_name for disk in disks), *seconds, row.issuer_name])][:_COLUMNS]
    gap = 8 * mm
    widths = [(WIDTH + gap) / _COLUMNS - gap, gap] * len(people)
    lines = [("LINEABOVE", (at, 0), (at, 0), 0.6, INK) for at in range(0, 2 * len(people), 2)]
    cells = [cell for name in people for cell in (paragraph(name, CELL), "")]
    style = TableStyle([*lines, ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    return Table([cells], widths, style=style, hAlign="LEFT", spaceBefore=17 * mm, spaceAfter=5 * mm)


def _check(row: WipeCertificate) -> str:
    return _("Anybody can check this certificate at %(address)s") % {"address": _shown_address(row)}


def _shown_address(row: WipeCertificate) -> str:
    return address_of(row.number).partition("://")[2]


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATE_FORMAT")


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def _end(row: DiskWipe) -> str:
    """Return when it ended; of the same day the time alone."""
    started, ended = timezone.localtime(row.started_at), timezone.localtime(row.ended_at)
    return date_format(ended, "TIME_FORMAT") if started.date() == ended.date() else _moment(ended)


def file_name(row: WipeCertificate) -> str:
    """Return the name of its file, in the active language."""
    return f"{pgettext('file', 'certificate')}-{row.number}.pdf"
