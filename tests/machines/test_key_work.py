"""Keys go into running machines and out of them, through a real sshd."""

import asyncio
import getpass
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.actions import add_key, remove_key
from accounts.actions import make_key as make_persons_key
from accounts.failures import Failures
from accounts.models import RowFailure, SshKey, User
from courses.models import Template
from machines import host_keys, key_changes, key_faults, key_work, portal_keys, sealing, ssh_contact
from machines.host_keys import disk_of
from machines.models import InstalledKey, KeyChange, Machine, PortalKey
from machines.ssh_contact import Fault
from tests.factories import make_machine
from tests.machines.idle.guest import HERE, can_run, openssh
from tests.machines.sealed import give_keys
from tests.ports import free_port
from tunnels.models import Tunnel

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
real_sshd = pytest.mark.skipif(not can_run(), reason="needs sshd, and root")


@pytest.fixture(autouse=True)
def sealed(settings: Any, tmp_path: Path) -> None:
    give_keys(settings, tmp_path)


@pytest.fixture
def machine(student: User) -> Machine:
    """A machine whose disk has a key of the portal's; nothing answers yet."""
    made = make_machine(student)
    Tunnel.objects.filter(scheme="ssh").delete()  # no public port is needed
    Machine.objects.update(address=HERE, port_map={"22": free_port()})
    Template.objects.update(login=getpass.getuser())
    portal_keys.line_for(made.pk, 0)
    portal_keys.given(disk_of(made), 0)
    PortalKey.objects.update(put_in_at=timezone.now() - key_faults.FIRST_BOOT)
    return Machine.objects.get()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def guest(machine: Machine, tmp_path: Path, home: Path) -> Iterator[Path]:
    """The authorized_keys of its guest, which knows the portal's key and nobody else's."""
    with openssh(tmp_path, f"{line(machine)}\n", home=home) as port:
        Machine.objects.update(port_map={"22": port})
        machine.refresh_from_db()
        yield home / ".ssh" / "authorized_keys"


@pytest.fixture
def key(student: User) -> SshKey:
    return make_persons_key(owner=student, name="laptop", by=student)[0]


def line(machine: Machine) -> str:
    row = portal_keys.of(machine)
    assert row
    return portal_keys.line_of(row)


def claimed(now: datetime | None = None) -> list[list[KeyChange]]:
    now = now or timezone.now()
    return key_work._claimed(now, Failures(key_work.LOOP, now))


def put(machine: Machine, key: SshKey) -> KeyChange:
    """Ask for it, let a worker work, and return how that ended."""
    [change] = key_changes.put_in(key=key, machines=[machine], by=machine.owner)
    key_work.tend(timezone.now())
    change.refresh_from_db()
    return change


@real_sshd
def test_a_key_gets_into_a_machine_that_runs(machine: Machine, guest: Path, key: SshKey) -> None:
    assert put(machine, key).state == "done"
    assert guest.read_text() == f"{line(machine)}\n{key.public_key} laptop\n"


@real_sshd
def test_then_it_is_known_to_be_in_it(machine: Machine, guest: Path, key: SshKey) -> None:
    put(machine, key)
    assert InstalledKey.objects.get().key == key
    event = machine.events.first()
    assert event
    assert (str(event.note), event.by) == ("The key “laptop” was put into it.", machine.owner)


@real_sshd
def test_put_in_twice_it_is_in_it_once(machine: Machine, guest: Path, key: SshKey) -> None:
    assert [put(machine, key).state for _time in range(2)] == ["done", "done"]
    assert guest.read_text().count(key.public_key) == 1


@real_sshd
def test_several_keys_are_one_session(machine: Machine, guest: Path, key: SshKey, student: User) -> None:
    other = make_persons_key(owner=student, name="other", by=student)[0]
    for each in (key, other):
        key_changes.put_in(key=each, machines=[machine], by=student)
    assert key_work.tend(timezone.now()) == 1
    assert {each.public_key in guest.read_text() for each in (key, other)} == {True}


@real_sshd
def test_a_key_that_is_deleted_is_taken_out_too(machine: Machine, guest: Path, key: SshKey, student: User) -> None:
    put(machine, key)
    key_changes.before_key_goes(key=key, by=student, from_machines=True)
    remove_key(key=key, by=student)
    key_work.tend(timezone.now())
    assert guest.read_text() == f"{line(machine)}\n"
    assert not InstalledKey.objects.exists()


@real_sshd
def test_a_key_that_was_deleted_before_its_turn_stays_out(
    machine: Machine, guest: Path, key: SshKey, student: User
) -> None:
    key_changes.put_in(key=key, machines=[machine], by=student)
    key_changes.before_key_goes(key=key, by=student, from_machines=False)
    remove_key(key=key, by=student)
    assert key_work.tend(timezone.now()) == 0
    assert guest.read_text() == f"{line(machine)}\n"


@real_sshd
def test_the_portal_takes_its_own_key_out_and_forgets_it(machine: Machine, guest: Path) -> None:
    key_changes.remove_portal_key(machine=machine, by=machine.owner)
    key_work.tend(timezone.now())
    row = PortalKey.objects.get()
    assert (guest.read_text(), row.public_key, row.sealed_seed) == ("", "", "")
    assert str(machine.events.first().note) == "Minga's own key was taken out of it."  # type: ignore[union-attr]


@real_sshd
def test_the_portals_key_stays_where_its_owner_puts_it_in_as_theirs(
    machine: Machine, guest: Path, student: User
) -> None:
    same = add_key(owner=student, name="same", public_key=line(machine), by=student)
    assert put(machine, same).state == "done"
    assert PortalKey.objects.get().sealed_seed


def test_the_portals_key_is_forgotten_in_a_machine_that_fell_asleep(machine: Machine) -> None:
    key_changes.remove_portal_key(machine=machine, by=machine.owner)
    Machine.objects.update(state="suspended", wanted="suspended")
    key_work.tend(timezone.now())
    assert PortalKey.objects.get().sealed_seed == ""
    assert "could not be taken out" in str(machine.events.first().note)  # type: ignore[union-attr]


@real_sshd
def test_the_portals_key_is_forgotten_where_the_guest_does_not_let_it_in(machine: Machine, guest: Path) -> None:
    guest.write_text("")
    key_changes.remove_portal_key(machine=machine, by=machine.owner)
    key_work.tend(timezone.now())
    assert PortalKey.objects.get().sealed_seed == ""
    assert "could not be taken out" in str(machine.events.first().note)  # type: ignore[union-attr]


@real_sshd
def test_a_guest_that_refuses_the_portal_says_what_to_add(machine: Machine, guest: Path, key: SshKey) -> None:
    guest.write_text("")
    change = put(machine, key)
    assert (change.state, change.code) == ("failed", "refused")
    assert line(machine) in str(change.note)


@real_sshd
@pytest.mark.parametrize("its", [(PortalKey, "put_in_at"), (Machine, "setup_next_at")], ids=["is-new", "is-slow"])
def test_a_guest_in_its_first_boot_is_waited_for(machine: Machine, guest: Path, key: SshKey, its: Any) -> None:
    """The ssh of a guest answers before the portal's key is in it: some seconds, or as long as its console is looked at."""
    its[0].objects.update(**{its[1]: timezone.now()})
    known = guest.read_text()
    guest.write_text("")
    assert put(machine, key).state == "waiting"
    for turn in range(1, key_work.TRIES + 1):  # more often than where nothing answers
        key_work.tend(timezone.now() + turn * timedelta(minutes=2))
    guest.write_text(known)
    key_work.tend(timezone.now() + timedelta(minutes=10))
    assert KeyChange.objects.get().state == "done"


@real_sshd
def test_waiting_for_the_first_boot_uses_up_no_try(machine: Machine, guest: Path, key: SshKey) -> None:
    """The guest's ssh is started anew when the portal's key is in, and does not answer at that moment."""
    guest.write_text("")
    PortalKey.objects.update(put_in_at=timezone.now())
    change = put(machine, key)
    for _again in range(key_work.TRIES):
        KeyChange.objects.update(next_at=timezone.now())
        key_work.tend(timezone.now())
    change.refresh_from_db()
    assert (change.state, change.tries) == ("waiting", 0)


@real_sshd
def test_a_machine_from_before_takes_keys_once_the_line_is_added(machine: Machine, guest: Path, key: SshKey) -> None:
    PortalKey.objects.all().delete()
    change = put(machine, key)
    assert change.code == "no_portal_key"
    guest.write_text(f"{line(machine)}\n")
    assert line(machine) in str(change.note)
    assert put(machine, key).state == "done"
    assert PortalKey.objects.get().put_in_at


@real_sshd
def test_another_host_key_is_not_talked_to(machine: Machine, guest: Path, key: SshKey) -> None:
    before = guest.read_text()
    host_keys.given(disk_of(machine), 0)
    assert put(machine, key).code == "host_key"
    assert guest.read_text() == before


@real_sshd
def test_a_guest_that_cannot_write_says_why(machine: Machine, guest: Path, key: SshKey) -> None:
    Path(f"{guest}.minga").mkdir()
    change = put(machine, key)
    assert change.code == "not_taken"
    assert "authorized_keys.minga" in str(change.note)


def test_what_does_not_answer_is_tried_three_times(machine: Machine, key: SshKey) -> None:
    change = put(machine, key)
    assert (change.state, change.tries) == ("waiting", 1)
    for turn in (1, 2):
        key_work.tend(timezone.now() + turn * timedelta(minutes=2))
    change.refresh_from_db()
    assert (change.state, change.code) == ("failed", "unreachable")


def test_without_keys_that_seal_the_site_says_so(machine: Machine, key: SshKey, settings: Any) -> None:
    settings.MACHINE_KEYS_FILE = ""
    assert put(machine, key).code == "no_site_key"


def test_a_key_that_nobody_can_open_is_named(machine: Machine, key: SshKey, settings: Any, tmp_path: Path) -> None:
    give_keys(settings, tmp_path)
    assert put(machine, key).code == "unreadable"


def test_a_slow_guest_does_not_hold_up_what_is_known_of_another(
    machine: Machine, key: SshKey, student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_machine(student, name="other")
    portal_keys.line_for(other.pk, 0)
    portal_keys.given(disk_of(other), 0)
    is_ended, seen = threading.Event(), list[bool]()

    async def show(_way: Any) -> Fault:
        """Show nothing: the first guest not before the other's end was written down."""
        if not seen:
            seen.append(False)
            seen[0] = await asyncio.to_thread(is_ended.wait, 10)
        return Fault("refused", again=True)

    monkeypatch.setattr(ssh_contact, "shown_key", show)
    monkeypatch.setattr(key_work, "_settle", lambda *_facts: is_ended.set())
    key_changes.put_in(key=key, machines=[machine, other], by=student)
    assert key_work.tend(timezone.now()) == 2
    assert seen == [True]


def test_two_workers_are_never_in_one_machine(machine: Machine, key: SshKey, student: User) -> None:
    key_changes.put_in(key=key, machines=[machine], by=student)
    assert len(claimed()) == 1
    other = make_persons_key(owner=student, name="other", by=student)[0]
    key_changes.put_in(key=other, machines=[machine], by=student)
    assert claimed() == []


def test_a_worker_that_died_is_waited_for_a_minute(machine: Machine, key: SshKey, student: User) -> None:
    key_changes.put_in(key=key, machines=[machine], by=student)
    claimed()
    assert len(claimed(timezone.now() + timedelta(seconds=61))) == 1


def test_a_machine_whose_key_makes_no_sense_holds_up_no_other(machine: Machine, key: SshKey, student: User) -> None:
    bad = make_machine(student, name="bad")
    portal_keys.line_for(bad.pk, 0)
    portal_keys.given(disk_of(bad), 0)
    PortalKey.objects.filter(machine=bad).update(sealed_seed=sealing.seal(b"short"))
    key_changes.put_in(key=key, machines=[bad, machine], by=student)
    assert key_work.tend(timezone.now()) == 1
    assert RowFailure.objects.get().holder == bad.pk
