"""The pages of subscriptions: the card at the donor's home, a part given away, a code used."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Subscription, SubscriptionEntry, TransferCode, User
from accounts.subscriptions import ledger
from nodes.subscriptions import giving
from quotas.models import Grant
from tests.nodes.conftest import clock as clock
from tests.nodes.donated import PC, donor_of, mailed, offered, taken
from tests.nodes.subscribed import make_plan, promised, running
from tests.pages.test_once import signed_in

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


@pytest.fixture
def donor(student: User) -> Client:
    return signed_in(student)


def moved(row: Subscription, days: float) -> Subscription:
    """Let a subscription have started so many days ago."""
    ledger.start(row, timezone.now() - timedelta(days=days))
    return row


# ---- the card ----


@pytest.mark.parametrize(
    ("ago", "words", "main"),
    [
        (0.5, "Active", "Create a machine"),
        (80, "Ends soon", "Renew"),
        (101, "Nothing is deleted until", "Download from my machines"),
        (140, "We hope that it helped you.", None),
    ],
)
def test_the_card_says_where_it_stands_and_what_to_do(
    donor: Client, student: User, ago: float, words: str, main: str | None
) -> None:
    moved(running(student), ago)
    page = text(donor.get("/donating/"))
    assert words in page
    card = page.partition('<section class="hero subscription')[2].partition("</section>")[0]
    found = re.search(r'class="button main" [^>]*> *<svg.*?</svg> *([^<]*?) *</a>', card)
    assert (found and found[1]) == main


def test_several_that_differ_are_explained_with_their_days(donor: Client, student: User) -> None:
    running(student, 60), running(student, 200)
    page = text(donor.get("/donating/"))
    assert re.search(
        r"Together they give you 2 machines with 4 GB of memory until [^,]*, then 1 machine with 2 GB", page
    )
    assert page.count("Look<span") == 2
    assert "Open one to see how its days add up, or to give a part of it away." in page


def test_those_that_have_ended_are_folded(donor: Client, student: User) -> None:
    running(student), moved(running(student, 30), 90)
    before, _fold, after = text(donor.get("/donating/")).partition("Those that have ended")
    assert "It lasts until" in before
    assert "It ended on" in after


def test_fifteen_equal_ones_are_one_line(donor: Client, student: User) -> None:
    for _each in range(15):
        running(student)
    page = text(donor.get("/donating/"))
    assert "15 × One machine" in page
    assert "Look<span" not in page


def test_the_number_of_queries_does_not_grow_with_subscriptions(
    donor: Client, student: User, django_assert_max_num_queries: Any
) -> None:
    running(student)
    donor.get("/donating/")
    with CaptureQueriesContext(connection) as few:
        donor.get("/donating/")
    for days in range(1, 12):
        running(student, days * 40)
    with django_assert_max_num_queries(len(few)):
        donor.get("/donating/")


def test_whoever_has_none_reads_of_no_subscription(donor: Client) -> None:
    assert "Your subscription" not in text(donor.get("/donating/"))


def test_a_quota_names_its_subscription_and_until_when(donor: Client, student: User) -> None:
    running(student)
    assert "Part of a subscription, until" in text(donor.get("/"))


# ---- giving away ----


def test_a_preview_says_in_numbers_what_half_of_it_means(donor: Client, student: User) -> None:
    row = running(student)
    page = text(donor.get(f"/donating/subscriptions/{row.pk}/give/?share=half"))
    assert re.search(r"Yours ends on .* instead of .*\. Theirs runs 49 days, with 1 machine,", page)
    assert not TransferCode.objects.exists()


def test_the_code_is_shown_once_also_for_two_presses(donor: Client, student: User) -> None:
    row = running(student)
    address = f"/donating/subscriptions/{row.pk}/give/"
    sent = {"share": "days", "days": "40", "once": "one-token"}
    first, second = donor.post(address, sent), donor.post(address, sent)
    code = re.search(r"[A-Z]{4}-[A-Z]{4}-[A-Z]{4}", text(first))
    assert code
    assert code[0] in text(second)
    assert [each.days for each in TransferCode.objects.all()] == [40]
    assert code[0] not in text(donor.get(f"/donating/subscriptions/{row.pk}/"))


@pytest.mark.parametrize(
    "sent", [{"share": "days", "days": "0"}, {"share": "days", "days": "101"}, {"share": "days", "days": "x"}, {}]
)
def test_a_bad_amount_is_told_at_its_field_and_gives_nothing(
    donor: Client, student: User, sent: dict[str, str]
) -> None:
    row = running(student)
    response = donor.post(f"/donating/subscriptions/{row.pk}/give/", sent)
    assert response.status_code == 400
    assert 'class="errorlist"' in text(response)
    assert not TransferCode.objects.exists()


def test_what_has_not_started_is_not_given(donor: Client, student: User, admin: User, clock: Any) -> None:
    make_plan()
    row = promised(admin, clock, donor_of(user=student, email="student@example.org"))
    response = donor.post(f"/donating/subscriptions/{row.pk}/give/", {"share": "half"})
    assert response.status_code == 409
    assert "It has not started yet." in text(response)


def test_a_code_is_withdrawn_once(donor: Client, student: User) -> None:
    row = running(student)
    code = giving.give(subscription=row, by=student, days=40).row
    address = f"/donating/subscriptions/{row.pk}/codes/{code.pk}/withdraw/"
    donor.post(address), donor.post(address)
    row.refresh_from_db()
    assert row.days == 100
    assert "Withdrawn" in text(donor.get(f"/donating/subscriptions/{row.pk}/"))


def test_who_used_a_code_is_not_named(donor: Client, student: User, student2: User) -> None:
    row = running(student)
    given = giving.give(subscription=row, by=student, days=40)
    giving.claim(text=given.code, user=student2, address="")
    page = text(donor.get(f"/donating/subscriptions/{row.pk}/"))
    assert ">Used<" in page
    assert student2.username not in page


# ---- using a code ----


@pytest.fixture
def code(student: User) -> str:
    return giving.give(subscription=running(student), by=student, days=40).code


def test_a_link_shows_the_code_and_uses_nothing(client: Client, student2: User, code: str) -> None:
    client.force_login(student2)
    assert f'value="{code}"' in text(client.get(f"/subscription/?code={code}"))
    assert not Subscription.objects.of(student2).exists()


def test_what_it_gives_is_told_before_it_is_used(client: Client, student2: User, code: str) -> None:
    client.force_login(student2)
    page = text(client.post("/subscription/", {"code": code.lower().replace("-", " ")}))
    assert "This code gives you <b>40 days</b>" in page
    assert "1 machine, 2 processors, 2 GB of memory" in page
    assert not Subscription.objects.of(student2).exists()


def test_a_press_uses_it_and_a_second_one_changes_nothing(client: Client, student2: User, code: str) -> None:
    client.force_login(student2)
    for _press in range(2):
        assert client.post("/subscription/", {"code": code, "claim": "1"})["Location"] == "/donating/"
    assert [row.days for row in Subscription.objects.of(student2)] == [40]
    assert Grant.objects.filter(user=student2, source="subscription").count() == 1
    assert "Your subscription" in text(client.get("/donating/"))


@pytest.mark.parametrize("state", ["wrong", "used", "withdrawn", "ended"])
def test_codes_that_do_not_work_read_the_same(
    client: Client, student: User, student2: User, teacher: User, code: str, state: str
) -> None:
    row = TransferCode.objects.get()
    if state == "used":
        giving.claim(text=code, user=teacher, address="")
    elif state == "withdrawn":
        giving.withdraw(code=row, by=student)
    elif state == "ended":
        TransferCode.objects.update(expires_at=timezone.now())
    client.force_login(student2)
    response = client.post("/subscription/", {"code": "BBBB-BBBB-BBBB" if state == "wrong" else code, "claim": "1"})
    assert response.status_code == 404
    assert "This code does not work (any more). Compare its letters" in text(response)


def test_after_ten_wrong_codes_one_waits(client: Client, student2: User, code: str) -> None:
    client.force_login(student2)
    answers = [client.post("/subscription/", {"code": "BBBB-BBBB-BBBB"}) for _each in range(11)]
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0


def test_ones_own_code_is_taken_back_after_it_is_said(donor: Client, student: User, code: str) -> None:
    assert "This is your own code." in text(donor.post("/subscription/", {"code": code}))
    donor.post("/subscription/", {"code": code, "claim": "1"})
    assert [row.days for row in Subscription.objects.of(student)] == [100]


def test_a_visitor_is_led_through_sign_in_and_back_with_the_code(client: Client, code: str) -> None:
    page = text(client.get(f"/subscription/?code={code}"))
    assert f"?next=%2Fsubscription%2F%3Fcode%3D{code}" in page
    assert client.post("/subscription/", {"code": code, "claim": "1"}).status_code == 302
    assert not TransferCode.objects.exclude(claimed_at=None).exists()


# ---- without an account ----


def test_a_donor_without_an_account_reads_what_they_get_and_that_an_account_is_needed(
    client: Client, admin: User, clock: Any
) -> None:
    from accounts.donors import donor_links

    make_plan()
    row = promised(admin, clock)
    page = text(client.get(f"/given/{donor_links.token(row.donor)}/"))
    assert "12 months, 1 machine" in page
    assert "you have added what you gave to an account" in page
    assert "/give/" not in page


# ---- what a computer would bring ----

OFFER = {"computer": "0", "c0-kind": "desktop", "check": "1"}


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"c0-bits": "64", "c0-ram_mb": "4096"}, "It would bring you a subscription: <b>12 months, 1 machine</b>."),
        ({"c0-bits": "64", "c0-ram_mb": "1024", "c0-nic_mbit": "1000"}, "it brings no subscription."),
        ({}, "Whether it brings you a subscription, we can say when we know more of it."),
    ],
)
def test_the_form_says_what_a_computer_would_bring(client: Client, known: dict[str, str], words: str) -> None:
    make_plan(min_ram_mb=2048)
    assert words in text(client.post("/donate/", OFFER | known))


def test_mails_name_what_computers_bring(admin: User, mailoutbox: Any, clock: Any) -> None:
    make_plan()
    donation = offered(PC, PC)
    mailed()
    taken(donation, "accept", admin)
    clock.pass_minutes(11)
    mailed()
    told, welcome = (" ".join(letter.body.split()) for letter in mailoutbox)
    assert "If they are accepted, each brings you a subscription: 12 months, 1 machine." in told
    assert "Each brings you a subscription: 12 months, 1 machine." in welcome
    assert "It starts when the computer has come and you have an account." in welcome


def test_the_ledger_says_each_line_in_words(donor: Client, student: User) -> None:
    row = running(student)
    giving.give(subscription=row, by=student, days=40)
    page = text(donor.get(f"/donating/subscriptions/{row.pk}/"))
    assert "Given away by a code" in page
    assert "− 40 days" in page
    assert SubscriptionEntry.objects.count() == 2
