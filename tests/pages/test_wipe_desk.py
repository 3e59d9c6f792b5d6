"""Disks and certificates at the desk: what is recorded, what is refused at its field, and how they meet the step."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from nodes.files import file_store
from nodes.models import Computer, DiskWipe, StoredFile, WipeCertificate
from tests.nodes.donated import make_computer
from tests.nodes.wiping.wiped import FAILED, PDF, certified, facts, wiped
from tests.pages.desk_pages import forms, fresh, page_of, press, text
from tests.pages.desk_pages import office as office

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: Any) -> Path:
    settings.FILES_DIR = str(tmp_path)
    return tmp_path


@pytest.fixture
def here(admin: User) -> Computer:
    return make_computer("received")


def typed(**other: Any) -> dict[str, Any]:
    """Return what somebody types who overwrote a magnetic disk."""
    started, ended = (timezone.localtime() - timedelta(hours=hours) for hours in (3, 1))
    times = {"started_at": f"{started:%Y-%m-%dT%H:%M}", "ended_at": f"{ended:%Y-%m-%dT%H:%M}"}
    return {**facts(), **times, **other}


def new(computer: Computer) -> str:
    return f"{page_of(computer)}disks/"


def test_a_disk_is_recorded_and_stands_on_the_page(office: Client, here: Computer) -> None:
    log = SimpleUploadedFile("nwipe.log", "łukasz".encode())
    assert office.post(new(here), typed(evidence=[log, SimpleUploadedFile("a.pdf", PDF)])).status_code == 302
    page = text(office.get(page_of(here)))
    assert "Magnetic disk (HDD), 320 GB WD-WCAV2M918842 Clear: Overwritten nwipe.log a.pdf Passed" in page
    assert DiskWipe.objects.get().tool_version == "0.42"


def test_retries_of_the_program_are_kept_and_shown(office: Client, here: Computer) -> None:
    office.post(new(here), typed(retries="12"))
    assert "12 retries" in text(office.get(page_of(here)))
    assert office.post(new(here), typed(serial="OTHER", retries="-1")).status_code == 400


def test_the_next_form_knows_what_stays_the_same(office: Client, here: Computer) -> None:
    wiped(here, User.objects.get(username="admin"))
    page = office.get(new(here)).content.decode()
    assert 'value="4XK2P4J"' in page
    assert "WD-WCAV2M918842" not in page


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_lost(office: Client, here: Computer) -> None:
    wrong = typed(media="ssd", method="purge", size_gb="0", serial="", ended_at="soon", own_technique="By hand")
    reply = office.post(new(here), wrong)
    page = text(reply)
    for said in (
        "Overwriting does not reach all of a flash disk", "From 1 to", "Fill this in.", "Write a day and a time", "leave it empty",
    ):  # fmt: skip
        assert said in page
    assert reply.status_code == 400
    assert 'value="By hand"' in reply.content.decode()
    assert not DiskWipe.objects.exists()


def test_what_the_disk_does_not_allow_is_said_at_the_method(office: Client, here: Computer) -> None:
    reply = office.post(new(here), typed(media="ssd", method="purge"))
    page = reply.content.decode()
    fault = page.partition('id="disk_method_error"')[2][:300]
    assert "Overwriting does not reach all of a flash disk: it is Clear at the most." in fault


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89PNG", "a.pdf: Only PDF and plain text"),
        (b"", "a.pdf: This file is empty."),
        (b"MZ\x00", "a.pdf: Only PDF"),
    ],
)
def test_other_files_are_refused_with_their_name(office: Client, here: Computer, data: bytes, said: str) -> None:
    reply = office.post(new(here), typed(evidence=[SimpleUploadedFile("a.pdf", data)]))
    assert (reply.status_code, said in text(reply)) == (400, True)
    assert "Nothing is saved yet: choose the files again." in text(reply)
    assert not DiskWipe.objects.exists()


def test_without_room_nothing_is_recorded(
    office: Client, here: Computer, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    monkeypatch.setattr(file_store, "most_bytes", lambda: 3)
    reply = office.post(new(here), typed(evidence=[SimpleUploadedFile("a.pdf", PDF)]))
    assert (reply.status_code, "There is no room for more files." in text(reply)) == (507, True)
    assert not DiskWipe.objects.exists()
    assert not [*place.iterdir()]


def test_it_is_corrected_and_removed_until_it_is_certified(office: Client, here: Computer, admin: User) -> None:
    disk = wiped(here, admin)
    url = f"{new(here)}{disk.pk}/"
    assert office.post(url, typed(serial="right")).status_code == 302
    assert DiskWipe.objects.get().serial == "right"
    office.post(f"{url}remove/")
    office.post(f"{url}remove/")
    assert not DiskWipe.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_a_colleague_has_certified_meanwhile_is_told(office: Client, admin: User, method: str) -> None:
    disk = certified(admin).disks.get()
    reply = getattr(office, method)(f"{new(disk.computer)}{disk.pk}/", typed(serial="x"), follow=True)
    assert "This disk is on certificate WPC-" in reply.content.decode()
    assert DiskWipe.objects.get().serial == disk.serial


def test_evidence_is_downloaded_never_shown(office: Client, here: Computer) -> None:
    office.post(new(here), typed(evidence=[SimpleUploadedFile("x.html", b"<script>alert(1)</script>")]))
    row = DiskWipe.objects.get().evidence.get()
    reply: Any = office.get(f"{page_of(here)}evidence/{row.pk}/")
    assert b"".join(reply.streaming_content) == b"<script>alert(1)</script>"
    assert reply["Content-Disposition"] == 'attachment; filename="x.html.txt"'
    assert (reply["X-Content-Type-Options"], reply["Content-Type"]) == ("nosniff", "text/plain; charset=utf-8")
    assert office.get(f"{page_of(make_computer('received'))}evidence/{row.pk}/").status_code == 404


def test_a_long_name_of_evidence_is_cut_and_nothing_is_lost(office: Client, here: Computer) -> None:
    report = BytesIO(PDF)
    report.name = f"{'x' * 3_000}.pdf"
    assert office.post(new(here), typed(evidence=[report])).status_code == 302
    kept = DiskWipe.objects.get().evidence.get().name
    assert (kept.startswith("xxx"), kept.endswith(".pdf"), len(kept) < 256) == (True, True, True)


def test_evidence_is_taken_out_by_its_box(office: Client, here: Computer) -> None:
    office.post(new(here), typed(evidence=[SimpleUploadedFile("a.pdf", PDF)]))
    disk = DiskWipe.objects.get()
    office.post(f"{new(here)}{disk.pk}/", typed(without=disk.evidence.get().pk))
    assert not disk.evidence.exists()
    assert StoredFile.objects.get().dropped_at


def test_a_certificate_is_issued_and_withdrawn(office: Client, here: Computer, admin: User) -> None:
    wiped(here, admin)
    assert office.post(f"{page_of(here)}certificate/").status_code == 302
    certificate = WipeCertificate.objects.get()
    assert f"{certificate.number} Valid" in text(office.get(page_of(here)))
    url = f"{page_of(here)}certificates/{certificate.pk}/withdraw/"
    assert "Say why it is withdrawn" in text(office.post(url, {"reason": ""}))
    office.post(url, {"reason": "A typing error", "again": "on"})
    page = text(office.get(page_of(here)))
    assert f"{certificate.number} Withdrawn" in page
    assert "A typing error" in page
    assert "On no certificate yet" in page


def test_without_a_disk_there_is_none_to_issue(office: Client, here: Computer) -> None:
    reply = office.post(f"{page_of(here)}certificate/")
    assert (reply.status_code, "No disk waits for a certificate" in text(reply)) == (409, True)


def test_one_that_failed_is_told_before_anything_is_issued(office: Client, here: Computer, admin: User) -> None:
    wiped(here, admin, **FAILED)
    page = text(office.get(page_of(here)))
    assert "The wipe of WD-WCAV2M918842 failed: it can only be destroyed." in page
    assert "Issue the certificate" not in page


def test_the_step_asks_for_the_disks_only_where_nothing_certifies_them(
    office: Client, here: Computer, admin: User
) -> None:
    assert "Its disks" in text(office.get(page_of(here)))
    assert "Its disks" not in text(office.get(page_of(certified(admin).computer)))


@pytest.mark.parametrize(
    ("disks", "said"), [("no_disk", "It has no disk"), ("without", "Wiped, without a certificate")]
)
def test_the_history_says_why_there_is_no_certificate(office: Client, here: Computer, disks: str, said: str) -> None:
    press(office, here, "wipe", disks=disks)
    assert fresh(here).state == "wiped"
    assert f"Wiped {said}" in text(office.get(page_of(here)))


def test_nobody_claims_a_wipe_by_one_tap(office: Client, here: Computer) -> None:
    page = office.get(page_of(here)).content.decode()
    assert '<option value="" selected>Choose one</option>' in page
    reply = press(office, here, "wipe")
    assert (reply.status_code, fresh(here).state) == (400, "received")
    assert "Choose why there is no certificate, or issue one first." in text(reply)


def test_with_a_certificate_the_step_is_one_tap(office: Client, admin: User) -> None:
    computer = certified(admin).computer
    form = next(each for each in forms(office.get(page_of(computer))) if each.get("step") == "wipe")
    assert office.post(page_of(computer), form).status_code == 302
    assert fresh(computer).state == "wiped"


def test_a_computer_without_a_disk_needs_no_other_answer(office: Client) -> None:
    computer = make_computer("received", disk_gb=0)
    assert '<option value="no_disk" selected>' in office.get(page_of(computer)).content.decode()


@pytest.mark.parametrize("state", ["offered", "accepted", "declined"])
def test_of_what_has_not_come_no_disk_is_recorded(office: Client, state: str) -> None:
    computer = make_computer(state)
    assert "Record a wiped disk" not in text(office.get(page_of(computer)))
    reply = office.post(new(computer), typed(), follow=True)
    assert "Disks are recorded once the computer is here" in reply.content.decode()
