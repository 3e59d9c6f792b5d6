"""Several steps within minutes: one mail tells the newest state with the path in between, and undoing brings the earlier mail back."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Donor, Notice, User
from nodes import actions
from nodes.models import Computer
from tests.accounts.test_tokens import in_own_connection
from tests.database_clients import count_of_waiting
from tests.nodes.conftest import Clock
from tests.nodes.donated import PC, mailed, make_computer, offered, stepped, taken
from tests.nodes.subscribed import make_plan
from tests.nodes.test_donor_mails import told as told
from tests.waiting import PATIENCE, until


@pytest.fixture(autouse=True)
def english(lucia: Donor) -> None:
    Donor.objects.update(language="en")


def test_of_a_quick_intake_one_mail_tells_the_whole_path(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    make_plan()
    donation = offered(PC, PC, PC, donor=lucia)
    mailed()
    for name in ("accept", "receive", "wipe", "test", "put_in_service"):
        taken(donation, name, admin)
    clock.pass_minutes(10)
    assert mailed() == 1
    assert told[-1].subject == "Your computers are in service"
    assert "3 × Dell OptiPlex 780" in told[-1].body
    for text in (told[-1].body, told[-1].alternatives[0][0]):
        assert "What happened: Accepted, Received, Wiped, Tested, In service" in text
        assert "Say on your page whether the list is right" in text
        assert "Each brings you a subscription" in text


def test_whoever_has_answered_about_the_list_is_not_told_to(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered(donor=lucia)
    for name in ("accept", "receive", "wipe", "test", "put_in_service"):
        taken(donation, name, admin)
    actions.confirm(donation=donation, is_right=True, note="")
    clock.pass_minutes(10)
    mailed()
    assert "whether the list is right" not in told[-1].body


def test_a_step_whose_mail_has_left_is_not_told_again(lucia: Donor, admin: User, clock: Clock, told: list[Any]) -> None:
    donation = offered(donor=lucia)
    taken(donation, "accept", admin)
    clock.pass_minutes(10)
    mailed()
    taken(donation, "receive", admin)
    taken(donation, "wipe", admin)
    clock.pass_minutes(10)
    assert mailed() == 1
    assert "What happened: Received, Wiped" in told[-1].body


def test_while_something_is_on_its_way_the_list_is_not_asked_about_yet(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered(PC, PC, donor=lucia)
    taken(donation, "accept", admin)
    stepped(donation.computers.all()[0], "receive", by=admin)
    clock.pass_minutes(10)
    mailed()
    assert "When all of it is here, you can say on your page whether the list is right." in told[-1].body


def test_one_step_has_no_path(lucia: Donor, admin: User, clock: Clock, told: list[Any]) -> None:
    taken(offered(donor=lucia), "accept", admin)
    clock.pass_minutes(10)
    mailed()
    assert "What happened" not in told[-1].body


@pytest.mark.parametrize("minutes", [1, 6])
def test_undoing_the_later_step_brings_the_earlier_mail_back(
    lucia: Donor, admin: User, clock: Clock, told: list[Any], minutes: int
) -> None:
    donation = offered(donor=lucia)
    mailed()
    taken(donation, "accept", admin)
    clock.pass_minutes(5)
    later = taken(donation, "receive", admin)
    clock.pass_minutes(minutes)
    assert mailed() == 0  # also where the time of the first is over by now
    actions.undo(batch=later, by=admin)
    clock.pass_minutes(4)
    assert mailed() == 1
    assert told[-1].subject == "Your computer is welcome"


def test_undoing_the_last_of_three_brings_back_only_the_one_before(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    computer = offered(donor=lucia).computers.get()
    mailed()
    stepped(computer, "accept", "receive", by=admin)
    actions.undo(batch=taken(computer.donation, "wipe", admin), by=admin)
    clock.pass_minutes(10)
    assert mailed() == 1
    assert told[-1].subject == "Your computer is here"
    assert "What happened: Accepted, Received" in told[-1].body


def test_a_mail_about_several_waits_until_each_of_them_has_gone_further(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered(PC, PC, donor=lucia)
    taken(donation, "accept", admin)
    first, second = donation.computers.all()
    actions.step(computers=[first], name="receive", by=admin)
    assert Notice.objects.filter(kind="donation.step", state="cancelled").count() == 0
    last = actions.step(computers=[second], name="receive", by=admin)
    assert Notice.objects.filter(kind="donation.step", state="cancelled").count() == 1
    actions.undo(batch=last, by=admin)
    assert Notice.objects.filter(kind="donation.step", state="due").count() == 2


def test_that_it_was_lost_is_told_before_it_is_told_that_it_was_found(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    computer = make_computer("wiped", donor=lucia)
    mailed()
    stepped(computer, "lose", "wipe", by=admin)
    clock.pass_minutes(10)
    assert mailed() == 2
    assert [each.subject for each in told[-2:]] == ["We cannot find your computer", "Your computer turned up"]


def test_a_mail_that_is_leaving_is_not_overtaken(lucia: Donor, admin: User, clock: Clock) -> None:
    donation = offered(donor=lucia)
    batch = taken(donation, "accept", admin)
    Notice.objects.filter(about=f"donation_step:{batch}").update(state="sending")
    taken(donation, "receive", admin)
    assert Notice.objects.get(about=f"donation_step:{batch}").state == "sending"


@pytest.mark.django_db(transaction=True)
def test_two_who_overtake_one_mail_side_by_side_stop_it(lucia: Donor, admin: User, clock: Clock) -> None:
    donation = offered(PC, PC, donor=lucia)
    batch = taken(donation, "accept", admin)
    first, second = donation.computers.all()

    def press(computer: Computer) -> None:
        actions.step(computers=[computer], name="receive", by=admin)

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            press(first)
            other = pool.submit(in_own_connection, lambda: press(second))
            until(count_of_waiting, "the other waits for the offer's row")
        other.result(timeout=PATIENCE)
    assert Notice.objects.get(about=f"donation_step:{batch}").state == "cancelled"


@pytest.mark.django_db(transaction=True)
def test_an_undoing_beside_another_step_leaves_the_mail_that_both_had_overtaken(
    lucia: Donor, admin: User, clock: Clock
) -> None:
    donation = offered(PC, PC, donor=lucia)
    accepted = taken(donation, "accept", admin)
    first, second = donation.computers.all()
    received = actions.step(computers=[first], name="receive", by=admin)

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            actions.undo(batch=received, by=admin)
            step = partial(actions.step, computers=[second], name="receive", by=admin)
            other = pool.submit(in_own_connection, step)
            until(count_of_waiting, "the other waits for the offer's row")
        other.result(timeout=PATIENCE)
    assert Notice.objects.get(about=f"donation_step:{accepted}").state == "due"
