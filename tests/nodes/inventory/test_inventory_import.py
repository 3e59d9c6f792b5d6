"""A list in the ledger: the same rows as by hand, all or nothing, once however often it comes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from accounts.audit.models import AuditRow
from accounts.models import Donor, User
from nodes import actions, states
from nodes.inventory import inventory_csv, inventory_import
from nodes.inventory.inventory_import import WAYS, Choices, Plan
from nodes.models import Computer, Donation, StateChange
from tests.nodes.conftest import Clock
from tests.nodes.donated import donor_of, mailed

LIST = """reference;email;donor;organisation;model;ram;bits;note
A1;ana@x.org;Ana;Colegio;Dell;4;64;by the door
A2;ANA@x.org;;;HP;8;64;
B1;bob@x.org;;;Evo;4;32;"""


def carry_out(text: str, by: User, **choices: Any) -> Plan:
    return inventory_import.carry_out(inventory_csv.read(text).lines, Choices(**choices), by=by)


def plan(text: str, **choices: Any) -> Plan:
    return inventory_import.plan(inventory_csv.read(text).lines, Choices(**choices))


def test_each_donor_has_one_offer_with_their_computers(admin: User) -> None:
    done = carry_out(LIST, admin)
    assert done.counts == {"new": 2, "declined": 1, "known": 0, "bad": 0}
    ana = Donation.objects.get(donor__email="ana@x.org")
    assert (ana.donor.name, ana.donor.organisation, ana.donor.verified_at) == ("Ana", "Colegio", None)
    assert [(c.reference, c.model, c.ram_mb, c.state) for c in ana.computers.all()] == [
        ("A1", "Dell", 4096, "received"),
        ("A2", "HP", 8192, "received"),
    ]


def test_what_has_less_than_the_minimum_is_declined_with_the_reason(admin: User) -> None:
    carry_out(LIST, admin)
    evo = Computer.objects.get(model="Evo")
    assert (evo.state, evo.reason) == ("declined", "bits")
    assert evo.donation.donor.name == "bob"


def test_it_is_taken_all_the_same_where_that_is_chosen(admin: User) -> None:
    assert carry_out(LIST, admin, take_all=True).counts["declined"] == 0
    assert set(Computer.objects.values_list("state", "reason")) == {("received", "")}


@pytest.mark.parametrize("state", ["offered", "accepted", "received"])
def test_no_step_is_left_out(admin: User, state: str) -> None:
    carry_out(LIST, admin, state=state)
    dell = Computer.objects.get(model="Dell")
    ways = [(row.from_state, row.to_state) for row in dell.changes.order_by("pk")]
    assert ways == list(zip(["", "offered", "accepted"], ["offered", *WAYS[states.State(state)]], strict=False))
    assert all(to in states.MOVES[before] for before, to in ways if before)
    assert dell.changes.order_by("pk")[0].note == "by the door"


def test_its_last_step_is_taken_back_as_any_other(admin: User) -> None:
    carry_out(LIST, admin)
    batch = StateChange.objects.filter(computer__model="Dell").latest("pk").batch
    actions.undo(batch=batch, by=admin)
    assert set(Computer.objects.filter(reference__startswith="A").values_list("state", flat=True)) == {"accepted"}


def test_taking_it_back_keeps_the_weight_that_the_list_gave(admin: User) -> None:
    carry_out("model;email;weight\nDell;ana@x.org;8,4 kg", admin)
    actions.undo(batch=StateChange.objects.latest("pk").batch, by=admin)
    assert Computer.objects.values_list("state", "grams").get() == ("accepted", 8400)


def test_a_second_time_nothing_is_written(admin: User) -> None:
    carry_out(LIST, admin)
    done = carry_out(LIST, admin)
    assert (done.counts["known"], done.counts["new"]) == (3, 0)
    assert (Computer.objects.count(), Donation.objects.count()) == (3, 2)


def test_the_same_reference_of_another_donor_is_another_computer(admin: User) -> None:
    carry_out(LIST, admin)
    assert plan(LIST.replace("ana@", "eva@").replace("ANA@", "eva@")).counts["new"] == 2


def test_equal_computers_without_a_reference_are_as_many_as_there_are_lines(admin: User) -> None:
    carry_out("model\n" + "Dell\n" * 15, admin, email="ana@x.org", name="Ana")
    assert Computer.objects.filter(model="Dell", donation__donor__name="Ana").count() == 15


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("A1;;Dell;", "names no donor"), ("A1;nobody;Dell;", "e-mail"), ("X;a@x.org;HP;\nX;a@x.org;HP;", "as in line 2"),
        (";a@x.org;HP;MNG-99999-0", "no computer with the number"),
    ],
)  # fmt: skip
def test_a_line_that_is_left_out_says_why(db: None, line: str, sentence: str) -> None:
    bad = [each for each in plan(f"reference;email;model;number\n{line}").lines if each.status == "bad"]
    assert [sentence in str(each.why) for each in bad] == [True]


def test_a_list_that_was_downloaded_changes_nothing(admin: User) -> None:
    carry_out(LIST, admin)
    number = Computer.objects.get(model="Dell").number
    assert plan(f"number;email;model\n{number};ana@x.org;Dell").counts["known"] == 1


def test_a_donor_who_is_here_keeps_their_name(admin: User) -> None:
    donor_of("ana@x.org")
    carry_out(LIST, admin)
    assert Donor.objects.get(email="ana@x.org").name == "Lucía Paz"


def test_nobody_is_mailed_unless_that_is_chosen(admin: User, clock: Clock, mailoutbox: list[Any]) -> None:
    carry_out(LIST, admin)
    clock.pass_minutes(11)
    assert mailed() == 0


@pytest.mark.parametrize(
    ("state", "subjects"),
    [
        ("received", ["Your computers are here", "We cannot take your computer"]),
        ("offered", ["Your offer of 2 computers", "Your offer of a computer"]),
    ],
)
def test_each_donor_gets_one_mail(
    admin: User, clock: Clock, mailoutbox: list[Any], state: str, subjects: list[str]
) -> None:
    carry_out(LIST, admin, state=state, tell=True)
    clock.pass_minutes(11)
    mailed()
    assert sorted(letter.subject for letter in mailoutbox) == sorted(subjects)


def test_the_audit_log_has_one_row_with_the_counts(admin: User) -> None:
    carry_out(LIST, admin)
    [row] = AuditRow.objects.all()
    assert (row.verb, row.who, row.detail["new"], row.detail["declined"]) == ("import_computers", admin, 2, 1)


def test_an_error_leaves_nothing(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(inventory_import, "record", fail)
    with pytest.raises(RuntimeError):
        carry_out(LIST, admin)
    assert (Donor.objects.count(), Computer.objects.count()) == (0, 0)


def test_two_at_once_write_each_computer_once(transactional_db: None, admin: User) -> None:
    def one(_number: int) -> int:
        try:
            return carry_out(LIST, admin).counts["new"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [0, 0, 0, 2]
    assert Computer.objects.count() == 3


def test_new_donors_are_made_in_the_order_of_their_addresses(admin: User) -> None:
    carry_out("email;model\nb@x.org;Dell\nc@x.org;Dell\na@x.org;Dell", admin)
    made = Donor.objects.order_by("pk").values_list("email", flat=True)
    assert list(made) == ["a@x.org", "b@x.org", "c@x.org"]


def test_more_lines_cost_no_more_queries(admin: User, django_assert_max_num_queries: Any) -> None:
    few = inventory_csv.read("email;model\n" + "a@x.org;Dell\n" * 3).lines
    many = [replace(few[0], number=n, email=f"d{n % 300}@x.org") for n in range(900)]
    for lines in (few, many):
        with django_assert_max_num_queries(16):
            inventory_import.carry_out(lines, Choices(), by=admin)
