"""The loop of subscriptions: promise what an accepted computer brings, start it, take a promise back, bring unused codes back, remind.

Level-triggered: each pass finds its rows by their columns. A row that fails stops no other.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.failures import Failures
from accounts.models import Subscription, SubscriptionEntry, TransferCode, User
from accounts.subscriptions import ledger
from nodes import actions
from nodes.models import Computer, Entitlement, StateChange
from nodes.states import State
from nodes.subscriptions import giving, grant_rows, plans, reminders
from quotas.models import MEASURES

LOOP = "subscriptions"  # of accounts.failures
# In these an offer stands no longer, or not yet.
_NOT_OURS = (State.OFFERED, State.DECLINED)


def follow(now: datetime) -> None:
    """Do all that is due."""
    failures = Failures(LOOP, now).read()
    failures.each_of("promise", _unpromised(now), lambda pk: promise(pk, now))
    failures.each_of("withdraw", _untenable(), lambda pk: withdraw(pk, now))
    failures.each_of("earn", _to_earn(now), lambda pk: earn(pk, now))
    failures.each_of("start", _to_start(), lambda pk: start(pk, now))
    failures.each_of("code", _expired(now), giving.expire)
    failures.each_of("end", _of_the_gone(now), lambda pk: end_of_gone(pk, now))
    failures.each_of("remind", reminders.due(now), lambda pk: reminders.remind(pk, now))


# ---- which rows ----


def _changed(to: State, **more: Any) -> Exists:
    return Exists(StateChange.objects.filter(computer=OuterRef("pk"), to_state=to, **more))


def _settled(to: State, now: datetime) -> Q:
    """Select computers that came to a state, and for whom that cannot be taken back any more."""
    return Q(_changed(to)) & ~Q(_changed(to, at__gt=now - actions.UNDO))


def _not_ours() -> Q:
    """Select computers that bring nothing as they are: those of _NOT_OURS, and those that were lost before they had come for good.

    Which of the two a lost one is follows from its history, so it does not matter when the loop looked.
    """
    came = _changed(_starting_state(), undoes=None, undone_by=None, at__lte=OuterRef("state_since") - actions.UNDO)
    return Q(state__in=_NOT_OURS) | (Q(state=State.LOST) & ~Q(came))


def _unpromised(now: datetime) -> QuerySet[Computer]:
    # Computers that fit no plan are left out here: they would fill each batch.
    is_new = Q(entitlement=None) & plans.fits_one_of(plans.enabled())
    is_new |= Q(entitlement__subscription__withdrawn_at__isnull=False)
    rows = Computer.objects.filter(is_new, _settled(State.ACCEPTED, now), donation__donor__erased_at=None)
    return rows.exclude(_not_ours())


def _untenable() -> QuerySet[Entitlement]:
    rows = Entitlement.objects.filter(subscription__starts_at=None, subscription__withdrawn_at=None)
    is_gone = Q(computer__in=Computer.objects.filter(_not_ours()), earned_at=None)
    return rows.filter(is_gone | Q(subscription__donor__erased_at__isnull=False))


def _to_earn(now: datetime) -> QuerySet[Entitlement]:
    came = Computer.objects.exclude(_not_ours()).exclude(state__in=_not_yet()).filter(_settled(_starting_state(), now))
    rows = Entitlement.objects.filter(earned_at=None, computer__isnull=False, subscription__withdrawn_at=None)
    return rows.filter(computer__in=came)


def _starting_state() -> State:
    return State(settings.SUBSCRIPTION_STARTS)


def _not_yet() -> tuple[State, ...]:
    return (State.ACCEPTED,) if _starting_state() == State.RECEIVED else ()


def _to_start() -> QuerySet[Entitlement]:
    rows = Entitlement.objects.filter(grant=None, earned_at__isnull=False, subscription__starts_at=None)
    theirs = Q(subscription__donor__user__isnull=False, subscription__donor__user__removed_at=None)
    return rows.filter(theirs, subscription__withdrawn_at=None)


def _expired(now: datetime) -> QuerySet[TransferCode]:
    return TransferCode.objects.filter(claimed_at=None, withdrawn_at=None, expires_at__lte=now)


def _of_the_gone(now: datetime) -> QuerySet[Entitlement]:
    is_gone = Q(subscription__user__removed_at__isnull=False) | Q(subscription__donor__erased_at__isnull=False)
    return Entitlement.objects.filter(is_gone, grant__ends_at__gt=now)


# ---- what is done with one ----


@transaction.atomic
def promise(pk: int, now: datetime) -> Entitlement | None:
    """Promise the donor what this computer brings; None where no plan fits it, or somebody was first.

    A promise that was taken back is given again as it was.
    """
    computer = Computer.objects.select_for_update(of=("self",)).select_related("donation__donor").get(pk=pk)
    if not _unpromised(now).filter(pk=pk).exists():
        return None
    if before := Entitlement.objects.filter(computer=computer).first():
        Subscription.objects.filter(pk=before.subscription_id).update(withdrawn_at=None)
        return before
    plan = plans.plan_for(plans.worth_of(computer), plans.enabled())
    if plan is None:
        return None
    row = Subscription.objects.create(donor=computer.donation.donor, title=plan.title, promised_at=now)
    ledger.write(row, kind=SubscriptionEntry.Kind.GRANTED, days=plan.days, key="granted", now=now)
    amounts = {measure: getattr(plan, measure) for measure in MEASURES}
    return Entitlement.objects.create(subscription=row, computer=computer, bonus_days=plan.bonus_days, **amounts)


@transaction.atomic
def withdraw(pk: int, now: datetime) -> None:
    """Take a promise back whose computer does not come."""
    _lock_computer(pk)
    entitlement = _untenable().filter(pk=pk).first()
    if entitlement is None:
        return
    row = ledger.locked(entitlement.subscription_id)
    if row.starts_at is None:
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])


@transaction.atomic
def earn(pk: int, now: datetime) -> None:
    """Note that a computer has come for good: its subscription starts as soon as somebody can use it."""
    _lock_computer(pk)
    _to_earn(now).filter(pk=pk).update(earned_at=now)


def _lock_computer(entitlement: int) -> None:
    """Lock the computer of an entitlement, as each step and its undoing does."""
    list(Computer.objects.select_for_update(of=("self",)).filter(entitlement=entitlement).values_list("pk"))


@transaction.atomic
def start(pk: int, now: datetime) -> None:
    """Start a subscription that was earned: its days run from now on, its donor has the grant and the role."""
    entitlement = Entitlement.objects.select_related("computer", "subscription__donor__user").get(pk=pk)
    holder = entitlement.subscription.holder
    if holder is None:
        return
    user = User.objects.select_for_update(no_key=True).get(pk=holder.pk)  # first, as where a person is removed
    row = ledger.locked(entitlement.subscription_id)
    if row.starts_at or row.withdrawn_at or user.removed_at or row.holder != user:
        return
    ledger.start(row, now)
    grant_rows.begin(entitlement, row, user)


@transaction.atomic
def end_of_gone(pk: int, now: datetime) -> None:
    """End the grant of somebody who was erased."""
    entitlement = Entitlement.objects.select_related("grant").get(pk=pk)
    ledger.locked(entitlement.subscription_id)
    if entitlement.grant:
        grant_rows.end(entitlement.grant, now)
