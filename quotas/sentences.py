"""Refusals of a quota in words. The numbers alone: the ways out stand beside them (machines.quota_ways_out)."""

from django.utils.translation import gettext_noop as _

from lib.measures import amount
from lib.notes import Note
from lib.notes import two_forms as ngettext
from quotas.gauges import Lack

UNITS = {"machines": "", "vcpus": "", "ram_mb": "MB", "disk_gb": "GB", "ports": "", "archives": "", "archive_gb": "GB"}
_COUNTED = {
    "machines": ngettext("%(count)s machine", "%(count)s machines"),
    "vcpus": ngettext("%(count)s processor", "%(count)s processors"),
    "ports": ngettext("%(count)s public port", "%(count)s public ports"),
    "archives": ngettext("%(count)s archive", "%(count)s archives"),
}
_MEASURED = {
    "ram_mb": _("%(amount)s of memory"),
    "disk_gb": _("%(amount)s of disk"),
    "archive_gb": _("%(amount)s for archives"),
}
# Said of `limit` things, of which none or too few are left. "you": the reader's own quota.
_FULL = {
    "machines": ngettext(
        "Your quota is %(count)s machine, and you have %(used)s.", "You have %(used)s of your %(count)s machines."
    ),
    "archives": ngettext(
        "Your quota is %(count)s archive, and you have %(used)s; the recycle bin counts.",
        "You have %(used)s of your %(count)s archives; the recycle bin counts.",
    ),
}
_FULL_THEIRS = {
    "machines": ngettext(
        "%(owner)s has %(used)s of %(count)s machine.", "%(owner)s has %(used)s of %(count)s machines."
    ),
    "archives": ngettext(
        "%(owner)s has %(used)s of %(count)s archive; the recycle bin counts.",
        "%(owner)s has %(used)s of %(count)s archives; the recycle bin counts.",
    ),
}
_NEEDS = _("This needs %(asked)s. Free in your quota: %(left)s of %(limit)s.")
_NEEDS_THEIRS = _("This needs %(asked)s. Free in the quota of %(owner)s: %(left)s of %(limit)s.")
_ARCHIVE_NEEDS = _("This needs up to %(asked)s. Free in your quota: %(left)s of %(limit)s; the recycle bin counts.")
_ARCHIVE_NEEDS_THEIRS = _(
    "This needs up to %(asked)s. Free in the quota of %(owner)s: %(left)s of %(limit)s; the recycle bin counts."
)
_TOO_MANY = ngettext(
    "You have %(count)s archive, the recycle bin included, and your limit is %(limit)s. Until one is restored or deleted for good,"
    " you cannot launch or archive a machine.",
    "You have %(count)s archives, the recycle bin included, and your limit is %(limit)s. Until one is restored or deleted for good,"
    " you cannot launch or archive a machine.",
)
_TOO_BIG = _(
    "Your archives take %(used)s, the recycle bin included, and your limit is %(limit)s. Until one is restored or deleted for good,"
    " you cannot launch or archive a machine."
)
_TOO_MUCH_THEIRS = _("%(owner)s has too much archived: %(used)s of %(limit)s, the recycle bin included.")


def in_words(measure: str, value: int) -> Note:
    """Say an amount: 1 processor, 2 processors, 512 MB of memory."""
    if measure in _COUNTED:
        text, plural = _COUNTED[measure]
        return Note(text, {"count": value}, plural)
    return Note(_MEASURED[measure], {"amount": plainly(measure, value)})


def plainly(measure: str, value: int) -> str:
    """Write an amount as short as it goes: 2, 512 MB."""
    return amount(value, UNITS[measure])


def sentence(lack: Lack, owner: str = "") -> Note:
    """Say what lacks, with its numbers. owner: whose quota it is, '' for the reader's own."""
    measure, gauge = lack.measure, lack.gauge
    facts = {
        "used": plainly(measure, gauge.used),
        "left": plainly(measure, gauge.left),
        "limit": plainly(measure, gauge.limit),
    }
    facts |= {"owner": owner} if owner else {}
    if not lack.asked:
        return _too_much(lack, facts)
    full = (_FULL_THEIRS if owner else _FULL).get(measure)
    if full:
        return Note(full[0], {**facts, "count": gauge.limit}, full[1])
    asked = in_words(measure, lack.asked).as_json()
    return Note(_needs(measure == "archive_gb", bool(owner)), {**facts, "asked": asked})


def _needs(is_archive: bool, is_theirs: bool) -> str:
    if is_archive:
        return _ARCHIVE_NEEDS_THEIRS if is_theirs else _ARCHIVE_NEEDS
    return _NEEDS_THEIRS if is_theirs else _NEEDS


def _too_much(lack: Lack, facts: dict[str, str]) -> Note:
    """Say that there is more than the limit allows: of archives alone, which the idle rules make without asking."""
    if "owner" in facts:
        return Note(_TOO_MUCH_THEIRS, facts)
    if lack.measure == "archives":
        return Note(_TOO_MANY[0], {**facts, "count": lack.gauge.used}, _TOO_MANY[1])
    return Note(_TOO_BIG, facts)
