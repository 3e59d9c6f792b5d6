"""Give days of a subscription to somebody by a code that works once, take the code back, and use it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import limits
from accounts.models import Subscription, SubscriptionEntry, TransferCode, User
from accounts.subscriptions import ledger, transfer_codes
from lib.notes import Refusal
from nodes.models import Entitlement
from nodes.subscriptions import days as more_days
from nodes.subscriptions import grant_rows
from quotas.models import MEASURES

LIFE = timedelta(days=30)  # of a code
Kind = SubscriptionEntry.Kind


class NothingToGive(Refusal):
    """The subscription has not started, or no whole day is left."""

    code = "nothing_to_give"


class BadCode(Refusal):
    """Wrong, used, ended or withdrawn: nobody learns which."""

    status = 404
    code = "bad_code"


class NotOpen(Refusal):
    """The code was used, or withdrawn already."""

    code = "code_not_open"


@dataclass(frozen=True, slots=True)
class Given:
    """A code in clear, which is kept nowhere, and its row."""

    code: str
    row: TransferCode


@dataclass(frozen=True, slots=True)
class Claimed:
    """The subscription that somebody got. is_own: they used their own code; it was withdrawn, and this is the one whose days came back."""

    subscription: Subscription
    is_own: bool


def days_of(share: Fraction | float, left: int) -> int:
    """Return how many whole days a share (0 < share <= 1) of those that are left is: at least one. Raises BadDays."""
    if not 0 < share <= 1:  # nor what is no number at all
        raise more_days.BadDays(_("Give a share that is more than 0 and at most 1."), field="share")
    return max(1, int(Fraction(str(share)) * left))


@transaction.atomic
def give(
    *, subscription: Subscription, by: User, share: Fraction | float | None = None, days: int | None = None
) -> Given:
    """Take days off a subscription and make the code by which somebody gets them. The days leave at once.

    Either `share` of what is left, or `days`. Raises NothingToGive, more_days.BadDays.
    """
    row, now = ledger.locked(subscription.pk), timezone.now()
    left = row.days_left(now)
    if row.starts_at is None or left < 1:
        text = _("It has not started yet.") if row.starts_at is None else _("No whole day is left to give away.")
        raise NothingToGive(text)
    amount = days_of(share, left) if share is not None else days or 0
    if not 1 <= amount <= left:
        raise more_days.BadDays(_("Give a number of days from 1 to %(left)s."), {"left": left})
    text = transfer_codes.make()
    code = TransferCode.objects.create(
        subscription=row, digest=transfer_codes.digest(text), days=amount, made_at=now, expires_at=now + LIFE
    )
    more_days.add(row, kind=Kind.GIVEN, days=-amount, key=f"given:{code.pk}", now=now, by=by)
    return Given(text, code)


@transaction.atomic
def withdraw(*, code: TransferCode, by: User | None) -> Subscription:
    """Take a code back that nobody used: its days come back, once. Raises NotOpen."""
    now, row = timezone.now(), ledger.locked(code.subscription_id)
    is_ours = TransferCode.objects.filter(pk=code.pk, claimed_at=None, withdrawn_at=None).update(withdrawn_at=now)
    if not is_ours:
        raise NotOpen(_("This code was used, or withdrawn already."))
    more_days.add(row, kind=Kind.WITHDRAWN, days=code.days, key=f"withdrawn:{code.pk}", now=now, by=by)
    return row


@transaction.atomic
def withdraw_all(*, subscription: Subscription, by: User) -> None:
    """Take all codes of a subscription back that nobody used. Raises NotOpen where there is none."""
    row = ledger.locked(subscription.pk)
    open_ones = list(row.codes.filter(claimed_at=None, withdrawn_at=None))
    done = 0
    for code in open_ones:
        with suppress(NotOpen):  # somebody uses it at this moment
            withdraw(code=code, by=by)
            done += 1
    if not done:
        raise NotOpen(_("No code of it is open."))


def expire(pk: int) -> None:
    """Bring the days of a code back that nobody used in time."""
    with suppress(NotOpen):
        withdraw(code=TransferCode.objects.get(pk=pk), by=None)


def look_up(*, text: str, user: User, address: str) -> TransferCode:
    """Return the open code of this text, or one that this person used, so that what one gets can be told before one confirms.

    Not inside a transaction that a refusal rolls back: failures are counted. Raises BadCode, limits.TooManyCodes.
    """
    with limits.transfer_code(user, address):
        rows = TransferCode.objects.select_related("subscription__donor__user", "subscription__user", "claimed_as")
        code = rows.filter(digest=transfer_codes.digest(text)).first()
        if code is None or not (code.is_open(timezone.now()) or (code.claimed_as and code.claimed_by_id == user.pk)):
            raise BadCode(_("This code does not work (any more). Compare its letters, or ask for another one."))
    return code


def claim(*, text: str, user: User, address: str) -> Claimed:
    """Use a code: whoever does gets its days from now on, with the same amounts. A second press changes nothing.

    address: from which they come, '' where it is unknown. One's own code is withdrawn instead (Claimed.is_own). Not inside a
    transaction, as `look_up`. Raises BadCode, limits.TooManyCodes.
    """
    code = look_up(text=text, user=user, address=address)
    if code.claimed_as:
        return Claimed(code.claimed_as, is_own=False)
    try:
        if is_own(code, user):
            return Claimed(withdraw(code=code, by=user), is_own=True)
        return Claimed(_claim(code, user), is_own=False)
    except NotOpen:
        raise BadCode(_("This code does not work (any more). Compare its letters, or ask for another one.")) from None


def is_own(code: TransferCode, user: User) -> bool:
    """Say whether a person made this code out of what is theirs."""
    return code.subscription.holder == user


@transaction.atomic
def _claim(code: TransferCode, user: User) -> Subscription:
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    now = timezone.now()
    still_open = TransferCode.objects.filter(pk=code.pk, claimed_at=None, withdrawn_at=None, expires_at__gt=now)
    if user.removed_at or not still_open.update(claimed_at=now, claimed_by=user):
        raise NotOpen(_("This code was used, or withdrawn already."))
    source = Entitlement.objects.select_related("subscription").get(subscription=code.subscription_id)
    row = Subscription.objects.create(user=user, title=source.subscription.title, promised_at=now)
    ledger.write(row, kind=Kind.GRANTED, days=code.days, key="granted", now=now)
    ledger.start(row, now)
    amounts = {measure: getattr(source, measure) for measure in MEASURES}
    grant_rows.begin(Entitlement.objects.create(subscription=row, earned_at=now, **amounts), row, user)
    TransferCode.objects.filter(pk=code.pk).update(claimed_as=row)
    return row
