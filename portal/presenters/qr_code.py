"""A QR code as the path of an SVG, which a template can draw without markup that it must trust."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

QUIET = 4  # modules of white around it, without which phones do not find it


@dataclass(frozen=True, slots=True)
class QrCode:
    """The length of a side, in modules, and the path of the dark ones."""

    size: int
    path: str


def qr_code(text: str) -> QrCode:
    """Return the QR code of a text."""
    from qrcode.main import QRCode  # only where one is drawn

    code = QRCode(border=QUIET)
    code.add_data(text)
    rows = code.get_matrix()
    runs = (run for y, row in enumerate(rows) for run in _dark_runs(y, row))
    return QrCode(len(rows), "".join(runs))


def _dark_runs(y: int, row: list[bool]) -> Iterator[str]:
    """Yield a rectangle for each run of dark modules in a row."""
    x = 0
    for is_dark, modules in groupby(row):
        length = len(list(modules))
        if is_dark:
            yield f"M{x} {y}h{length}v1h-{length}z"
        x += length
