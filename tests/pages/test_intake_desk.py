"""Measuring at the desk: one press makes a code, its label, typed lines, differences taken over, and who sees a serial number."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from nodes.hypervisors import ties
from nodes.intake import intake_codes
from nodes.models import Computer, DiskWipe, IntakeCode, Measurement, Node
from portal.presenters import donor_data
from tests.nodes.donated import donor_of, make_computer
from tests.nodes.intake import recorded
from tests.nodes.intake.measured import measured
from tests.nodes.wiping.wiped import wiped
from tests.pages.desk_pages import office as office
from tests.pages.desk_pages import page_of, text
from tests.pages.test_inventory_pages import whole

SERIALS = ("ABC123J", "WD-WCAV2A123456")
ILL = {**recorded.facts()["disks"][0], "reallocated": 8, "pending": 2}
NOTE = "Not for machines' disks: sda · Magnetic disk (HDD) · 320 GB · WDC WD3200AAJS (8 reallocated sectors, 2 pending sectors)"


@pytest.fixture
def computer(db: None) -> Computer:
    return make_computer("received")


def code_of(reply: Any) -> str:
    return str(reply.content.decode().partition('id="code">')[2].partition("<")[0])


def lines(**changes: Any) -> str:
    return "\n".join(recorded.program().lines_of(recorded.facts(**changes)))


def test_one_press_makes_a_code_that_works_and_the_page_tells_what_to_type(computer: Computer, office: Client) -> None:
    assert "Make a code to measure it" in text(office.get(page_of(computer)))
    reply = office.post(f"{page_of(computer)}intake/code/")
    code = code_of(reply)
    assert f"sudo python3 minga-intake --code {code}" in reply.content.decode()
    assert "no-store" in reply["Cache-Control"]
    assert intake_codes.is_open(computer, code)
    assert "Make another code" in text(office.get(page_of(computer)))


def test_the_code_is_printed_while_it_works(computer: Computer, office: Client) -> None:
    code = code_of(office.post(f"{page_of(computer)}intake/code/"))
    reply = office.post(f"{page_of(computer)}intake/label/", {"code": code})
    assert (reply["Content-Type"], reply.content[:4]) == ("application/pdf", b"%PDF")
    office.post(f"{page_of(computer)}intake/code/")
    reply = office.post(f"{page_of(computer)}intake/label/", {"code": code}, follow=True)
    assert "This code does not work any more." in reply.content.decode()


def test_a_code_that_is_not_used_is_withdrawn_and_the_history_says_by_whom(computer: Computer, office: Client) -> None:
    code = code_of(office.post(f"{page_of(computer)}intake/code/"))
    assert "Withdraw the code" in text(office.get(page_of(computer)))
    office.post(f"{page_of(computer)}intake/codes/{IntakeCode.objects.get().pk}/withdraw/")
    assert not intake_codes.is_open(computer, code)
    page = text(office.get(page_of(computer)))
    assert "Withdraw the code" not in page
    assert "The code to measure it was withdrawn, not used admin" in page


def test_what_does_not_work_any_more_is_not_withdrawn(computer: Computer, office: Client) -> None:
    code = code_of(office.post(f"{page_of(computer)}intake/code/"))
    intake_codes.use(code=code, facts=recorded.facts(), address="")
    reply = office.post(f"{page_of(computer)}intake/codes/{IntakeCode.objects.get().pk}/withdraw/", follow=True)
    assert "This code did not work any more" in reply.content.decode()
    assert IntakeCode.objects.get().withdrawn_at is None


@pytest.mark.parametrize("typed", ["", "x", "K7MQR-2XHB8", "<script>"])
def test_nothing_but_its_own_code_is_printed(typed: str, computer: Computer, office: Client) -> None:
    assert office.post(f"{page_of(computer)}intake/label/", {"code": typed}).status_code == 302


def test_typed_lines_are_written_down_with_who_typed_them(computer: Computer, office: Client, admin: User) -> None:
    reply = office.post(f"{page_of(computer)}intake/", {"text": lines()})
    row = Measurement.objects.get()
    assert (reply.status_code, row.by, row.code, row.ram_installed_mb) == (302, admin, None, 4096)


def test_mistyped_lines_are_named_at_the_field_and_stay_there(computer: Computer, office: Client) -> None:
    typed = lines().replace("r=3789", "r=3798").replace("g=320", "g=32O")
    reply = office.post(f"{page_of(computer)}intake/", {"text": typed})
    assert (reply.status_code, text(reply).count("does not fit its last two characters")) == (400, 2)
    assert "r=3798" in reply.content.decode()
    assert not Measurement.objects.exists()


def test_differences_are_shown_and_taken_over_by_one_press(computer: Computer, office: Client) -> None:
    row = measured(computer, ram_installed_mb=None)
    shown = text(office.get(page_of(computer)))
    assert "Memory: 4 GB was written, 3.7 GB was measured A system never shows all of the memory" in shown
    assert "Weight: 8.4 kg was measured, nothing was written" in shown
    office.post(f"{page_of(computer)}intake/{row.pk}/take-over/", {"fields_taken": ["ram_mb", "grams"]})
    computer.refresh_from_db()
    assert (computer.ram_mb, computer.grams, computer.cpu) == (3789, 8400, "Core 2 Duo E8400")
    assert "said: 4 GB" in text(office.get(page_of(computer)))


@pytest.mark.parametrize("fields", [[], ["state"], ["donation", "grams"]])
def test_only_what_can_be_measured_is_taken_over(fields: list[str], computer: Computer, office: Client) -> None:
    row = measured(computer)
    office.post(f"{page_of(computer)}intake/{row.pk}/take-over/", {"fields_taken": fields})
    computer.refresh_from_db()
    assert (computer.state, computer.grams) == ("received", None)


def test_too_little_by_what_was_measured_is_told(computer: Computer, office: Client) -> None:
    measured(computer, ram_mb=480, ram_installed_mb=512)
    shown = text(office.get(page_of(computer)))
    assert "Going by what was measured, it cannot carry machines: It has too little memory." in shown


def test_an_ill_disk_is_told_on_the_pages_of_computer_and_node(computer: Computer, office: Client, admin: User) -> None:
    measured(computer, disks=[ILL])
    assert NOTE in text(office.get(page_of(computer)))
    node = Node.objects.create(name="n1", seen_at=timezone.now())
    assert NOTE not in text(office.get(f"/manage/nodes/{node.pk}/"))
    ties.tie(node=node, computer=computer, since=timezone.now(), by=admin, now=timezone.now())
    assert NOTE in text(office.get(f"/manage/nodes/{node.pk}/"))


def test_a_measured_disk_fills_the_form_of_its_wipe(computer: Computer, office: Client) -> None:
    disk = measured(computer).disks.get()
    assert f"disks/?disk={disk.pk}" in office.get(page_of(computer)).content.decode()
    page = office.get(f"{page_of(computer)}disks/?disk={disk.pk}").content.decode()
    for value in (*SERIALS, "320"):
        assert f'value="{value}"' in page
    assert '<option value="magnetic" selected>' in page


@pytest.mark.parametrize("typed", ["x", "0", "99999999999999", "-1"])
def test_a_disk_of_nobody_fills_nothing(typed: str, computer: Computer, office: Client) -> None:
    assert office.get(f"{page_of(computer)}disks/", {"disk": typed}).status_code == 200


def test_a_disk_of_another_computer_fills_nothing(computer: Computer, office: Client) -> None:
    disk = measured().disks.get()
    assert SERIALS[1] not in office.get(f"{page_of(computer)}disks/?disk={disk.pk}").content.decode()


def test_a_recorded_disk_is_not_offered_again(computer: Computer, office: Client, admin: User) -> None:
    measured(computer)
    wiped(computer, admin, serial=SERIALS[1].lower())
    assert DiskWipe.objects.count() == 1
    assert "Its wipe is recorded" in text(office.get(page_of(computer)))


def test_nobody_but_administrators_sees_a_serial_number(office: Client, student: User) -> None:
    donor = donor_of(user=student)
    computer = make_computer("received", donor=donor)
    measured(computer)
    assert all(serial in office.get(page_of(computer)).content.decode() for serial in SERIALS)
    client = Client()
    client.force_login(student)
    pages = [
        "/donating/",
        f"/c/{computer.number}/",
        "/api/v1/computers/",
        f"/api/v1/donations/{computer.donation.number}/",
    ]
    for page in pages:
        shown = client.get(page)
        assert shown.status_code == 200, page
        assert not any(serial in shown.content.decode() for serial in SERIALS), page


def test_a_donor_downloads_what_was_measured_without_serial_numbers(computer: Computer) -> None:
    measured(computer)
    kept = "".join(donor_data.kept(computer.donation.donor))
    assert "Core(TM)2 Duo" in kept
    assert not any(serial in kept for serial in SERIALS)


def test_a_formula_of_the_bios_stays_text_in_the_export(computer: Computer, office: Client) -> None:
    row = measured(computer, vendor="", product="=cmd|' /C calc'!A0")
    office.post(f"{page_of(computer)}intake/{row.pk}/take-over/", {"fields_taken": ["model"]})
    assert "'=cmd|' /C calc'!A0" in whole(office.get("/manage/computers/export.csv"))


def test_marks_of_the_bios_are_shown_as_text(computer: Computer, office: Client) -> None:
    measured(computer, product="<script>alert(1)</script>")
    assert "<script>alert" not in office.get(page_of(computer)).content.decode()


def test_what_is_offered_only_has_no_panel(office: Client) -> None:
    computer = make_computer("offered")
    assert "What was measured" not in text(office.get(page_of(computer)))
    office.post(f"{page_of(computer)}intake/code/")
    assert not IntakeCode.objects.exists()
