"""Evidence: only PDF and text by their bytes, all of it or nothing, and never lost by a correction."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from nodes.files import file_store
from nodes.files.file_store import NoRoom
from nodes.models import DiskWipe, StoredFile, WipeEvidence
from nodes.wiping import certificates, disks, evidence
from nodes.wiping.evidence import BadEvidence
from tests.nodes.donated import make_computer
from tests.nodes.wiping.wiped import PDF, certified, facts, wiped

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: Any) -> Path:
    settings.FILES_DIR = str(tmp_path)
    return tmp_path


def log(text: str = "hdparm: erased", name: str = "hdparm.log") -> evidence.Evidence:
    return evidence.read(name, text.encode())


@pytest.mark.parametrize(
    ("name", "data", "stored", "kind"),
    [
        ("report.pdf", PDF, "report.pdf", evidence.PDF),
        ("report.exe", PDF, "report.exe.pdf", evidence.PDF),
        ("nwipe.log", b"\x1b[1mdone\x1b[0m \xc5\x81ukasz\r\n", "nwipe.log", evidence.TEXT),
        ("page.html", b"<script>", "page.html.txt", evidence.TEXT),
        ("../../etc/passwd", b"x", "passwd.txt", evidence.TEXT),
        ("\u202e\n", b"x", "evidence.txt", evidence.TEXT),
    ],
)
def test_its_kind_is_that_of_its_bytes(name: str, data: bytes, stored: str, kind: str) -> None:
    read = evidence.read(name, data)
    assert (read.name, read.media_type) == (stored, kind)


@pytest.mark.parametrize(
    "data", [b"", b" \n", b"\x89PNG\r\n", b"MZ\x00\x00", b"a\x00b", b"\xff\xfea\x00", b"PK\x03\x04"]
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(BadEvidence):
        evidence.read("a.pdf", data)


def test_one_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST_BYTES", 3)
    with pytest.raises(BadEvidence, match="larger than"):
        log()


def test_it_is_kept_with_the_record(admin: User) -> None:
    disk = wiped(make_computer("received"), admin, files=[log(), evidence.read("a.pdf", PDF)])
    assert [row.name for row in disk.evidence.all()] == ["hdparm.log", "a.pdf"]
    with file_store.opened(disk.evidence.all()[1].file) as stream:
        assert stream.read() == PDF


def test_without_room_for_all_nothing_is_kept(admin: User, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "most_bytes", lambda: 20)
    with pytest.raises(NoRoom):
        wiped(make_computer("received"), admin, files=[log(), log("much more than there is room for")])
    assert not DiskWipe.objects.exists()
    assert not StoredFile.objects.exists()
    assert not [*place.iterdir()]


def test_there_are_at_most_some(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST", 1)
    disk = wiped(make_computer("received"), admin, files=[log()])
    with pytest.raises(BadEvidence, match="at most 1"):
        disks.change(disk=disk, by=admin, files=[log()], **facts())
    assert disk.evidence.count() == 1


def test_what_is_taken_out_goes_a_day_later(admin: User, place: Path) -> None:
    disk = wiped(make_computer("received"), admin, files=[log()])
    disks.change(disk=disk, by=admin, without=list(disk.evidence.all()), **facts())
    assert not WipeEvidence.objects.exists()
    file_store.sweep(timezone.now() + timedelta(days=2))
    assert not [*place.iterdir()]


def test_a_correction_has_the_same_files_and_loses_none_of_the_first(admin: User) -> None:
    certificate = certified(admin, files=[log()])
    certificates.withdraw(certificate=certificate, by=admin, reason="A typing error")
    anew = certificate.computer.disk_wipes.get(certificate=None)
    assert anew.evidence.get().file == certificate.disks.get().evidence.get().file
    disks.remove(disk=anew, by=admin)
    assert StoredFile.objects.get().dropped_at is None
