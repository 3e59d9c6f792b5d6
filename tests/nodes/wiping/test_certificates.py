"""Certificates: issued once, withdrawn for a reason, made anew; and how they meet the step."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import AuditRow, User
from nodes import actions
from nodes.computer_numbers import BadNumber
from nodes.models import Computer, DiskWipe, StateChange, WipeCertificate
from nodes.step_checks import BadInput
from nodes.wiping import certificate_numbers, certificates
from nodes.wiping.certificates import FailedDisk, NothingToCertify, WithdrawnAlready
from tests.nodes.donated import make_computer, stepped
from tests.nodes.wiping.wiped import DESTROYED, FAILED, certified, wiped

pytestmark = pytest.mark.django_db


def wipe_of(computer: Computer) -> StateChange:
    return computer.changes.filter(to_state="wiped").latest("pk")


def test_its_number_has_a_check_digit() -> None:
    assert certificate_numbers.written(12) == "WPC-00012-3"
    for typed in ("WPC-00012-3", "wpc 00012 3", "123", " 00012–3 "):
        assert certificate_numbers.read(typed) == 12


@pytest.mark.parametrize("typed", ["WPC-00012-4", "MNG-00012-3", "", "WPC-D-12", "9" * 12, "WPC-٠٠٠١٢-3"])
def test_another_number_is_refused(typed: str) -> None:
    with pytest.raises(BadNumber):
        certificate_numbers.read(typed)


def test_it_has_all_disks_that_wait(admin: User) -> None:
    computer = make_computer("received")
    for serial in ("one", "two"):
        wiped(computer, admin, serial=serial)
    certificate = certificates.issue(computer=computer, by=admin)
    assert [disk.serial for disk in certificate.disks.all()] == ["one", "two"]
    with pytest.raises(NothingToCertify):
        certificates.issue(computer=computer, by=admin)
    assert AuditRow.objects.filter(verb="issue_certificate").get().detail == {"shown": certificate.number}


def test_what_the_computer_was_stays_on_it(admin: User) -> None:
    certificate = certified(admin)
    actions.correct(computer=certificate.computer, by=admin, model="Another")
    certificate.refresh_from_db()
    assert certificate.model == "Dell OptiPlex 780"


def test_a_failed_disk_is_destroyed_first(admin: User) -> None:
    computer = make_computer("received")
    wiped(computer, admin, **FAILED)
    with pytest.raises(FailedDisk, match="WD-WCAV2M918842 failed"):
        certificates.issue(computer=computer, by=admin)
    wiped(computer, admin, **DESTROYED)
    assert certificates.issue(computer=computer, by=admin).disks.count() == 2


def test_one_that_is_withdrawn_says_why_and_its_disks_are_recorded_anew(admin: User) -> None:
    certificate = certified(admin)
    certificates.withdraw(certificate=certificate, by=admin, reason="The serial number was wrong")
    certificate.refresh_from_db()
    assert (certificate.is_valid, certificate.withdrawn_reason) == (False, "The serial number was wrong")
    [anew] = certificate.computer.disk_wipes.filter(certificate=None)
    [before] = certificate.disks.all()
    assert (anew.serial, anew.pk != before.pk) == (before.serial, True)


@pytest.mark.parametrize("facts", [{"serial": "x"}, {"result": "failed"}, {"certificate": None}])
def test_not_even_the_database_changes_what_is_certified(admin: User, facts: dict[str, Any]) -> None:
    disk = certified(admin).disks.get()
    with pytest.raises(IntegrityError, match="stands on a certificate"), transaction.atomic():
        DiskWipe.objects.filter(pk=disk.pk).update(**facts)
    DiskWipe.objects.filter(pk=disk.pk).update(operator=None)  # an account that is gone


@pytest.mark.parametrize(
    "facts", [{"model": "x"}, {"withdrawn_at": None, "withdrawn_reason": ""}, {"withdrawn_reason": "y"}]
)
def test_nor_a_certificate_that_was_withdrawn(admin: User, facts: dict[str, Any]) -> None:
    certificate = certified(admin)
    certificates.withdraw(certificate=certificate, by=admin, reason="x")
    with pytest.raises(IntegrityError, match="stays as it is"), transaction.atomic():
        WipeCertificate.objects.filter(pk=certificate.pk).update(**facts)


def test_it_is_withdrawn_once_and_for_a_reason(admin: User) -> None:
    certificate = certified(admin)
    with pytest.raises(BadInput):
        certificates.withdraw(certificate=certificate, by=admin, reason="")
    certificates.withdraw(certificate=certificate, by=admin, reason="x", again=False)
    with pytest.raises(WithdrawnAlready, match="has withdrawn"):
        certificates.withdraw(certificate=certificate, by=admin, reason="y")
    assert not certificate.computer.disk_wipes.filter(certificate=None).exists()


def test_the_step_says_why_there_is_no_certificate(admin: User) -> None:
    for disks, kept in (("no_disk", "no_disk"), ("", "without")):
        computer = make_computer("received")
        actions.step(computers=[computer], name="wipe", by=admin, disks=disks)
        assert wipe_of(computer).disks == kept


def test_with_a_certificate_the_step_says_nothing_of_it(admin: User) -> None:
    computer = certified(admin).computer
    stepped(computer, "wipe", by=admin)
    assert wipe_of(computer).disks == ""


def test_what_comes_back_among_the_wiped_is_not_asked_again(admin: User) -> None:
    computer = stepped(make_computer("received"), "wipe", "wait_for_parts", "wipe", by=admin)
    assert wipe_of(computer).disks == ""


@pytest.mark.parametrize(("name", "disks"), [("wipe", "lost"), ("lose", "no_disk")])
def test_another_word_is_refused(admin: User, name: str, disks: str) -> None:
    with pytest.raises(BadInput):
        actions.step(computers=[make_computer("received")], name=name, by=admin, disks=disks)


def test_a_step_taken_back_leaves_the_certificate(admin: User) -> None:
    certificate = certified(admin)
    actions.undo(batch=actions.step(computers=[certificate.computer], name="wipe", by=admin), by=admin)
    certificate.refresh_from_db()
    assert certificate.is_valid


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_issue_one(admin: User) -> None:
    computer, both = make_computer("received"), Barrier(2)
    wiped(computer, admin)

    def press() -> None:
        both.wait()
        try:
            certificates.issue(computer=computer, by=admin)
        except NothingToCertify:
            pass
        finally:
            connection.close()

    threads = [Thread(target=press) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert WipeCertificate.objects.count() == 1
