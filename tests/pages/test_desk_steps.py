"""Steps at the desk: what each asks, an old page, two at once, taking back, and facts corrected."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditRow, User
from nodes import actions, computer_numbers
from nodes.models import StateChange
from tests.nodes.donated import make_computer
from tests.pages.desk_pages import colleague as colleague
from tests.pages.desk_pages import forms, fresh, page_of, press, text
from tests.pages.desk_pages import office as office

# ---- a computer ----


def test_a_computer_goes_all_its_way_by_the_main_button(office: Client) -> None:
    computer = make_computer()
    for state in ("accepted", "received", "wiped", "tested", "in_service"):
        facts = forms(office.get(page_of(computer)))
        main = next(form for form in facts if "step" in form)
        reply = office.post(page_of(computer), {**main, "disks": "without"} if main["step"] == "wipe" else main)
        assert (reply.status_code, fresh(computer).state) == (302, state)
    assert 'class="main"' not in office.get(page_of(computer)).content.decode()  # it works; nothing is to be done


@pytest.mark.parametrize(
    ("typed", "grams"), [("8.4", 8400), ("8,4", 8400), ("12", 12000), ("8,4 kg", 8400), ("", None)]
)
def test_it_is_weighed_with_a_comma_or_a_point(typed: str, grams: int | None, office: Client) -> None:
    computer = make_computer("accepted")
    assert press(office, computer, "receive", weight=typed).status_code == 302
    assert fresh(computer).grams == grams


def test_a_weight_that_an_import_knows_stands_in_the_field(office: Client) -> None:
    page = office.get(page_of(make_computer("accepted", grams=8400))).content.decode()
    assert 'name="weight" value="8.4"' in page


@pytest.mark.parametrize("typed", ["eight", "-3", "1.234,5", "0.05", "501", "8.4.1", "٣"])
def test_what_is_no_weight_is_told_at_the_field(typed: str, office: Client) -> None:
    computer = make_computer("accepted")
    reply = press(office, computer, "receive", weight=typed, note="heavy")
    assert (reply.status_code, fresh(computer).state) == (400, "accepted")
    assert 'id="receive_weight_error"' in reply.content.decode()
    assert "heavy" in text(reply)  # what was typed is still there


def test_a_decline_needs_a_reason(office: Client) -> None:
    computer = make_computer()
    reply = press(office, computer, "decline")
    assert (reply.status_code, fresh(computer).state) == (400, "offered")
    assert "the donor reads it" in text(reply)
    assert press(office, computer, "decline", reason="rain").status_code == 400
    assert press(office, computer, "decline", reason="enough").status_code == 302
    assert (fresh(computer).state, fresh(computer).reason) == ("declined", "enough")


def test_parts_go_to_another_computer(office: Client) -> None:
    computer, other = make_computer("received"), make_computer("received")
    wrong = [computer.number, "MNG-00127-5", computer_numbers.written(987654), "the other one"]
    for number in wrong:
        reply = press(office, computer, "use_for_parts", used_for=number)
        assert reply.status_code == 400
        assert 'id="use_for_parts_used_for_error"' in reply.content.decode(), number
    assert press(office, computer, "use_for_parts", used_for=other.number).status_code == 302
    assert fresh(computer).used_for == other
    assert f"Its parts went to {other.number}" in text(office.get(page_of(computer)))
    assert f"It has parts of {computer.number}" in text(office.get(page_of(other)))


def test_a_long_note_is_told_at_its_field(office: Client) -> None:
    computer = make_computer("received")
    reply = press(office, computer, "wipe", note="x" * 501)
    assert (reply.status_code, fresh(computer).state) == (400, "received")
    assert 'id="wipe_note_error"' in reply.content.decode()


@pytest.mark.parametrize("step", ["", "fly", "wipe"])
def test_a_step_that_is_not_offered_is_refused(step: str, office: Client) -> None:
    computer = make_computer()
    assert press(office, computer, step).status_code in (400, 409)
    assert fresh(computer).state == "offered"


def test_two_presses_of_one_page_take_one_step(office: Client) -> None:
    computer = make_computer("accepted")
    main = next(form for form in forms(office.get(page_of(computer))) if "step" in form)
    first, second = office.post(page_of(computer), main), office.post(page_of(computer), main)
    assert (first.status_code, second.status_code, first["Location"]) == (302, 302, second["Location"])
    again = office.post(page_of(computer), {**main, "once": "another page of the same state"})
    assert (again.status_code, fresh(computer).state) == (409, "received")
    assert computer.changes.filter(to_state="received").count() == 1


def test_an_old_page_takes_no_step_that_the_new_state_allows(office: Client) -> None:
    computer = make_computer("waiting")
    press(office, computer, "receive")
    reply = office.post(page_of(computer), {"step": "wipe", "from_state": "waiting"})
    assert (reply.status_code, fresh(computer).state) == (409, "received")
    assert office.post(page_of(computer), {"step": "wipe"}).status_code == 409  # nor one that does not say from where


def test_the_second_of_two_reads_who_did_what(office: Client, colleague: User) -> None:
    computer = make_computer("accepted")
    actions.step(computers=[computer], name="receive", by=colleague)
    reply = office.post(page_of(computer), {"step": "receive", "from_state": "accepted"})
    assert reply.status_code == 409
    assert f"{computer.number} is “Received” by now: Łukasz recorded it" in text(reply)
    assert "Record the wipe" in text(reply)  # the page is the computer's as it is now


# ---- undo ----


def test_a_step_can_be_taken_back(office: Client, admin: User) -> None:
    computer = make_computer("accepted")
    press(office, computer, "receive", weight="8.4")
    shown = office.get(page_of(computer))
    assert "Received, 8.4 kg. The donor gets a mail in 10 minutes. Undo" in text(shown)
    bar = next(form for form in forms(shown) if "batch" in form)
    reply = office.post(f"{page_of(computer)}undo/", bar, follow=True)
    assert "Taken back. The donor gets no mail about it." in text(reply)
    assert "Received taken back" in text(reply)
    assert "“Received” was taken back: it is “Accepted” again" in text(reply)
    assert "Undo" not in text(reply)
    assert AuditRow.objects.filter(who=admin, verb="undo_computer_step").count() == 1


def test_the_time_that_is_left_is_told_and_ends(office: Client) -> None:
    computer = make_computer("wiped")
    press(office, computer, "test")
    StateChange.objects.filter(to_state="tested").update(at=timezone.now() - timedelta(minutes=8, seconds=30))
    shown = office.get(page_of(computer))
    assert "Tested. It can be undone for 2 minutes." in text(shown)  # no mail is sent of a test
    bar = next(form for form in forms(shown) if "batch" in form)
    StateChange.objects.filter(to_state="tested").update(at=timezone.now() - timedelta(minutes=10))
    assert not [form for form in forms(office.get(page_of(computer))) if "batch" in form]
    reply = office.post(f"{page_of(computer)}undo/", bar, follow=True)
    assert "A step can be taken back for 10 minutes." in text(reply)
    assert fresh(computer).state == "tested"


def test_an_old_bar_does_not_undo_a_later_step(office: Client, colleague: User) -> None:
    computer = make_computer("received")
    press(office, computer, "wipe", disks="without")
    bar = next(form for form in forms(office.get(page_of(computer))) if "batch" in form)
    actions.step(computers=[computer], name="test", by=colleague)
    for batch in (bar["batch"], "no batch", ""):
        reply = office.post(f"{page_of(computer)}undo/", {"batch": batch}, follow=True)
        assert 'role="alert"' in reply.content.decode()
    assert fresh(computer).state == "tested"
    assert "Łukasz recorded this at" in text(reply)


# ---- facts ----

FACTS = {
    "kind": "laptop",
    "model": "ThinkPad X200",
    "cpu": "P8400",
    "bits": "64",
    "ram_mb": "4096",
    "year": "2008",
    "grams": "1,6",
}


def test_facts_are_corrected(office: Client, admin: User) -> None:
    computer = make_computer()
    page = office.get(f"{page_of(computer)}facts/").content.decode()
    assert 'value="Dell OptiPlex 780"' in page
    reply = office.post(f"{page_of(computer)}facts/", FACTS)
    assert reply["Location"] == page_of(computer)
    row = fresh(computer)
    assert (row.kind, row.model, row.bits, row.ram_mb, row.disk_gb, row.grams) == (
        "laptop", "ThinkPad X200", 64, 4096, None, 1600,
    )  # fmt: skip
    [row_of_log] = AuditRow.objects.filter(who=admin, verb="correct_computer")
    assert set(row_of_log.detail["fields"]) == {"kind", "model", "cpu", "year", "grams", "disk_gb", "nic_mbit"}
    assert "Corrected the facts about a computer" in text(office.get("/manage/audit/"))


@pytest.mark.parametrize("mark", ["\r\n", "\u202e", "\x1b"])
def test_no_hidden_mark_is_written_down(office: Client, mark: str) -> None:
    computer = make_computer()
    reply = office.post(f"{page_of(computer)}facts/", {**FACTS, "model": f"Dell{mark}780"})
    assert reply.status_code == 400
    assert fresh(computer).model == "Dell OptiPlex 780"


def test_all_wrong_facts_are_told_at_once(office: Client) -> None:
    computer = make_computer()
    wrong = {
        "kind": "x",
        "ram_mb": "0",
        "year": "3000",
        "grams": "heavy",
        "disk_gb": "1_000",
        "nic_mbit": "1.000",
        "bits": "16",
    }
    reply = office.post(f"{page_of(computer)}facts/", wrong)
    assert reply.status_code == 400
    page = reply.content.decode()
    assert [name for name in wrong if f'id="id_{name}_error"' not in page] == []
    assert page.count("autofocus") == 1
    assert fresh(computer).model == "Dell OptiPlex 780"
