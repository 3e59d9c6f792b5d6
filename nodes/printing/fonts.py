"""The fonts of printed pages: DejaVu Sans, which has all of Latin. Embedded into each PDF, in the letters that it uses."""

import logging
from pathlib import Path

from django.utils.translation import gettext_noop as _
from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from lib.notes import Refusal

log = logging.getLogger(__name__)

FOLDER = Path(__file__).resolve().parents[2] / "static" / "vendor" / "fonts"  # deploy/local/vendor.json
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
HOW_TO_GET = "run python -m deploy.local.assets"


class FontsMissing(Refusal):
    """The refusal to print where the files of the fonts are missing. /readyz says so, too."""

    status = 503
    code = "fonts_missing"


def missing() -> list[str]:
    """Return the names of the files that are not there."""
    return [path.name for path in _paths().values() if not path.is_file()]


def register() -> None:
    """Make the fonts known to reportlab, once in a process: reading them takes a tenth of a second. Raises FontsMissing."""
    if BOLD in pdfmetrics.getRegisteredFontNames():
        return
    if names := missing():
        log.error("%s missing in %s: %s", ", ".join(names), FOLDER, HOW_TO_GET)
        raise FontsMissing(
            _("Nothing can be printed here just now: a font is missing. Whoever runs this site can bring it back.")
        )
    for name, path in _paths().items():
        pdfmetrics.registerFont(TTFont(name, path))
    for is_bold, name in enumerate((PLAIN, BOLD)):
        for is_slanted in (0, 1):
            addMapping(PLAIN, is_bold, is_slanted, name)


def fitting(text: str, font: str, width: float, most: float) -> float:
    """Return the size, in points and at most `most`, at which a line is no wider than `width` points."""
    wide: float = pdfmetrics.stringWidth(text, font, 1)
    return min(most, width / max(wide, 0.01))


def _paths() -> dict[str, Path]:
    return {name: FOLDER / f"{name}.ttf" for name in (PLAIN, BOLD)}
