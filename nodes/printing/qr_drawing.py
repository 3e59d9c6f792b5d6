"""QR codes on printed pages: vectors of error level M, each drawn once in a PDF and placed wherever it is wanted."""

from itertools import groupby
from typing import Any

QUIET = 4  # modules of white around a code, without which phones do not find it
# One mask for all: choosing the best of eight takes thirty times as long, and decoders read which one it was from the code.
MASK = 2


class QrDrawing:
    """The QR code of a text in one PDF."""

    def __init__(self, canvas: Any, text: str) -> None:
        self._canvas, self._name = canvas, f"qr{text.encode().hex()}"  # a name in a PDF has no slashes
        rows = _matrix(text)
        self._modules = len(rows)
        if not canvas.hasForm(self._name):
            self._define(rows)

    def width_of(self, code: float) -> float:
        """Return how wide it is with the white around it, where the code alone is `code` wide."""
        return code * (self._modules + 2 * QUIET) / self._modules

    def place(self, left: float, bottom: float, code: float) -> None:
        """Draw it with its lower left corner, white included, at a place. All in points."""
        module = code / self._modules
        self._canvas.saveState()
        self._canvas.translate(left + QUIET * module, bottom + QUIET * module)
        self._canvas.scale(module, module)
        self._canvas.doForm(self._name)
        self._canvas.restoreState()

    def _define(self, rows: list[list[bool]]) -> None:
        canvas, size = self._canvas, self._modules
        canvas.beginForm(self._name, 0, 0, size, size)
        path = canvas.beginPath()
        for y, row in enumerate(rows):
            x = 0
            for is_dark, modules in groupby(row):
                length = len(list(modules))
                if is_dark:
                    path.rect(x, size - 1 - y, length, 1)
                x += length
        canvas.drawPath(path, stroke=0, fill=1)
        canvas.endForm()


def _matrix(text: str) -> list[list[bool]]:
    from qrcode.constants import ERROR_CORRECT_M  # only where one is drawn
    from qrcode.main import QRCode

    code = QRCode(error_correction=ERROR_CORRECT_M, border=0, mask_pattern=MASK)
    code.add_data(text)
    return list(code.get_matrix())
