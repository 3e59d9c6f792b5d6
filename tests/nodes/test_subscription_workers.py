"""Two workers at once: what one has done, the other leaves alone."""

from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import Subscription, SubscriptionEntry, User
from nodes.models import Entitlement
from nodes.subscriptions import days, promises
from quotas.models import Grant
from tests.nodes.conftest import Clock
from tests.nodes.donated import donor_of, offered, stepped
from tests.nodes.subscribed import make_plan, started


def _at_once(*works: Callable[[], object]) -> None:
    def run(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


@pytest.mark.django_db(transaction=True)
def test_a_computer_brings_one_subscription_and_one_grant(student: User, admin: User, clock: Clock) -> None:
    make_plan()
    computer = stepped(offered(donor=donor_of(user=student)).computers.get(), "accept", "receive", by=admin)
    clock.pass_minutes(10)
    now = timezone.now()
    _at_once(*[lambda: promises.promise(computer.pk, now)] * 3)
    entitlement = Entitlement.objects.get()
    promises.earn(entitlement.pk, now)
    _at_once(*[lambda: promises.start(entitlement.pk, now)] * 3)
    assert (Subscription.objects.get().days, Grant.objects.filter(user=student).count()) == (365, 1)


@pytest.mark.django_db(transaction=True)
def test_of_renewals_at_once_none_is_lost_and_the_same_press_counts_once(
    student: User, admin: User, clock: Clock
) -> None:
    row = started(student, admin, clock)
    presses = ["a", "b", "a", "c"]
    _at_once(*[lambda key=key: days.renew(subscription=row, days=10, by=admin, key=key) for key in presses])
    row.refresh_from_db()
    assert (row.days, SubscriptionEntry.objects.filter(kind="renewed").count()) == (395, 3)
    assert Grant.objects.get(user=student).ends_at == row.ends_at
