"""The ledger of a subscription in words, and the codes by which its days were given away."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from accounts.models import SubscriptionEntry, TransferCode
from nodes.subscriptions.models import BONUS_HOURS

Kind = SubscriptionEntry.Kind
_WORDS: dict[str, Promise] = {
    Kind.GRANTED: pgettext_lazy("days", "For the computer"),
    Kind.RENEWED: pgettext_lazy("days", "Renewed by the administrators"),
    Kind.BONUS: pgettext_lazy("days", "For its time in service"),
    Kind.GIVEN: pgettext_lazy("days", "Given away by a code"),
    Kind.WITHDRAWN: pgettext_lazy("days", "Came back: nobody used the code"),
    Kind.CORRECTED: pgettext_lazy("days", "Corrected by the administrators"),
    Kind.LAPSED: pgettext_lazy("days", "Had passed after the end: new days count from then on"),
}
_BY_CODE = pgettext_lazy("days", "By a code")


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """An entry as it is read."""

    row: SubscriptionEntry
    is_by_code: bool  # of a subscription that came by a code

    @property
    def words(self) -> str:
        if self.row.kind == Kind.GRANTED and self.is_by_code:
            return str(_BY_CODE)
        if self.row.month:
            facts = {"hours": number_format(BONUS_HOURS), "month": date_format(self.row.month, "YEAR_MONTH_FORMAT")}
            return _("For %(hours)s hours in service, full in %(month)s") % facts
        return str(_WORDS[Kind(self.row.kind)])

    @property
    def days(self) -> str:
        """Return its days with their sign: + 182 days."""
        amount = abs(self.row.days)
        words = ngettext("%(count)s day", "%(count)s days", amount) % {"count": amount}
        return f"{'−' if self.row.days < 0 else '+'} {words}"


def ledger_lines(rows: Iterable[SubscriptionEntry], *, is_by_code: bool) -> list[LedgerLine]:
    """Return these entries as they are read."""
    return [LedgerLine(row, is_by_code) for row in rows]


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A code as whoever made it sees it: neither its text, which is kept nowhere, nor who used it."""

    row: TransferCode
    now: datetime

    @property
    def is_open(self) -> bool:
        return self.row.is_open(self.now)

    @property
    def tone(self) -> str:
        return "tone-on" if self.is_open else "tone-away"

    @property
    def label(self) -> str:
        if self.row.claimed_at:
            return _("Used")
        if self.is_open:
            return _("Not used yet")
        has_ended = self.row.withdrawn_at is None or self.row.withdrawn_at >= self.row.expires_at
        return _("Ended unused") if has_ended else _("Withdrawn")

    @property
    def at(self) -> datetime:
        """Return when that was; of an open one until when it works."""
        if self.row.claimed_at:
            return self.row.claimed_at
        return self.row.expires_at if self.is_open else self.row.withdrawn_at or self.row.expires_at


def shown_codes(rows: Iterable[TransferCode], now: datetime) -> list[ShownCode]:
    """Return these codes as they are shown."""
    return [ShownCode(row, now) for row in rows]
