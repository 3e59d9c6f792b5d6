"""Codes of minga-intake: readable, checked, used once, and none of the others works; two at once leave one report."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import limits
from accounts.models import AuditRow, SignInFailures, User
from nodes.intake import code_text, intake_codes
from nodes.intake.intake_codes import BadCode, NotMeasured
from nodes.intake.machine_facts import BadFacts
from nodes.models import Computer, IntakeCode, MeasuredDisk, Measurement
from tests.nodes.donated import make_computer
from tests.nodes.intake import recorded

intake = recorded.program()


@pytest.fixture
def computer(db: None) -> Computer:
    return make_computer("received")


def use(code: str, address: str = "", **changes: Any) -> Measurement:
    return intake_codes.use(code=code, facts=recorded.facts(**changes), address=address)


# ---- the text ----


def test_a_code_has_no_letter_that_looks_like_another() -> None:
    made = [code_text.make() for _n in range(200)]
    assert len(set(made)) == 200
    assert all(len(each) == 11 and not set("01OI") & set(each) for each in made)


def test_portal_and_program_read_the_same_codes() -> None:
    for code in (code_text.make() for _n in range(100)):
        bare = code.replace("-", "")
        assert code_text.letters_of(f" {code.lower()} ") == intake.letters_of(f" {code.lower()} ") == bare


def test_one_mistyped_character_is_seen_by_both() -> None:
    bare = code_text.make().replace("-", "")
    for place in range(len(bare)):
        for letter in set(code_text.LETTERS) - {bare[place]}:
            wrong = bare[:place] + letter + bare[place + 1 :]
            assert (code_text.letters_of(wrong), intake.letters_of(wrong)) == ("", "")


# ---- its use ----


def test_a_report_is_written_beside_what_was_said(computer: Computer, admin: User) -> None:
    row = use(intake_codes.make(computer=computer, by=admin).code.lower())
    [disk] = MeasuredDisk.objects.all()
    assert (row.computer, row.ram_mb, row.serial, row.code.made_by) == (computer, 3789, "ABC123J", admin)
    assert (disk.serial, disk.power_on_hours, row.said["ram_mb"]) == ("WD-WCAV2A123456", 23456, 4096)
    assert Computer.objects.get(pk=computer.pk).cpu == computer.cpu


def test_only_a_hash_of_it_is_kept(computer: Computer, admin: User) -> None:
    made = intake_codes.make(computer=computer, by=admin)
    kept = str(list(IntakeCode.objects.values())) + str(list(AuditRow.objects.values()))
    assert (made.code in kept, made.code.replace("-", "") in kept) == (False, False)


def test_a_new_code_withdraws_the_one_before(computer: Computer, admin: User) -> None:
    first, second = (intake_codes.make(computer=computer, by=admin) for _n in range(2))
    with pytest.raises(BadCode):
        use(first.code)
    assert use(second.code).code == second.row


def test_used_expired_wrong_and_of_a_lost_computer_say_the_same(computer: Computer, admin: User) -> None:
    lost = make_computer("received")
    codes = [intake_codes.make(computer=each, by=admin) for each in (computer, make_computer("received"), lost)]
    use(codes[0].code)
    IntakeCode.objects.filter(pk=codes[1].row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    Computer.objects.filter(pk=lost.pk).update(state="lost")
    said = set()
    for code in [each.code for each in codes] + [code_text.make(), "x", "", "K7MQR-2XHB8"]:
        with pytest.raises(BadCode) as refusal:
            use(code)
        said.add((str(refusal.value), refusal.value.status))
    assert said == {("This code does not work (any more). Make a new one on the computer's page.", 403)}
    assert Measurement.objects.count() == 1


def test_facts_that_cannot_be_leave_the_code_as_it_is(computer: Computer, admin: User) -> None:
    code = intake_codes.make(computer=computer, by=admin).code
    with pytest.raises(BadFacts):
        use(code, ram_mb="much")
    assert use(code).computer == computer


@pytest.mark.parametrize("state", ["offered", "declined", "lost", "recycled"])
def test_what_is_not_here_and_does_not_come_gets_no_code(state: str, admin: User) -> None:
    with pytest.raises(NotMeasured):
        intake_codes.make(computer=make_computer(state), by=admin)


def test_guessing_from_one_address_has_to_wait(computer: Computer, admin: User) -> None:
    code = intake_codes.make(computer=computer, by=admin).code
    for _n in range(limits.OF_AN_ADDRESS):
        with pytest.raises(BadCode):
            use(code_text.make(), address="192.0.2.7")
    with pytest.raises(limits.TooManyCodes):
        use(code, address="192.0.2.7")
    assert use(code, address="192.0.2.8").computer == computer


def test_what_works_is_not_counted(computer: Computer, admin: User) -> None:
    use(intake_codes.make(computer=computer, by=admin).code, address="192.0.2.7")
    assert SignInFailures.objects.get().count == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_wins(admin: User) -> None:
    code = intake_codes.make(computer=make_computer("received"), by=admin).code

    def attempt(_n: int) -> str:
        try:
            use(code)
            return "taken"
        except BadCode:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == ["refused"] * 3 + ["taken"]
    assert Measurement.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_codes_made_at_once_one_is_open(admin: User) -> None:
    computer = make_computer("received")

    def make(_n: int) -> str:
        try:
            return intake_codes.make(computer=computer, by=admin).code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(4)))
    assert sum(intake_codes.is_open(computer, code) for code in made) == 1
