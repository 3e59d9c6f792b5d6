"""Sentences that are stored once and read in the reader's language.

A note is kept as JSON: {"text": English msgid, "args": {...}}; the msgid is marked with gettext_noop where it is written.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext, override

from lib import measures


@dataclass(frozen=True)
class Note:
    """A sentence with named places: Note(_("Waiting for room: %(ahead)s before you."), {"ahead": 3})."""

    text: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    plural: str = ""  # with it, args["count"] chooses between text and plural

    def __str__(self) -> str:
        if not self.text:
            return ""
        chosen = ngettext(self.text, self.plural, self.args["count"]) if self.plural else gettext(self.text)
        return chosen % {name: _spoken(value) for name, value in self.args.items()} if self.args else chosen

    def __bool__(self) -> bool:
        return bool(self.text)

    def in_english(self) -> str:
        """Return the sentence for a log."""
        with override("en"):
            return str(self)

    def as_json(self) -> dict[str, Any]:
        """Return {"text", "args", "plural"}, or {} for an empty note."""
        return {"text": self.text, "args": self.args, "plural": self.plural} if self.text else {}

    @classmethod
    def from_json(cls, stored: dict[str, Any] | None) -> "Note":
        """Read what as_json wrote. None and {} give an empty note."""
        stored = stored or {}
        return cls(stored.get("text", ""), stored.get("args", {}), stored.get("plural", ""))


def moment(at: datetime) -> dict[str, str]:
    """Return a time as an argument of a note, which each reader reads in their own time zone and language."""
    # "en" is what a process of 0.4 reads, which knows no times.
    return {"time": at.isoformat(), "en": f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"}


def day(at: datetime) -> dict[str, str]:
    """Return the day of a time as an argument of a note, in the reader's time zone and language."""
    return {"day": at.isoformat(), "en": f"{at.astimezone(UTC):%Y-%m-%d}"}


def memory(mib: int) -> dict[str, Any]:
    """Return an amount of memory as an argument of a note, which reads as 1.5 GB, in Spanish 1,5 GB."""
    return {"mib": mib, "en": f"{mib} MB"}


def _spoken(value: Any) -> Any:
    """Return a time, a day, memory, a note, or a value in several languages ({"en": …, "es": …}), as the reader reads it; any other value unchanged."""
    if not isinstance(value, dict):
        return value
    if "text" in value:
        return str(Note.from_json(value))
    if "time" in value:
        return date_format(timezone.localtime(datetime.fromisoformat(value["time"])), "DATETIME_FORMAT")
    if "day" in value:
        return date_format(timezone.localtime(datetime.fromisoformat(value["day"])), "DATE_FORMAT")
    if "mib" in value:
        return measures.memory(value["mib"])
    return value.get((get_language() or "en")[:2]) or value["en"]


def two_forms(text: str, plural: str) -> tuple[str, str]:
    """Mark a singular and its plural for translation, for a Note that is created later."""
    return text, plural


class Refusal(Exception):
    """An action that is refused. Carries the sentence for the person and the HTTP status.

    `code` is one stable word for programs ("quota_exceeded"); it becomes the problem's type in the API.
    """

    status = 409
    code = "refused"
    retry_after = 0  # seconds after which the same may be granted; 0: trying again does not help

    def __init__(self, text: str, args: dict[str, Any] | None = None, *, code: str = "", status: int = 0) -> None:
        self.note = Note(text, args or {})
        self.code = code or type(self).code
        self.status = status or type(self).status
        super().__init__(text)

    def __str__(self) -> str:
        return str(self.note)
