"""Asking for keys to be put into machines and taken out: what is refused at once, and what replaces what."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actions import make_key
from accounts.models import SshKey, User
from machines import installed_keys, key_changes
from machines.host_keys import disk_of
from machines.models import KeyChange, Machine
from tests.factories import make_machine


@pytest.fixture
def key(student: User) -> SshKey:
    return make_key(owner=student, name="laptop", by=student)[0]


def put(machine: Machine, key: SshKey) -> KeyChange:
    [change] = key_changes.put_in(key=key, machines=[machine], by=key.user)
    return change


STATES = {
    "suspended": "It is sleeping. Wake it first.",
    "shelved": "It is put away. Wake it first.",
    "building": "It is still being built. Wait until it runs, or delete it.",
    "failed": "It needs attention first: try again, or delete it.",
}


@pytest.mark.parametrize(("state", "why"), STATES.items(), ids=STATES)
def test_a_machine_that_does_not_run_says_what_to_do(student: User, key: SshKey, state: str, why: str) -> None:
    change = put(make_machine(student, state=state), key)
    assert (change.state, change.code, str(change.note)) == ("failed", "not_running", why)


def test_one_that_is_about_to_sleep_takes_none(student: User, key: SshKey) -> None:
    change = put(make_machine(student, wanted="suspended"), key)
    assert str(change.note) == "It is going to sleep. Wake it first."


def test_one_that_a_restore_holds_takes_none(student: User, key: SshKey) -> None:
    assert put(make_machine(student, held_at=timezone.now()), key).code == "held"


def test_asked_twice_it_waits_once(student: User, key: SshKey) -> None:
    machine = make_machine(student)
    assert put(machine, key).pk == put(machine, key).pk


def test_a_new_ask_takes_the_place_of_the_last(student: User, key: SshKey) -> None:
    machine = make_machine(student, state="suspended")
    put(machine, key)
    Machine.objects.update(state="running", wanted="running")
    machine.refresh_from_db()
    put(machine, key)
    assert [change.state for change in KeyChange.objects.all()] == ["waiting"]


def test_a_key_that_goes_is_asked_out_of_the_machines_that_have_it(student: User, key: SshKey) -> None:
    has_it, has_not = make_machine(student, name="one"), make_machine(student, name="two")
    installed_keys.put_in(disk_of(has_it), student, [key.public_key])
    [change] = key_changes.before_key_goes(key=key, by=student, from_machines=True)
    assert (change.machine, change.verb) == (has_it, "take_out")
    assert change.machine != has_not


def test_unless_its_owner_says_so_it_stays_in_them(student: User, key: SshKey) -> None:
    installed_keys.put_in(disk_of(make_machine(student)), student, [key.public_key])
    assert key_changes.before_key_goes(key=key, by=student, from_machines=False) == []


def test_the_worker_is_woken(
    student: User, key: SshKey, django_capture_on_commit_callbacks: Any, monkeypatch: Any
) -> None:
    rung: list[str] = []
    monkeypatch.setattr("lib.doorbell._send", lambda task, *_rest: rung.append(task))
    machine = make_machine(student)
    with django_capture_on_commit_callbacks(execute=True):
        put(machine, key)
    assert rung[-1] == "machines.tasks.change_keys"


def test_how_one_ended_is_forgotten_after_a_week(student: User, key: SshKey) -> None:
    put(make_machine(student, state="suspended"), key)
    assert key_changes.forget(timezone.now() + timedelta(days=6)) == 0
    assert key_changes.forget(timezone.now() + timedelta(days=8)) == 1


def test_a_key_that_was_deleted_meanwhile_is_refused(student: User, key: SshKey) -> None:
    machine, same = make_machine(student), SshKey.objects.get()
    same.delete()
    with pytest.raises(key_changes.KeyDeleted, match="removed from your list"):
        put(machine, key)
    assert not KeyChange.objects.exists()


def test_a_key_that_is_deleted_meanwhile_is_taken_out(student: User, key: SshKey) -> None:
    machine = make_machine(student)
    installed_keys.put_in(disk_of(machine), student, [key.public_key])
    rows = list(installed_keys.present([machine.pk]).select_related("machine", "key"))
    SshKey.objects.all().delete()
    [change] = key_changes.take_out(rows=rows, by=student)
    assert (change.verb, change.key, change.public_key) == ("take_out", None, key.public_key)


@pytest.mark.parametrize("begun", [{"claimed_until": timezone.now()}, {"tries": 1}], ids=["claimed", "unheard"])
def test_what_a_worker_may_have_put_in_is_taken_out_too(student: User, key: SshKey, begun: dict[str, Any]) -> None:
    change = put(make_machine(student), key)
    KeyChange.objects.update(**begun)
    [asked] = key_changes.before_key_goes(key=key, by=student, from_machines=True)
    assert (asked.pk, asked.verb, asked.state) == (change.pk, "take_out", "waiting")


def test_what_no_worker_has_begun_is_forgotten(student: User, key: SshKey) -> None:
    put(make_machine(student), key)
    assert key_changes.before_key_goes(key=key, by=student, from_machines=True) == []
    assert not KeyChange.objects.exists()
