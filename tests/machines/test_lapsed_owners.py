"""When a subscription ends: what no longer fits goes to sleep, the longest unused first; nothing else is touched."""

import threading
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from courses.models import Course, Lesson, Template
from lib.measures import Size
from machines import lapsed_owners
from machines.ended_subscriptions import Running, that_do_not_fit
from machines.models import Hold, Machine
from tests.machines.lapsed import DAY, ended, follow, left, nothing_else, renew, subscribed, used, wishes

if TYPE_CHECKING:
    from tests.machines.world import World

SEEDS = range(60)


def test_machines_of_whoever_has_nothing_else_sleep(student: User) -> None:
    theirs = used(student, 1)
    nothing_else(student)
    ended(student)
    assert (follow(), follow(), wishes(theirs)) == (1, 0, ["suspended"])


def test_the_history_says_when_it_ended(student: User) -> None:
    theirs = used(student, 1)
    nothing_else(student)
    row = ended(student)
    follow()
    said = str(theirs.events.first().note)  # type: ignore[union-attr]
    assert f"{timezone.localtime(row.ends_at):%Y}" in said
    assert "it goes to sleep. Nothing is deleted." in said


def test_the_one_used_longest_ago_goes_first_and_the_rest_stays(student: User) -> None:
    old, new, middle = used(student, 3), used(student, 1), used(student, 2)
    left(student, machines=2)
    ended(student)
    assert (follow(), wishes(old, new, middle)) == (1, ["suspended", "running", "running"])


def test_nothing_happens_while_it_goes_on(student: User) -> None:
    theirs = used(student, 1)
    nothing_else(student)
    subscribed(student, ends_at=timezone.now() + timedelta(minutes=1))
    assert (follow(), wishes(theirs)) == (0, ["running"])


def test_nobody_without_a_subscription_is_touched(student: User, student2: User) -> None:
    others = used(student2, 1)
    nothing_else(student2)
    ended(student)
    assert (follow(), wishes(others)) == (0, ["running"])


def test_another_subscription_that_goes_on_carries_what_it_gives(student: User) -> None:
    old, new = used(student, 2), used(student, 1)
    nothing_else(student)
    ended(student)
    subscribed(student, ends_at=timezone.now() + DAY)
    assert (follow(), wishes(old, new)) == (1, ["suspended", "running"])


def test_a_hold_does_not_outlive_the_subscription(student: User) -> None:
    theirs = used(student, 1)
    now = timezone.now()
    Hold.objects.create(machine=theirs, kind="job", starts_at=now - DAY, ends_at=now + DAY)
    nothing_else(student)
    ended(student)
    assert (follow(), wishes(theirs)) == (1, ["suspended"])


def test_a_lesson_is_not_disturbed(student: User) -> None:
    old, new = used(student, 2), used(student, 1)
    course, now = Course.objects.create(slug="redes", name="Redes II"), timezone.now()
    taught = Template.objects.create(
        slug="taught", name="T", image=old.template.image, flavor=old.template.flavor, course=course
    )
    Machine.objects.filter(pk=old.pk).update(template=taught)
    lesson = Lesson.objects.create(course=course, starts_at=now - DAY, ends_at=now + DAY)
    left(student, machines=1)
    ended(student)
    assert (follow(), wishes(old, new)) == (1, ["running", "suspended"])
    Lesson.objects.filter(pk=lesson.pk).update(ends_at=now)
    assert follow() == 0  # the one that stayed fits


def test_what_sleeps_counts_as_kept_not_as_run(student: User) -> None:
    used(student, 1, state="suspended")
    runs = used(student, 2)
    left(student, machines=1)
    ended(student)
    assert (follow(), wishes(runs)) == (0, ["running"])


def test_one_that_fails_stops_no_other(student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = used(student, 2), used(student, 1)
    nothing_else(student)
    ended(student)
    asleep = lapsed_owners._sleep

    def fail_first(machine: Machine, *rest: object) -> bool:
        if machine.pk == first.pk:
            raise RuntimeError("poisoned")
        return asleep(machine, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(lapsed_owners, "_sleep", fail_first)
    assert (follow(), wishes(first, second)) == (1, ["running", "suspended"])


def test_a_second_worker_that_saw_the_same_does_nothing(student: User) -> None:
    theirs = used(student, 1)
    nothing_else(student)
    row = ended(student)
    owner, now = student.pk, timezone.now()
    both = [lapsed_owners._sleep(Machine.objects.get(pk=theirs.pk), owner, now) for _worker in range(2)]
    assert (both, theirs.events.filter(kind="wished", by=None).count()) == ([True, False], 1)
    assert row.ends_at is not None


def test_a_renewal_between_the_look_and_the_deed_counts(student: User, admin: User) -> None:
    theirs = used(student, 1)
    nothing_else(student)
    row, seen = ended(student), timezone.now()
    renew(row, admin)
    assert (lapsed_owners._sleep(theirs, student.pk, seen), wishes(theirs)) == (False, ["running"])


def test_to_look_costs_the_same_queries_for_any_number(
    student: User, student2: User, django_assert_max_num_queries: object
) -> None:
    for owner in (student, student2):
        for _machine in range(3):
            used(owner, 1)
        ended(owner)
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        assert follow() == 0


# ---- the choice ----


def machines_of(dice: Random) -> list[Running]:
    now = timezone.now()
    return [
        Running(
            UUID(int=dice.getrandbits(128)),
            Size(machines=1, vcpus=dice.randint(1, 4), ram_mb=dice.choice([256, 512, 2048])),
            now - dice.randint(0, 9) * DAY,
            is_kept=dice.random() < 0.1,
        )
        for _one in range(dice.randint(0, 8))
    ]


def taken(some: list[Running]) -> Size:
    sums = (sum(getattr(one.size, m) for one in some) for m in ("machines", "vcpus", "ram_mb"))
    return Size(*sums)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_stays_fits_and_what_goes_would_not(seed: int) -> None:
    """Any machines, any limit. A lesson may take more than there is: then nothing else stays that would need it."""
    dice = Random(seed)
    some = machines_of(dice)
    limit = Size(machines=dice.randint(0, 6), vcpus=dice.randint(0, 12), ram_mb=dice.choice([0, 1024, 8192]))
    gone = that_do_not_fit(some, limit)
    stays = [one for one in some if one not in gone]
    assert not any(one.is_kept for one in gone)
    assert all(one.is_kept for one in stays) or taken(stays).fits_in(limit)
    assert not any(taken([*stays, one]).fits_in(limit) for one in gone)
    assert that_do_not_fit(stays, limit) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_of_two_of_one_size_the_one_used_longest_ago_goes(seed: int) -> None:
    dice, size = Random(seed), Size(machines=1, vcpus=1, ram_mb=256)
    some = [Running(one.pk, size, one.used_at) for one in machines_of(dice)]
    gone = that_do_not_fit(some, Size(machines=dice.randint(0, 6), vcpus=99, ram_mb=99_999))
    stays = [one for one in some if one not in gone]
    assert not gone or not stays or max(one.used_at for one in gone) <= min(one.used_at for one in stays)


# ---- a whole life ----


def test_run_grace_sleep_refused_renewed_and_woken_on_the_same_disk(world: "World", admin: User) -> None:
    from machines import actions
    from machines.ended_subscriptions import SubscriptionEnded

    machine = world.running()
    server = machine.server_id
    nothing_else(world.student)
    row = subscribed(world.student, ends_at=timezone.now() + DAY)
    world.clock.move(2 * 86400)
    assert follow() == 1
    machine = world.until(machine, "suspended")
    with pytest.raises(SubscriptionEnded):
        actions.wake(machine=machine, by=world.student)
    renew(row, admin)
    assert (follow(), wishes(machine)) == (0, ["suspended"])
    actions.wake(machine=machine, by=world.student)
    assert world.until(machine, "running").server_id == server


def test_one_that_cannot_sleep_is_put_away_and_the_cloud_is_not_asked_for_ever(world: "World") -> None:
    type(world.template.image).objects.update(cloud_id="restless")
    machine = world.running()
    nothing_else(world.student)
    ended(world.student)
    for _turn in range(30):
        follow()
        world.turn()
    machine.refresh_from_db()
    assert (machine.state, world.called("ensure_suspended")) == ("shelved", 1)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_write_each_wish_once(student: User) -> None:
    old, new = used(student, 2), used(student, 1)
    left(student, machines=1)
    ended(student)
    start, done = threading.Barrier(2), []

    def work() -> None:
        start.wait()
        try:
            done.append(follow())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _worker in range(2)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert (sum(done), wishes(old, new)) == (1, ["suspended", "running"])
    assert old.events.filter(kind="wished", by=None).count() == 1
