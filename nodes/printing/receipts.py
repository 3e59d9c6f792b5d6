"""The receipt of a donation: what was received, when, from whom, and what becomes of it. Only what is here is on it."""

from datetime import datetime
from typing import Any

from django.db.models import Min, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext
from reportlab.platypus import KeepTogether

from lib.measures import kilos
from lib.notes import Refusal
from nodes.models import Computer, Donation
from nodes.printing.page_furniture import HEADING, TITLE, institution, ledger, pairs, paragraph, pdf
from nodes.states import State

_LASTING = Q(changes__to_state=State.RECEIVED, changes__undoes=None, changes__undone_by=None)
_COLUMNS = (0.17, 0.28, 0.29, 0.14, 0.12)


class NothingReceived(Refusal):
    """The refusal of a receipt before anything has come."""

    code = "nothing_received"


def received(donation: Donation) -> list[Computer]:
    """Return the computers that came, each with `came_at`, its first receipt. A receipt that was taken back is none."""
    rows = donation.computers.annotate(came_at=Min("changes__at", filter=_LASTING)).filter(came_at__isnull=False)
    return list(rows.order_by("pk"))


def receipt(donation: Donation) -> bytes:
    """Return the receipt as a PDF, in the active language and time zone. Raises NothingReceived."""
    computers = received(donation)
    if not computers:
        raise NothingReceived(noop("Nothing of this donation has been received yet. The receipt is here once it has."))
    title = _("Receipt of donated computers")
    story = [
        paragraph(title, TITLE),
        pairs(_facts(donation, computers)),
        paragraph(_("What was received"), HEADING),
        _table(computers),
        KeepTogether([paragraph(_("What becomes of what was given"), HEADING), *map(paragraph, _becomes())]),
        KeepTogether([paragraph(_("The donor's answer about this list"), HEADING), paragraph(_answer(donation))]),
    ]
    printed = _("%(number)s, printed on %(day)s") % {"number": donation.number, "day": _day(timezone.now())}
    return pdf(story, title=f"{title} {donation.number}", foot=printed)


def _facts(donation: Donation, computers: list[Any]) -> list[tuple[str, str]]:
    donor = donation.donor
    days = list(dict.fromkeys(_day(at) for at in sorted(computer.came_at for computer in computers)))
    facts = [
        (_("Donation"), donation.number),
        (_("Donor"), _("not named, as the donor wished") if donor.erased_at else donor.name),
        (_("Organisation"), donor.organisation),
        (_("Received by"), institution()),
        (_("Received on"), days[0] if len(days) == 1 else f"{days[0]} – {days[-1]}"),
    ]
    return [(name, value) for name, value in facts if value]


def _table(computers: list[Any]) -> Any:
    head = [_("Number"), _("Kind"), _("Model"), _("Received on"), _("Weight")]
    rows = [
        [row.number, str(row.get_kind_display()), row.model or "–", _day(row.came_at), kilos(row.grams) if row.grams else "–"]
        for row in computers
    ]  # fmt: skip
    return ledger(head, [*rows, _sum(computers)], _COLUMNS)


def _sum(computers: list[Computer]) -> list[str]:
    count, weighed = len(computers), [row.grams for row in computers if row.grams]
    words = ngettext("%(count)s computer", "%(count)s computers", count) % {"count": count}
    return [words, "", "", "", kilos(sum(weighed)) if len(weighed) == count else "–"]


def _becomes() -> list[str]:
    return [
        _("We wipe and test each computer. Those that work carry machines on which students learn; of the others we use "
          "the parts or hand them to recycling. What became of each stands on the donor's page."),
        _("Given freely. This page says what came, not what it is worth."),
    ]  # fmt: skip


def _answer(donation: Donation) -> str:
    if not donation.confirmed or donation.confirmed_at is None:
        return _("Not answered yet: the donor can say on their page whether the list is right.")
    day = _day(donation.confirmed_at)
    if donation.confirmed == Donation.Confirmed.YES:
        return _("Confirmed by the donor on %(day)s: the list is right.") % {"day": day}
    text = _("On %(day)s the donor said that something is missing, or too much: %(note)s")
    return text % {"day": day, "note": donation.confirm_note}


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATE_FORMAT")
