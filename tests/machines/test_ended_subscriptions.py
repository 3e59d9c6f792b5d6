"""Machines after a subscription: what may still run, what is refused and in which words, and what stays as it was."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone, translation

from accounts import addresses, person_actions
from accounts.models import User
from machines import actions, disk_images, ended_subscriptions, visitors
from machines.ended_subscriptions import SubscriptionEnded
from machines.models import Machine
from machines.wake_on_connect import knock
from quotas.actions import OverQuota
from quotas.models import Reservation
from tests.factories import make_machine
from tests.machines.lapsed import DAY, ended, follow, left, nothing_else, renew, subscribed, wishes
from tunnels.models import Tunnel

if TYPE_CHECKING:
    from tests.machines.world import World

Act = Callable[..., Machine]


def asleep(owner: User, **facts: object) -> Machine:
    return make_machine(owner, **{"state": "suspended", **facts})


def lapsed(owner: User, **facts: object) -> Machine:
    """A sleeping machine of somebody whose subscription has ended, and who has nothing else."""
    machine = asleep(owner, **facts)
    nothing_else(owner)
    ended(owner)
    return machine


@pytest.mark.parametrize(
    ("act", "facts"),
    [
        (actions.wake, {}),
        (actions.wake, {"state": "shelved"}),
        (actions.wake, {"state": "running", "wanted": "suspended"}),
        (actions.retry, {"state": "failed", "wanted": "running"}),
        (actions.reset, {"state": "failed", "wanted": "running", "repair": "used_up"}),
        (actions.restore, {"state": "archived", "wanted": "archived", "archive_id": "i"}),
    ],
    ids=["wake", "of one put away", "turned round", "try again", "reset of a failed one", "restore"],
)
def test_what_would_let_it_run_again_is_refused(student: User, act: Act, facts: dict[str, str]) -> None:
    machine = lapsed(student, **facts)
    before = machine.wanted
    with pytest.raises(SubscriptionEnded, match=r"Your subscription ended on .* After a renewal it can be woken here"):
        act(machine=machine, by=student)
    assert wishes(machine) == [before]


def test_one_that_runs_may_be_restarted_and_put_to_sleep(student: User) -> None:
    machine = lapsed(student, state="running")
    actions.restart(machine=machine, by=student)
    actions.suspend(machine=machine, by=student)
    assert wishes(machine) == ["suspended"]


def test_one_that_failed_while_it_slept_may_be_tried_again(student: User) -> None:
    machine = lapsed(student, state="failed", wanted="suspended")
    assert actions.retry(machine=machine, by=student).wanted == "suspended"


def test_one_that_fits_wakes_as_ever(student: User) -> None:
    machine = asleep(student)
    left(student, machines=1)
    ended(student)
    assert actions.wake(machine=machine, by=student).wanted == "running"


def test_the_words_say_whether_another_one_is_in_the_way(student: User) -> None:
    machine = asleep(student)
    other = make_machine(student)
    left(student, machines=1)
    ended(student)
    with pytest.raises(SubscriptionEnded, match="put one of them to sleep first"):
        actions.wake(machine=machine, by=student)
    actions.suspend(machine=other, by=student)
    assert actions.wake(machine=machine, by=student).wanted == "running"


def test_an_administrator_reads_whose_subscription_it_was(student: User, admin: User) -> None:
    machine = lapsed(student)
    with pytest.raises(SubscriptionEnded, match=f"The subscription of {student.short_name} ended on"):
        actions.wake(machine=machine, by=admin)


def test_the_words_are_spanish_where_the_reader_is(student: User) -> None:
    machine = lapsed(student)
    with pytest.raises(SubscriptionEnded) as refusal:
        actions.wake(machine=machine, by=student)
    with translation.override("es"):
        assert str(refusal.value).startswith("Tu suscripción terminó el ")


def test_nobody_without_a_subscription_is_refused(student: User) -> None:
    machine = asleep(student)
    nothing_else(student)
    assert actions.wake(machine=machine, by=student).wanted == "running"


@pytest.mark.parametrize("again", ["renewed", "another one"])
def test_once_it_goes_on_they_can_be_woken(student: User, admin: User, again: str) -> None:
    machine = asleep(student)
    nothing_else(student)
    row = ended(student)
    if again == "renewed":
        renew(row, admin)
    else:
        subscribed(student, ends_at=timezone.now() + DAY)
    assert (follow(), wishes(machine)) == (0, ["suspended"])
    assert actions.wake(machine=machine, by=student).wanted == "running"


def test_a_visitor_is_told_why_and_nothing_is_asked_of_the_cloud(student: User) -> None:
    addresses.note(user=student, address="203.0.113.9", at=timezone.now())
    machine = asleep(student)
    visitors.hold(machine, timezone.now())
    nothing_else(student)
    ended(student)
    answer = knock(Tunnel.objects.of(machine.pk)[0], "203.0.113.9", timezone.now())
    assert (answer.wakes, answer.words.startswith("Your subscription ended on ")) == (False, True)
    assert wishes(machine) == ["suspended"]


def test_of_whoever_was_removed_nothing_is_kept_longer(student: User, admin: User) -> None:
    ended(student)
    person_actions.remove(person=student, by=admin)
    assert ended_subscriptions.ended([student.pk], timezone.now()) == {}


def test_a_launch_says_that_the_subscription_ended(student: User) -> None:
    machine = lapsed(student)
    with pytest.raises(OverQuota, match=r"machine.* Your subscription ended on .*: what it gave is no longer part"):
        actions.launch(owner=student, template=machine.template, name="", by=student)


def test_names_ports_and_share_stay_theirs(student: User) -> None:
    machine = lapsed(student, state="running")
    ports = set(Tunnel.objects.of(machine.pk).kept().values_list("port", flat=True))
    assert follow() == 1
    assert set(Tunnel.objects.of(machine.pk).kept().values_list("port", flat=True)) == ports
    assert Reservation.objects.filter(holder=machine.pk, closed_at=None).exists()


def test_the_disk_can_be_asked_for_over_the_quota(world: "World") -> None:
    machine = world.running()
    nothing_else(world.student)
    ended(world.student)
    follow()
    machine = world.until(machine, "suspended")
    copy = disk_images.request(machine=machine, by=world.student)
    for _turn in range(20):
        world.turn()
        disk_images.tend(world.cloud, timezone.now())
        world.clock.move(5)
    copy.refresh_from_db()
    assert (copy.state, copy.size_bytes > 0) == ("ready", True)


@pytest.mark.django_db(transaction=True)
def test_of_two_woken_at_once_one_fits(student: User) -> None:
    both = [asleep(student), asleep(student)]
    left(student, machines=1)
    ended(student)
    start, refused = threading.Barrier(2), []

    def wake(machine: Machine) -> None:
        start.wait()
        try:
            actions.wake(machine=machine, by=student)
        except SubscriptionEnded as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=wake, args=[machine]) for machine in both]
    [t.start() for t in threads], [t.join() for t in threads]
    assert (sorted(wishes(*both)), len(refused)) == (["running", "suspended"], 1)
