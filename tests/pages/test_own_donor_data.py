"""All that is kept of a donor with an account: they download and erase it there, after showing who they are."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.donors import donor_rows
from accounts.models import (
    Donor,
    Notice,
    SharePicture,
    Subscription,
    SubscriptionEntry,
    TeamInvitation,
    TeamMember,
    Unsubscribed,
    User,
    WallThanks,
)
from nodes.models import Donation, DonorMonth, Entitlement
from portal.presenters import donor_data
from quotas.models import Grant
from tests.nodes.subscribed import running
from tests.pages.desk_pages import text
from tests.pages.test_donor_data import donation as donation
from tests.pages.test_donor_data import is_personal, whole

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_home(client: Client, donation: Donation, student: User) -> Client:
    """The donor, signed in and having shown who they are."""
    donor_rows.tie(donor=donation.donor, user=student)
    client.force_login(student)
    client.post("/accounts/confirm/", {"password": "minga"})
    return client


def test_a_donor_downloads_everything_in_their_account(at_home: Client, donation: Donation) -> None:
    assert "/donating/data/" in at_home.get("/donating/").content.decode()
    assert "lucia@example.org" in text(at_home.get("/donating/data/"))
    kept = json.loads(whole(at_home.get("/donating/data/download/")))
    assert (kept["donor"]["account"], kept["donations"][0]["number"]) == ("student", donation.number)


def test_who_has_an_open_browser_only_gets_nothing(client: Client, donation: Donation, student: User) -> None:
    donor_rows.tie(donor=donation.donor, user=student)
    client.force_login(student)
    replies = [client.get("/donating/data/download/"), client.get("/donating/erase/"), client.post("/donating/erase/")]
    assert {reply["Location"].partition("?")[0] for reply in replies} == {"/accounts/confirm/"}
    assert is_personal(donation)
    assert "Before it goes on, Minga makes sure" in text(client.get(replies[1]["Location"]))


def test_the_language_is_named_and_not_a_code(at_home: Client, donation: Donation) -> None:
    Donor.objects.filter(pk=donation.donor_id).update(language="es")
    assert "<dd>Spanish</dd>" in at_home.get("/donating/data/").content.decode()


def test_a_donor_erases_what_is_kept_and_keeps_the_account(at_home: Client, donation: Donation, student: User) -> None:
    student.roles = ["student", "donor"]
    student.save()
    asked = at_home.get("/donating/erase/")
    assert "quota that they brought" in text(asked)
    assert 'href="/donating/data/"' in asked.content.decode()  # a way back
    assert is_personal(donation)  # looking erases nothing
    assert "Your account stays" in text(at_home.post("/donating/erase/"))
    assert not is_personal(donation)
    student.refresh_from_db()
    assert (student.roles, student.is_active) == (["student"], True)
    assert at_home.post("/donating/erase/").status_code == 404


def test_who_is_a_donor_only_gains_no_role_by_erasing(at_home: Client, donation: Donation, student: User) -> None:
    student.roles = ["donor"]  # a student has machines
    student.save()
    at_home.post("/donating/erase/")
    student.refresh_from_db()
    assert student.roles == ["donor"]


def test_another_person_s_data_have_no_address(client: Client, donation: Donation, student2: User) -> None:
    client.force_login(student2)
    pages = ("data/", "data/download/", "erase/", "thanks/")
    assert {client.get(f"/donating/{page}").status_code for page in pages} == {404}


def test_afterwards_nothing_ties_the_account_to_the_computers(at_home: Client, student: User) -> None:
    row = running(student)
    SubscriptionEntry.objects.create(subscription=row, kind="given", days=-1, key="given:1", by=student)
    Subscription.objects.update(user=None, donor=student.donor)
    Unsubscribed.objects.create(user=student, kind="donation.month")
    at_home.post("/donating/erase/")
    grant = Grant.objects.get(user=student)
    assert (grant.reason, grant.ends_at - timezone.now() <= timedelta(seconds=1)) == ("", True)
    assert not Entitlement.objects.exclude(grant=None).exists()
    assert not row.entries.exclude(by=None).exists()
    assert not Unsubscribed.objects.exists()


def test_each_model_that_names_a_donor_is_in_the_file(donation: Donation) -> None:
    named = {
        "donations": Donation, "subscriptions": Subscription, "wall_of_thanks": WallThanks, "shared_picture": SharePicture, "team": TeamMember,
        "team_invitations": TeamInvitation, "mails": Notice, "months_told": DonorMonth, "mails_ended": Unsubscribed,
    }  # fmt: skip
    assert {each.related_model for each in Donor._meta.related_objects} == set(named.values())
    DonorMonth.objects.create(donor=donation.donor, month="2026-02-01")
    kept = json.loads("".join(donor_data.kept(donation.donor)))
    assert set(kept) == {"donor", *named}
    assert [each["month"] for each in kept["months_told"]] == ["2026-02-01"]
