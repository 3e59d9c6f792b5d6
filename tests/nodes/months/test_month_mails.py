"""The mail about a month: once, only where a computer served, and to nobody who does not want it."""

from datetime import date
from threading import Thread
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.donors import donor_links, donor_rows
from accounts.models import Donor, Notice, Unsubscribed, User
from accounts.notices import outbox, unsubscribe
from accounts.notices.kinds import kind_of
from lib import logs
from nodes import donor_actions
from nodes.models import Computer, DonorMonth
from nodes.months import month_mails, month_work
from tests.nodes.conftest import Clock
from tests.nodes.donated import donor_of, mailed, make_computer
from tests.nodes.months.served import serve

pytestmark = pytest.mark.django_db
FEBRUARY = date(2026, 2, 1)


@pytest.fixture
def pc(lucia: Donor, clock: Clock) -> Computer:
    """A computer of a donor with a verified address and no account. It is 2 March 2026."""
    donor_rows.verify(lucia)
    return make_computer("in_service", donor=lucia)


def follow() -> None:
    month_mails.follow(timezone.now())


def rows() -> int:
    return Notice.objects.filter(kind=month_mails.KIND).count()


def letters(box: list[Any]) -> list[Any]:
    """The mails about a month that went out."""
    follow()
    mailed()
    return [mail for mail in box if "List-Unsubscribe" in mail.extra_headers]


def link_of(letter: Any) -> str:
    """The path of the link by which a mail program unsubscribes."""
    return str(letter.extra_headers["List-Unsubscribe"]).strip("<>").replace("https://labs.example.org", "")


def test_it_says_the_month_in_one_sentence(pc: Computer, mailoutbox: list[Any]) -> None:
    serve(pc)
    letter = letters(mailoutbox)[0]
    sentence = "En febrero de 2026, tu computadora estuvo 412 horas en servicio y llevó 3 máquinas de 3 personas."
    assert letter.to == ["lucia@example.org"]
    assert sentence in letter.body
    assert sentence in letter.alternatives[0][0]


def test_its_numbers_are_those_of_the_donors_page(pc: Computer, mailoutbox: list[Any], client: Client) -> None:
    Donor.objects.update(language="en")
    serve(pc, hours=411.9)
    sentence = "In February 2026, your computer was in service for 411 hours and carried 3 machines of 3 people."
    assert sentence in letters(mailoutbox)[0].body
    page = client.get(f"/given/{donor_links.token(pc.donation.donor)}/").content.decode()
    assert sentence in page
    assert 'class="figure">411<' in page


def test_it_comes_once_however_often_the_loop_runs(pc: Computer, mailoutbox: list[Any], clock: Clock) -> None:
    serve(pc)
    for _day in range(5):
        follow()
        mailed()
        clock.pass_minutes(24 * 60)
    assert len(letters(mailoutbox)) == 1


def test_each_month_has_its_own(pc: Computer, mailoutbox: list[Any], clock: Clock) -> None:
    serve(pc)
    serve(pc, "2026-03", 100)
    assert len(letters(mailoutbox)) == 1
    clock.pass_minutes(31 * 24 * 60)
    assert [("100 horas" in each.body) for each in letters(mailoutbox)] == [False, True]


def test_a_worker_that_is_killed_between_the_two_rows_leaves_neither(pc: Computer, lucia: Donor) -> None:
    serve(pc)
    with patch.object(outbox, "send", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        month_mails.tell(lucia.pk, FEBRUARY, timezone.now())
    assert not DonorMonth.objects.exists()
    follow()
    assert rows() == 1


def test_who_ties_an_account_after_the_mail_gets_no_second_one(
    pc: Computer, student: User, mailoutbox: list[Any]
) -> None:
    serve(pc)
    letters(mailoutbox)
    donor_rows.tie(donor=pc.donation.donor, user=student)
    assert len(letters(mailoutbox)) == 1


@pytest.mark.parametrize("hours", [0, 0.9])
def test_nobody_gets_a_mail_of_zeros(pc: Computer, hours: float) -> None:
    serve(pc, hours=hours)
    follow()
    assert (rows(), DonorMonth.objects.count()) == (0, 0)


def test_a_month_that_ended_a_minute_ago_waits_for_its_last_looks(pc: Computer, clock: Clock) -> None:
    serve(pc, "2026-03")
    clock.traveller.move_to("2026-04-01T05:01:00+00:00")
    follow()
    assert rows() == 0
    clock.pass_minutes(12 * 60)
    follow()
    assert rows() == 1


def test_an_address_that_is_not_verified_gets_none(pc: Computer) -> None:
    Donor.objects.update(verified_at=None)
    serve(pc)
    follow()
    assert rows() == 0


@pytest.mark.parametrize("told_before", [True, False])
def test_an_erased_donor_gets_none(pc: Computer, mailoutbox: list[Any], told_before: bool) -> None:
    serve(pc)
    if told_before:
        follow()
    donor_actions.erase(donor=pc.donation.donor)
    assert letters(mailoutbox) == []


def test_a_mail_program_unsubscribes_with_one_press(pc: Computer, mailoutbox: list[Any]) -> None:
    serve(pc)
    letter = letters(mailoutbox)[0]
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    Client(enforce_csrf_checks=True).post(link_of(letter), {"List-Unsubscribe": "One-Click"})
    assert Unsubscribed.objects.get().donor == pc.donation.donor


def test_opening_the_link_shows_a_page_and_changes_nothing(pc: Computer, mailoutbox: list[Any]) -> None:
    serve(pc)
    page = Client().get(link_of(letters(mailoutbox)[0])).content.decode()
    assert "Una vez al mes" in page
    assert '<html lang="es"' in page
    assert not Unsubscribed.objects.exists()


def test_who_unsubscribed_gets_none_until_they_want_it_again(
    pc: Computer, lucia: Donor, mailoutbox: list[Any], clock: Clock
) -> None:
    serve(pc)
    month_mails.choose(lucia, wants=False)
    assert letters(mailoutbox) == []
    month_mails.choose(lucia, wants=True)
    assert len(letters(mailoutbox)) == 1


def test_who_unsubscribes_while_it_waits_gets_none(pc: Computer, lucia: Donor, mailoutbox: list[Any]) -> None:
    serve(pc)
    follow()
    month_mails.choose(lucia, wants=False)
    assert letters(mailoutbox) == []


def test_the_choice_goes_along_into_the_account(pc: Computer, lucia: Donor, student: User) -> None:
    month_mails.choose(lucia, wants=False)
    donor_rows.tie(donor=lucia, user=student)
    assert not month_mails.are_wanted(Donor.objects.get(pk=lucia.pk))
    assert [(row.user, row.donor) for row in Unsubscribed.objects.all()] == [(student, None)]


def test_an_old_link_counts_for_the_account(pc: Computer, lucia: Donor, student: User) -> None:
    token = unsubscribe.token(lucia, kind_of(month_mails.KIND))
    donor_rows.tie(donor=lucia, user=student)
    Client().post(f"/notices/unsubscribe/{token}/")
    assert Unsubscribed.objects.get().user == student


def test_the_link_of_an_erased_donor_is_over(lucia: Donor, db: None) -> None:
    token = unsubscribe.token(lucia, kind_of(month_mails.KIND))
    donor_actions.erase(donor=lucia)
    assert Client().post(f"/notices/unsubscribe/{token}/").status_code == 404
    assert not Unsubscribed.objects.exists()


def test_people_and_machines_on_two_computers_count_once(pc: Computer, lucia: Donor) -> None:
    serve(pc, people=3)
    serve(other := make_computer("in_service", donor=lucia), people=4)
    found = month_work.work_in(FEBRUARY, [pc.pk, other.pk])
    assert found == month_work.MonthWork(FEBRUARY, 824, 2, 4, 4)


def test_other_donors_computers_do_not_count(pc: Computer, mailoutbox: list[Any]) -> None:
    serve(pc)
    serve(make_computer("in_service", donor=donor_of("other@example.org")))
    assert ["412 horas" in letter.body for letter in letters(mailoutbox)] == [True]


def test_the_signature_of_a_donors_link_is_not_logged(lucia: Donor) -> None:
    token = unsubscribe.token(lucia, kind_of(month_mails.KIND))
    assert token.rpartition(".")[2] not in logs.scrubbed(f"GET /notices/unsubscribe/{token}/ 200")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_put_one_mail_into_the_outbox(pc: Computer, lucia: Donor) -> None:
    serve(pc)
    now = timezone.now()

    def work() -> None:
        month_mails.tell(lucia.pk, FEBRUARY, now)
        connections.close_all()

    threads = [Thread(target=work) for _each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (rows(), DonorMonth.objects.count()) == (1, 1)
