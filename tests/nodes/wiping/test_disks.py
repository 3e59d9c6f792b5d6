"""Records of wiped disks: what is refused, at which field, and what may still be changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditRow, User
from nodes.models import DiskWipe
from nodes.states import State
from nodes.step_checks import BadInput
from nodes.wiping import certificates, disk_checks, disks
from tests.nodes.donated import make_computer
from tests.nodes.wiping.wiped import DESTROYED, FAILED, certified, facts, wiped

pytestmark = pytest.mark.django_db


def test_it_names_who_did_it_and_is_in_the_log(admin: User) -> None:
    admin.first_name, admin.last_name = "Łukasz", "Nowak"
    disk = wiped(make_computer("received"), admin, second_person="Gabriela")
    assert (disk.operator, disk.operator_name) == (admin, "Łukasz Nowak")
    assert AuditRow.objects.get().verb == "record_disk_wipe"


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"media": "ssd", "method": "purge"}, "method", "Clear at the most"),
        ({"media": "ssd", "technique": "degauss"}, "technique", "nothing to flash"),
        ({"technique": "own", "own_technique": ""}, "own_technique", "in words"),
        ({"own_technique": "A hammer"}, "own_technique", "leave it empty"),
        ({"tool": ""}, "tool", "which program"),
        ({"verification": ""}, "verification", "how it was verified"),
        ({"verification": "seen"}, "verification", "Only what is destroyed"),
        ({**DESTROYED, "verification": "full"}, "verification", "cannot be read"),
        ({**DESTROYED, **FAILED}, "result", "once the disk is destroyed"),
        ({"size_gb": 0}, "size_gb", "From 1 to"),
        ({"second_person": "ADMIN"}, "second_person", "somebody else"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(admin: User, wrong: dict[str, Any], field: str, said: str) -> None:
    admin.first_name = admin.last_name = ""
    with pytest.raises(BadInput, match=said) as refusal:
        wiped(make_computer("received"), admin, **wrong)
    assert refusal.value.field == field
    assert not DiskWipe.objects.exists()


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [(1, 2, "ended_at"), (-2, 1, "ended_at"), (-60 * 24, -2, "started_at"), (-1, -2, "ended_at")],
)
def test_times_that_cannot_be_are_refused(admin: User, start: int, end: int, field: str) -> None:
    now, hour = timezone.now(), timedelta(hours=1)
    with pytest.raises(BadInput) as refusal:
        wiped(make_computer("received"), admin, started_at=now + start * hour, ended_at=now + end * hour)
    assert refusal.value.field == field


def test_all_that_is_wrong_is_said_at_once(admin: User) -> None:
    row = DiskWipe(computer=make_computer("received"), **facts(tool="", verification="", size_gb=0))
    assert set(disk_checks.faults(row, [], timezone.now())) == {"tool", "verification", "size_gb"}


def test_a_disk_that_failed_can_only_be_destroyed(admin: User) -> None:
    computer = make_computer("received")
    wiped(computer, admin, **FAILED)
    with pytest.raises(BadInput, match="can only be destroyed") as refusal:
        wiped(computer, admin, serial="wd-wcav2m918842", method="purge", technique="enhanced_erase")
    assert refusal.value.field == "method"
    wiped(computer, admin, **DESTROYED)
    with pytest.raises(BadInput, match="destroyed already"):
        wiped(computer, admin)


@pytest.mark.parametrize("state", [State.OFFERED, State.ACCEPTED, State.DECLINED, State.LOST, State.RECYCLED])
def test_of_what_is_not_here_nothing_is_recorded(admin: User, state: State) -> None:
    with pytest.raises(disks.NotHere):
        wiped(make_computer(state), admin)


def test_no_more_than_a_page_has_room_for(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "MOST", 1)
    computer = make_computer("received")
    wiped(computer, admin)
    with pytest.raises(BadInput, match="At most 1"):
        wiped(computer, admin, serial="two")


def test_it_is_changed_and_removed_until_it_is_certified(admin: User) -> None:
    computer = make_computer("received")
    disk = wiped(computer, admin, serial="typo")
    disks.change(disk=disk, by=admin, **facts())
    disk.refresh_from_db()
    assert disk.serial == "WD-WCAV2M918842"
    disks.remove(disk=disk, by=admin)
    disks.remove(disk=disk, by=admin)  # two press at once
    assert not DiskWipe.objects.exists()
    assert AuditRow.objects.count() == 3


def test_what_is_certified_is_never_changed(admin: User) -> None:
    certificate = certified(admin)
    disk = certificate.disks.get()
    with pytest.raises(disks.Certified, match=certificate.number):
        disks.change(disk=disk, by=admin, **facts(serial="x"))
    with pytest.raises(disks.Certified):
        disks.remove(disk=disk, by=admin)
    certificates.withdraw(certificate=certificate, by=admin, reason="A typing error", again=False)
    with pytest.raises(disks.Certified):
        disks.change(disk=disk, by=admin, **facts(serial="x"))


def test_one_that_a_colleague_removed_cannot_be_changed(admin: User) -> None:
    disk = wiped(make_computer("received"), admin)
    disks.remove(disk=disk, by=admin)
    with pytest.raises(disks.Certified, match="no longer recorded"):
        disks.change(disk=DiskWipe(pk=987, computer=disk.computer), by=admin, **facts())
