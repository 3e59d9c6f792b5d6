"""The details of an act in the audit log, in words: roles, amounts, an end, what changed, the words of whoever decided."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from accounts.models import User
from lib.measures import MEASURES
from lib.notes import Note
from machines.idle import times
from nodes.subscriptions.plan_words import bonus, lasts
from portal.presenters.template_fields import FIELD_LABELS
from quotas.sentences import in_words

ROLES: dict[str, Any] = dict(User.Role.choices)
COMPUTER_FIELDS: dict[str, Promise] = {
    "kind": gettext_lazy("Kind"),
    "model": gettext_lazy("Maker and model"),
    "cpu": gettext_lazy("Processor"),
    "bits": gettext_lazy("32 or 64 bits"),
    "ram_mb": gettext_lazy("Memory"),
    "disk_gb": gettext_lazy("Disk"),
    "nic_mbit": gettext_lazy("Network card"),
    "year": gettext_lazy("Year"),
    "grams": gettext_lazy("Weight"),
}
FIELDS: dict[str, Any] = {
    **FIELD_LABELS,
    "services": gettext_lazy("Services"),
    "idle": pgettext_lazy("audit", "Rules for idle machines"),
    **COMPUTER_FIELDS,
}
DISMISSED: dict[str, Promise] = {
    "refused": pgettext_lazy("audit", "what the cluster refused"),
    "setup_seen": pgettext_lazy("audit", "that its first start failed"),
    "dismissed_at": pgettext_lazy("audit", "that it disappeared"),
}


def words_of(detail: dict[str, Any]) -> str:
    """Return what the log keeps of an act; '' where that is nothing. Details that only another version knows are left out."""
    written = (write(detail[key]) for key, write in _WRITERS.items() if key in detail)
    return " · ".join(filter(None, written))


def _labels(known: dict[str, Any]) -> Callable[[list[str]], str]:
    def write(names: list[str]) -> str:
        return ", ".join(str(known.get(name, name)) for name in names)

    return write


def _dismissed(columns: list[str]) -> str:
    return ", ".join(str(DISMISSED[column]) for column in columns if column in DISMISSED)


def _imported(is_imported: bool) -> str:
    return pgettext("audit", "from a list") if is_imported else ""


def _amounts(amounts: dict[str, int]) -> str:
    return ", ".join(str(in_words(measure, amounts[measure])) for measure in MEASURES if measure in amounts)


def _end(at: str | None) -> str:
    if not at:
        return _("no end date")
    return _("until %(until)s") % {"until": times.written(datetime.fromisoformat(at), "DATETIME_FORMAT")}


def _since(at: str) -> str:
    return _("since %(since)s") % {"since": times.written(datetime.fromisoformat(at), "DATETIME_FORMAT")}


def _days(days: int) -> str:
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": f"{days:+}"}


def _offered(is_offered: bool) -> str:
    return pgettext("audit", "offered") if is_offered else pgettext("audit", "no longer offered")


def _shown(text: str) -> str:
    return text


def _note(note: Any) -> str:
    """Return what the history of a machine says of it, or the words of whoever decided."""
    return str(Note.from_json(note)) if isinstance(note, dict) else str(note)


_WRITERS: dict[str, Callable[[Any], str]] = {
    "roles": _labels(ROLES),
    "imported": _imported,
    "amounts": _amounts,
    "ends_at": _end,
    "days": _days,
    "lasts": lasts,
    "bonus_days": bonus,
    "offered": _offered,
    "fields": _labels(FIELDS),
    "dismissed": _dismissed,
    "shown": _shown,
    "computer": _shown,
    "since": _since,
    "note": _note,
}
