"""Input and output of commands: days, and aligned rows in the reader's language."""

import os
import shutil
import textwrap
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

MARK, TOPIC = 2, 24  # columns
NARROW, WIDE = 60, 120


def language(wish: str | None) -> str:
    """Return the language: --lang, else the terminal's own."""
    said = wish or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    known = [code for code, _name in settings.LANGUAGES]
    return said[:2] if said[:2] in known else "en"


def lines(mark: str, topic: str, text: str, mend: str = "") -> Iterator[str]:
    """Return the lines of a row; the command that mends it stands on lines of its own, to be copied."""
    width = min(max(shutil.get_terminal_size().columns, NARROW), WIDE) - MARK - TOPIC
    said = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"{mark} {gettext(topic):<{TOPIC - 1}} {said[0]}"
    for line in said[1:]:
        yield " " * (MARK + TOPIC) + line
    for line in mend.splitlines():
        yield " " * (MARK + TOPIC) + "→ " + line


def beginning_of(day: str) -> datetime:
    """Return the first moment of a day (2027-03-01), by the site's clock. Raises ValueError."""
    return timezone.make_aware(datetime.strptime(day, "%Y-%m-%d"))
