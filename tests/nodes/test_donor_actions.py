"""Donors' own actions, beneath the pages."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from accounts.donors import donor_rows
from accounts.models import AuditRow, Donor, Notice, User
from machines.tasks import follow_accounts
from nodes import actions, donor_actions
from nodes.models import Donation
from nodes.states import Reason, where_it_helps
from tests.accounts.test_tokens import in_own_connection
from tests.database_clients import count_of_waiting
from tests.nodes.donated import OLD, PC, offered, stepped
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.django_db
WHO = donor_actions.Who(email="Lucia@Example.org", name="Carlos", language="es")


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason != Reason.WITHDRAWN])
def test_for_each_reason_a_donor_reads_in_their_language_where_it_helps(reason: Reason) -> None:
    with override("en"):
        english = where_it_helps(reason)
    with override("es"):
        assert where_it_helps(reason) not in ("", english)


def test_the_same_form_is_one_offer() -> None:
    with transaction.atomic():
        first = donor_actions.offer(who=WHO, computers=[PC], handover="bring", sent_as="a" * 64)
        again = donor_actions.offer(who=WHO, computers=[PC], handover="bring", sent_as="a" * 64)
    other = donor_actions.offer(who=WHO, computers=[PC], handover="bring", sent_as="b" * 64)
    unnamed = [donor_actions.offer(who=WHO, computers=[PC], handover="bring") for _n in range(2)]
    assert first == again
    assert len({first.pk, other.pk, *(row.pk for row in unnamed)}) == 4
    assert (Donor.objects.count(), Donation.objects.count(), Notice.objects.count()) == (1, 4, 4)


def test_a_refused_offer_leaves_no_donor() -> None:
    with pytest.raises(actions.BadInput):
        donor_actions.offer(who=WHO, computers=[], handover="bring")
    assert not Donor.objects.exists()


def test_another_link_ends_nothing_until_it_is_opened() -> None:
    donor = offered().donor
    donor_actions.mail_new_link(email=" LUCIA@example.org ")
    donor_actions.mail_new_link(email="nobody@example.org")
    donor_actions.mail_new_link(email="lucia@example.org")
    donor.refresh_from_db()
    assert donor.links == 0
    assert Notice.objects.filter(kind="donation.link").count() == 2


def test_who_ties_a_donor_is_in_the_log_once(student: User) -> None:
    donation = offered()
    for _twice in range(2):
        donor_actions.tie(donor=Donor.objects.get(), user=student)
    [row] = AuditRow.objects.filter(verb="tie_donor")
    assert (row.who, row.whom, row.kind, row.name) == (student, student, "donor", donation.number)


def test_what_an_administrator_writes_down_is_in_the_log(admin: User) -> None:
    donation = donor_actions.offer(who=WHO, computers=[PC], handover="bring", by=admin)
    donor_actions.offer(who=WHO, computers=[PC], handover="bring")
    [row] = AuditRow.objects.filter(verb="write_down_donation")
    assert (row.who, row.object_id, row.name) == (admin, str(donation.pk), donation.number)


def test_a_confirmation_locks_the_donation_before_the_donor_as_erasing_does(admin: User) -> None:
    donation = offered()
    stepped(donation.computers.get(), "accept", "receive", by=admin)
    with CaptureQueriesContext(connection) as queries:
        actions.confirm(donation=donation, is_right=True)
    written = [query["sql"].split('"')[1] for query in queries if query["sql"].startswith("UPDATE")]
    assert written == ["nodes_donation", "accounts_donor"]


def test_a_list_is_confirmed_once_all_that_is_awaited_is_here(admin: User) -> None:
    donation = offered(PC, PC, OLD)
    first, second, _old = donation.computers.all()
    stepped(first, "accept", "receive", by=admin)
    stepped(second, "accept", by=admin)
    with pytest.raises(actions.NothingToConfirm):
        actions.confirm(donation=donation, is_right=True)
    stepped(second, "receive", by=admin)
    before = timezone.now()
    actions.confirm(donation=donation, is_right=True)
    donation.refresh_from_db()
    assert donation.confirmed == "yes"
    assert donation.confirmed_at is not None
    assert donation.confirmed_at >= before


def test_what_an_erased_donor_wrote_is_erased() -> None:
    gone, stays = (
        donor_actions.offer(
            who=donor_actions.Who(email=email, name="x"), computers=[PC], handover="fetch", message="Calle 1"
        )
        for email in ("gone@example.org", "stays@example.org")
    )
    donor_rows.erase(gone.donor)
    follow_accounts()
    assert [Donation.objects.get(pk=row.pk).message for row in (gone, stays)] == ["", "Calle 1"]


@pytest.mark.django_db(transaction=True)
def test_who_erases_while_somebody_ties_is_too_late(student: User) -> None:
    donor, said = offered().donor, []

    def erase() -> None:
        with pytest.raises(donor_actions.HasAccount):
            donor_actions.erase(donor=donor)
        said.append("refused")

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            donor_actions.tie(donor=Donor.objects.get(), user=student)
            other = pool.submit(in_own_connection, erase)
            until(count_of_waiting, "who erases waits for the donor's row")
        other.result(timeout=PATIENCE)
    assert (said, Donor.objects.get().erased_at) == (["refused"], None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_account", [False, True])
def test_who_is_erased_while_a_step_is_taken_waits_for_it(admin: User, student: User, has_account: bool) -> None:
    donation = offered(PC, message="Behind the blue door")
    if has_account:
        donor_rows.tie(donor=donation.donor, user=student)
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            stepped(donation.computers.get(), "accept", by=admin)  # its mail asks for the donor's row at the end
            Notice.objects.create(donor=donation.donor, kind="donation.step", about="x", channel="mail")
            end = (
                (lambda: donor_actions.erase_own(user=student))
                if has_account
                else (lambda: donor_actions.erase(donor=donation.donor))
            )
            erasing = pool.submit(in_own_connection, end)
            until(count_of_waiting, "it waits for the offer")
        erasing.result(timeout=PATIENCE)
    donation.refresh_from_db()
    assert (donation.message, Notice.objects.filter(donor=donation.donor).count()) == ("", 0)
