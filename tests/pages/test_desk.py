"""The desk: given computers found, their steps and undoing, two at once, facts corrected, and offers decided as a whole."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditRow, Donor, User
from nodes import actions, computer_numbers
from nodes.models import Computer, Donation, StateChange
from tests.nodes.ledger import make_computer, make_donation, make_donor

LIST = "/manage/computers/"


@pytest.fixture
def office(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create(username="lukasz", first_name="Łukasz", last_name="Nowak", roles=["admin"])


def page_of(computer: Computer) -> str:
    return f"{LIST}{computer.pk}/"


def text(reply: Any) -> str:
    """The words of a page, without marks."""
    plain = re.sub(r"<[^>]+>", " ", reply.content.decode().partition("<main")[2])
    return " ".join(plain.replace("\u00a0", " ").replace("&#x27;", "'").split())


def forms(reply: Any) -> list[dict[str, str]]:
    """The hidden fields of each form that posts."""
    found = re.findall(r'<form[^>]*method="post".*?</form>', reply.content.decode(), re.DOTALL)
    hidden = [re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form) for form in found]
    return [{name: value for name, value in each if name != "csrfmiddlewaretoken"} for each in hidden]


def press(client: Client, computer: Computer, step: str, **typed: Any) -> Any:
    """Press a button of the page as it is now."""
    return client.post(page_of(computer), {"step": step, "from_state": fresh(computer).state, **typed})


def fresh(computer: Computer) -> Computer:
    return Computer.objects.get(pk=computer.pk)


# ---- the list ----


def test_the_empty_list_says_what_comes_there(office: Client) -> None:
    assert "Nobody has offered a computer yet" in text(office.get(LIST))


@pytest.mark.parametrize("typed", ["{0}", "mng {1}-{2}", "{1}{2}", "{3}{2}", " {1} {2} "])
def test_a_number_leads_straight_to_its_computer(typed: str, office: Client) -> None:
    number = make_computer().number
    _letters, serial, digit = number.split("-")
    reply = office.get(LIST, {"q": typed.format(number, serial, digit, serial.lstrip("0"))})
    assert (reply.status_code, reply["Location"]) == (302, page_of(Computer.objects.get()))


def test_a_wrong_check_digit_is_told_at_the_field(office: Client) -> None:
    right = make_computer().number
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    reply = office.get(LIST, {"q": wrong})
    assert (reply.status_code, "The last digit does not fit" in text(reply)) == (400, True)
    assert 'aria-invalid="true"' in reply.content.decode()
    reply = office.get(LIST, {"q": computer_numbers.written(987654)})
    assert (reply.status_code, "There is no computer with this number." in text(reply)) == (400, True)


def test_the_digits_of_a_model_are_no_mistyped_number(office: Client) -> None:
    computer = make_computer(model="Dell OptiPlex 780")
    reply = office.get(LIST, {"q": "780"})
    assert (reply.status_code, computer.number in text(reply)) == (200, True)


@pytest.mark.parametrize("q", ["optiplex", "lucia", "MEJIA", "paz 780", "lucia@example.org"])
def test_it_is_found_by_model_donor_and_organisation(q: str, office: Client) -> None:
    computer = make_computer(model="Dell OptiPlex 780")
    other = make_computer(model="HP 6000", donor=make_donor("c@example.org", name="Carlos", organisation=""))
    shown = text(office.get(LIST, {"q": q}))
    assert (computer.number in shown, other.number in shown) == (True, False)


def test_what_matches_nothing_says_so(office: Client) -> None:
    make_computer()
    assert "Nothing was found for “zebra”." in text(office.get(LIST, {"q": "zebra"}))
    assert "Nothing was found with these filters." in text(office.get(LIST, {"state": "lost"}))
    assert office.get(LIST, {"state": "nonsense"}).status_code == 400


def test_states_are_counted_and_who_waits_longest_comes_first(office: Client) -> None:
    new, old = make_computer("received"), make_computer("received")
    make_computer("in_service")
    Computer.objects.filter(pk=old.pk).update(state_since=timezone.now() - timedelta(days=2))
    reply = office.get(LIST, {"state": "received"})
    shown = text(reply)
    assert "All 3" in shown
    assert "To wipe 2" in shown
    assert "In service (1)" in shown
    assert shown.index(old.number) < shown.index(new.number)


def test_pages_of_25_and_no_more_queries_for_more_computers(office: Client) -> None:
    make_computer()
    office.get(LIST)
    with CaptureQueriesContext(connection) as few:
        office.get(LIST)
    for n in range(30):
        make_computer(donor=make_donor(f"d{n}@example.org"))
    with CaptureQueriesContext(connection) as many:
        shown = text(office.get(LIST))
    assert len(many) == len(few)
    assert (shown.count("MNG-"), "Page 1 of 2" in shown) == (25, True)


# ---- a computer ----


def test_a_computer_goes_all_its_way_by_the_main_button(office: Client) -> None:
    computer = make_computer()
    for state in ("accepted", "received", "wiped", "tested", "in_service"):
        facts = forms(office.get(page_of(computer)))
        main = next(form for form in facts if "step" in form)
        reply = office.post(page_of(computer), main)
        assert (reply.status_code, fresh(computer).state) == (302, state)
    assert 'class="main"' not in office.get(page_of(computer)).content.decode()  # it works; nothing is to be done


@pytest.mark.parametrize(
    ("typed", "grams"), [("8.4", 8400), ("8,4", 8400), ("12", 12000), ("8,4 kg", 8400), ("", None)]
)
def test_it_is_weighed_with_a_comma_or_a_point(typed: str, grams: int | None, office: Client) -> None:
    computer = make_computer("accepted")
    assert press(office, computer, "receive", weight=typed).status_code == 302
    assert fresh(computer).grams == grams


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
    press(office, computer, "wipe")
    bar = next(form for form in forms(office.get(page_of(computer))) if "batch" in form)
    actions.step(computers=[computer], name="test", by=colleague)
    for batch in (bar["batch"], "no batch", ""):
        reply = office.post(f"{page_of(computer)}undo/", {"batch": batch}, follow=True)
        assert 'role="alert"' in reply.content.decode()
    assert fresh(computer).state == "tested"
    assert "Łukasz recorded this at" in text(reply)


# ---- what a page tells ----


def test_the_donor_and_their_other_computers_are_there(office: Client, student: User) -> None:
    donor = make_donor(user=student)
    computer, other = (make_computer(donor=donor) for _n in range(2))
    stranger = make_computer(donor=make_donor("c@example.org", name="Carlos", organisation=""))
    shown = text(office.get(page_of(computer)))
    for words in ("Lucía Paz", "Colegio Mejía", "lucia@example.org not verified", student.shown_name, other.number):
        assert words in shown
    assert stranger.number not in shown
    Donor.objects.filter(pk=donor.pk).update(verified_at=timezone.now())
    assert "lucia@example.org verified" in text(office.get(page_of(computer)))


def test_a_doubt_is_told_before_somebody_decides(office: Client) -> None:
    computer = make_computer(ram_mb=256)
    assert "It has too little memory." in text(office.get(page_of(computer)))
    assert "it cannot carry machines" not in text(office.get(page_of(make_computer())))


def test_what_was_declined_by_the_form_says_so(office: Client) -> None:
    offered = actions.Offered(kind="desktop", cpu="Pentium 4", bits=32)
    donation = actions.offer(donor=make_donor(), computers=[offered], handover="bring")
    shown = text(office.get(page_of(donation.computers.get())))
    assert "It is a 32-bit computer." in shown
    assert "the form, by the least that helps" in shown
    assert "Accept it after all" in shown


def test_a_page_costs_as_many_queries_with_more_of_everything(office: Client, admin: User) -> None:
    computer = make_computer("received")
    press(office, computer, "wipe")
    office.get(page_of(computer))
    make_computer(donor=computer.donation.donor)
    with CaptureQueriesContext(connection) as few:
        office.get(page_of(computer))
    for _n in range(15):
        make_computer(donor=computer.donation.donor)
        Computer.objects.filter(pk=make_computer().pk).update(state="parts", used_for=computer)
        actions.step(computers=[computer], name="wait_for_parts", by=admin)
        actions.step(computers=[computer], name="wipe", by=admin)
    with CaptureQueriesContext(connection) as many:
        office.get(page_of(computer))
    assert len(many) == len(few)


def test_words_of_a_donor_are_text(office: Client) -> None:
    donor = make_donor(name="<script>x</script>", organisation="<b>y</b>")
    donation = make_donation("<i>z</i>", donor=donor, message="<script>m</script>")
    for url in (LIST, page_of(donation.computers.get()), f"/manage/donations/{donation.pk}/"):
        page = office.get(url).content.decode()
        assert not re.search(r"<script>[xm]|<b>y|<i>z", page)


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
    assert set(row_of_log.detail["fields"]) == {"kind", "model", "cpu", "year", "grams"}
    assert "Corrected the facts about a computer" in text(office.get("/manage/audit/"))


def test_all_wrong_facts_are_told_at_once(office: Client) -> None:
    computer = make_computer()
    wrong = {
        "kind": "x",
        "ram_mb": "0",
        "year": "3000",
        "grams": "heavy",
        "disk_gb": "1e9",
        "nic_mbit": "-1",
        "bits": "16",
    }
    reply = office.post(f"{page_of(computer)}facts/", wrong)
    assert reply.status_code == 400
    page = reply.content.decode()
    assert [name for name in wrong if f'id="id_{name}_error"' not in page] == []
    assert page.count("autofocus") == 1
    assert fresh(computer).model == "Dell OptiPlex 780"


# ---- an offer ----


def offer_page(donation: Donation) -> str:
    return f"/manage/donations/{donation.pk}/"


def together(client: Client, donation: Donation, step: str) -> dict[str, Any]:
    """What the button of a step on the offer's page sends."""
    page = client.get(offer_page(donation)).content.decode()
    form = next(
        form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'name="step" value="{step}"' in form
    )
    named = re.findall(r'name="computer" value="(\d+)"', form)
    state = re.findall(r'name="from_state" value="(\w+)"', form)[0]
    return {"step": step, "from_state": state, "computer": named}


def test_an_offer_is_accepted_as_a_whole(office: Client) -> None:
    donation = make_donation("one", "two", "three", message="Second floor")
    shown = text(office.get(offer_page(donation)))
    for words in ("Offer of Lucía Paz", "Second floor", "The donor brings it.", "Accept all 3", "Not answered yet."):
        assert words in shown
    assert office.post(offer_page(donation), together(office, donation, "accept")).status_code == 302
    assert set(donation.computers.values_list("state", flat=True)) == {"accepted"}
    shown = office.get(offer_page(donation))
    assert "Accepted: 3 computers. The donor gets a mail in 10 minutes." in text(shown)
    assert "All 3 are here" in text(shown)
    bar = next(form for form in forms(shown) if "batch" in form)
    office.post(f"{offer_page(donation)}undo/", bar)
    assert set(donation.computers.values_list("state", flat=True)) == {"offered"}


def test_the_button_tells_how_many_it_is_about(office: Client, admin: User) -> None:
    donation = make_donation("one", "two", "three")
    actions.step(computers=[donation.computers.earliest("pk")], name="decline", by=admin, reason="enough")
    shown = text(office.get(offer_page(donation)))
    assert "Accept 2 of 3" in shown
    assert "Do not accept 2 of 3" in shown
    office.post(offer_page(donation), together(office, donation, "accept"))
    assert "2 of 3 are here" in text(office.get(offer_page(donation)))
    assert sorted(donation.computers.values_list("state", flat=True)) == ["accepted", "accepted", "declined"]


def test_one_reason_for_all_that_are_not_accepted(office: Client) -> None:
    donation = make_donation("one", "two")
    sent = together(office, donation, "decline")
    assert office.post(offer_page(donation), sent).status_code == 400
    office.post(offer_page(donation), {**sent, "reason": "enough"})
    assert set(donation.computers.values_list("state", "reason")) == {("declined", "enough")}


def test_if_one_changed_meanwhile_none_does(office: Client, colleague: User) -> None:
    donation = make_donation("one", "two")
    sent = together(office, donation, "accept")
    actions.step(computers=[donation.computers.earliest("pk")], name="accept", by=colleague)
    reply = office.post(offer_page(donation), sent)
    assert (reply.status_code, "Łukasz recorded it" in text(reply)) == (409, True)
    assert sorted(donation.computers.values_list("state", flat=True)) == ["accepted", "offered"]
    assert "Accept 1 of 2" in text(reply)


def test_computers_of_other_offers_are_not_moved_by_it(office: Client) -> None:
    donation, other = make_donation("one"), make_computer()
    for named in ([], [str(other.pk)], [str(donation.computers.get().pk), str(other.pk)], ["x"], ["²"], ["9" * 30]):
        reply = office.post(offer_page(donation), {"step": "accept", "from_state": "offered", "computer": named})
        assert reply.status_code == 400, named
    assert (fresh(other).state, donation.computers.get().state) == ("offered", "offered")


def test_what_the_donor_answered_is_there(office: Client) -> None:
    donation = make_donation("one")
    actions.confirm(donation=donation, is_right=False, note="The cable is missing.")
    shown = text(office.get(offer_page(donation)))
    assert "Something is missing, or too much" in shown
    assert "The cable is missing." in shown
    actions.confirm(donation=donation, is_right=True)
    assert "The list is right" in text(office.get(offer_page(donation)))


@pytest.mark.parametrize("url", [LIST, f"{LIST}987/", f"{LIST}987/facts/", "/manage/donations/987/"])
def test_what_is_not_there_is_not_found_and_others_see_none_of_it(url: str, office: Client, donor: User) -> None:
    assert office.get(url).status_code == (200 if url == LIST else 404)
    stranger = Client()
    stranger.force_login(donor)
    assert stranger.get(url).status_code == 403


def test_the_dashboard_tells_of_offers_that_wait(office: Client) -> None:
    make_donation("one", "two")
    page = office.get("/manage/").content.decode()
    assert "2 computers are offered, and wait for a decision." in page
    assert 'href="/manage/computers/?state=offered"' in page
