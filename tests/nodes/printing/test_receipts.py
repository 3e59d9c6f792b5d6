"""The receipt: what came, and nothing else."""

from typing import Any

import pytest
from django.utils.translation import override

from accounts.donors import donor_rows
from accounts.models import User
from nodes import actions
from nodes.actions import Offered
from nodes.models import Donation
from nodes.printing import receipts
from tests.nodes.donated import PC, donor_of, offered, stepped, taken
from tests.nodes.printing.printed import pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def donation(settings: Any) -> Donation:
    settings.INSTITUTION = "Universidad de Loja"
    donor = donor_of(name="Łukasz Gałązka", organisation="Ñandú & <b>Hijos</b>")
    return offered("Dell OptiPlex 780", "HP Compaq 6000", donor=donor)


def words(donation: Donation) -> str:
    return " ".join(pages(receipts.receipt(donation)))


def test_it_names_who_gave_what_to_whom(donation: Donation, admin: User) -> None:
    stepped(donation.computers.all()[0], "accept", "receive", by=admin, grams=8400)
    page = words(donation)
    for said in (
        "Łukasz Gałązka",
        "Ñandú & <b>Hijos</b>",
        donation.number,
        "Universidad de Loja",
        "8.4 kg",
        "Desktop computer",
    ):
        assert said in page
    assert "Dell OptiPlex 780" in page
    assert "HP Compaq" not in page  # it has not come


def test_it_is_in_the_readers_language(donation: Donation, admin: User) -> None:
    stepped(donation.computers.all()[0], "accept", "receive", by=admin, grams=8400)
    with override("es"):
        page = words(donation)
    assert "Recibo de computadoras donadas" in page
    assert "8,4 kg" in page


def test_there_is_none_before_something_came_nor_once_that_is_taken_back(donation: Donation, admin: User) -> None:
    taken(donation, "accept", admin)
    batch = taken(donation, "receive", admin)
    assert len(receipts.received(donation)) == 2
    actions.undo(batch=batch, by=admin)
    with pytest.raises(receipts.NothingReceived, match="has been received yet"):
        receipts.receipt(donation)


def test_it_says_what_the_donor_answered(donation: Donation, admin: User) -> None:
    taken(donation, "accept", admin), taken(donation, "receive", admin)
    assert "Not answered yet" in words(donation)
    actions.confirm(donation=donation, is_right=False, note="The <mouse> is missing")
    donation.refresh_from_db()
    assert "something is missing, or too much: The <mouse> is missing" in words(donation)


def test_what_came_and_was_lost_stays_on_it(donation: Donation, admin: User) -> None:
    stepped(donation.computers.all()[0], "accept", "receive", "lose", by=admin)
    assert "Dell OptiPlex 780" in words(donation)


def test_who_was_erased_is_not_named(donation: Donation, admin: User) -> None:
    taken(donation, "accept", admin), taken(donation, "receive", admin)
    donor_rows.erase(donation.donor)
    assert "not named, as the donor wished" in words(Donation.objects.get())


@pytest.mark.parametrize("language", ["en", "es"])
def test_twenty_computers_are_on_one_page(admin: User, language: str) -> None:
    donation = offered(*[PC] * 20)
    taken(donation, "accept", admin), taken(donation, "receive", admin)
    with override(language):
        assert len(pages(receipts.receipt(donation))) == 1


def test_long_names_flow_to_more_pages_and_none_is_lost(admin: User) -> None:
    donor = donor_of(name="W" * 100, organisation="M" * 100)
    donation = offered(*[Offered("desktop", "X" * 100)] * 20, donor=donor)
    taken(donation, "accept", admin), taken(donation, "receive", admin)
    printed = pages(receipts.receipt(donation))
    assert "Page 2 of" in printed[1]
    assert all(row.number in " ".join(printed) for row in donation.computers.all())
