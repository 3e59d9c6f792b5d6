"""Words for a wiped disk, in the reader's language: on pages, on paper, and for whoever checks a certificate."""

from django.utils.translation import gettext as _
from django.utils.translation import override

from lib.measures import UNBROKEN, amount
from nodes.wiping.disk_checks import is_destroyed
from nodes.wiping.media import Method, Result, Technique
from nodes.wiping.models import DiskWipe


def method(row: DiskWipe) -> str:
    """Return the method of a record: see method_words."""
    return method_words(Method(row.method))


def method_words(method: Method) -> str:
    """Return a method, with the word of the standard beside its translation: Purga (Purge)."""
    label = str(method.label)
    with override("en"):
        standard = str(method.label)
    return label if label == standard else f"{label} ({standard})"


def technique(row: DiskWipe) -> str:
    """Return the technique; what is the organisation's own in its words."""
    if row.technique == Technique.OWN:
        return _("%(what)s (our own way)") % {"what": row.own_technique}
    return str(Technique(row.technique).label)


def tool(row: DiskWipe) -> str:
    """Return the tool and its version; '' for what was destroyed without one."""
    return " ".join(filter(None, [row.tool, row.tool_version]))


def disk(row: DiskWipe) -> str:
    """Return what kind of disk it is, and its size."""
    size = f", {amount(row.size_gb, 'GB')}" if row.size_gb else ""
    return f"{row.get_media_display()}{size}".replace(" (", f"{UNBROKEN}(")


def result(row: DiskWipe) -> str:
    """Return the result: passed, failed, or destroyed."""
    return _("Destroyed") if is_destroyed(row) else str(Result(row.result).label)


def tone(row: DiskWipe) -> str:
    """Return the tone of its result."""
    if row.result == Result.FAILED:
        return "tone-trouble"
    return "tone-away" if is_destroyed(row) else "tone-on"
