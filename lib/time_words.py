"""Lengths of time in whole words: "1 second", "2 minutes"."""

from lib.notes import Note
from lib.notes import two_forms as ngettext  # under this name makemessages finds a plural

_UNITS = {
    86_400: ngettext("%(count)s day", "%(count)s days"),
    3_600: ngettext("%(count)s hour", "%(count)s hours"),
    60: ngettext("%(count)s minute", "%(count)s minutes"),
    1: ngettext("%(count)s second", "%(count)s seconds"),
}


def in_words(seconds: float) -> Note:
    """Write a length of time in one unit, rounded: 1 second, 90 seconds, 2 minutes, 47 hours, 2 days."""
    whole = round(abs(seconds))
    unit = next(unit for unit in _UNITS if whole >= 2 * unit or unit == 1)
    text, plural = _UNITS[unit]
    return Note(text, {"count": round(whole / unit)}, plural)
