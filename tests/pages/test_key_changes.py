"""Keys in machines, on the machine's page and on the key's: what they say, and who may change what."""

import html
from typing import Any

import pytest
from django.test import Client

from accounts.actions import make_key
from accounts.models import SshKey, User
from machines import installed_keys, key_changes, key_faults, portal_keys
from machines.host_keys import disk_of
from machines.models import KeyChange, Machine, PortalKey
from tests.factories import make_machine
from tests.machines.sealed import give_keys


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


@pytest.fixture
def key(student: User) -> SshKey:
    return make_key(owner=student, name="laptop", by=student)[0]


@pytest.fixture
def machine(student: User, settings: Any, tmp_path: Any) -> Machine:
    """A machine that was launched by this version, without any key of a person."""
    give_keys(settings, tmp_path)
    made = make_machine(student, name="condor")
    portal_keys.line_for(made.pk, 0)
    portal_keys.given(disk_of(made), 0)
    return made


def page(client: Client, address: str) -> str:
    return " ".join(html.unescape(client.get(address).content.decode()).split())


def of(client: Client, machine: Machine) -> str:
    return page(client, f"/machines/{machine.pk}/")


def post(client: Client, machine: Machine, what: str, **sent: object) -> Any:
    return client.post(f"/machines/{machine.pk}/keys/{what}/", sent)


def test_a_machine_without_any_key_says_so_and_not_come_in(signed_in: Client, machine: Machine, key: SshKey) -> None:
    PortalKey.objects.update(public_key="", put_in_at=None)  # its owner had it removed
    for shown in (of(signed_in, machine), page(signed_in, "/")):
        assert "no SSH key is in it yet" in shown
        assert "come in" not in shown
        assert "Add a key" in shown


def test_one_that_the_browser_s_terminal_reaches_does_not_begin_with_that(signed_in: Client, machine: Machine) -> None:
    assert "no SSH key is in it yet" not in of(signed_in, machine)


def test_the_remedy_stands_beside_it(signed_in: Client, machine: Machine, key: SshKey) -> None:
    assert "No SSH key is in it" in of(signed_in, machine)
    post(signed_in, machine, "put", key=key.pk)
    assert "being added" in of(signed_in, machine)
    assert KeyChange.objects.get().key == key


def test_who_has_no_key_is_led_to_where_there_are_some(signed_in: Client, machine: Machine) -> None:
    shown = of(signed_in, machine)
    assert f'<a href="/keys/?next=/machines/{machine.pk}/">' in shown
    assert f'id="put-a-key" href="/keys/?next=/machines/{machine.pk}/">' in shown


def test_a_machine_with_a_key_says_come_in(signed_in: Client, machine: Machine, key: SshKey, student: User) -> None:
    installed_keys.put_in(disk_of(machine), student, [key.public_key])
    shown = of(signed_in, machine)
    assert "It is ready: connect to it." in shown
    assert '<b>laptop</b> <span class="soft whole">in it</span>' in shown


def test_of_a_machine_from_before_nobody_says_that_it_has_none(signed_in: Client, machine: Machine) -> None:
    PortalKey.objects.all().delete()
    shown = of(signed_in, machine)
    assert "There is no record of the keys in it" in shown
    assert "It is ready: connect to it." in shown


def test_the_page_says_why_the_portal_has_a_key(signed_in: Client, machine: Machine) -> None:
    assert "With it Minga can open a session as student." in of(signed_in, machine)


def test_its_owner_removes_it(signed_in: Client, machine: Machine) -> None:
    post(signed_in, machine, "portal/remove")
    assert "It is being taken out." in of(signed_in, machine)


def test_without_the_setting_the_page_says_why_there_is_none(signed_in: Client, machine: Machine) -> None:
    PortalKey.objects.update(public_key="", sealed_seed="")
    assert "since this site has no keys for machines" in of(signed_in, machine)


def test_a_sleeping_machine_says_that_it_must_be_woken(signed_in: Client, machine: Machine, key: SshKey) -> None:
    Machine.objects.update(state="suspended", wanted="suspended")
    post(signed_in, machine, "put", key=key.pk)
    assert "It is sleeping. Wake it first." in of(signed_in, machine)


def test_a_key_that_its_owner_deleted_can_be_taken_out(
    signed_in: Client, machine: Machine, key: SshKey, student: User
) -> None:
    installed_keys.put_in(disk_of(machine), student, [key.public_key])
    key.delete()
    assert "not among your keys any more" in of(signed_in, machine)
    post(signed_in, machine, "take", installed=installed_keys.present([machine.pk]).get().pk)
    assert "being removed" in of(signed_in, machine)


def test_a_fault_is_not_shown_of_a_key_that_a_reset_has_put_in(
    signed_in: Client, machine: Machine, key: SshKey, student: User
) -> None:
    Machine.objects.update(state="suspended", wanted="suspended")
    post(signed_in, machine, "put", key=key.pk)
    assert [of(signed_in, machine).count("It is sleeping. Wake it") for _time in range(2)] == [2, 1]  # a message, once
    Machine.objects.update(state="running", wanted="running", cloud_resets=1, resets_done=1)
    machine.refresh_from_db()
    installed_keys.put_in(disk_of(machine), student, [key.public_key])
    assert "It is sleeping" not in of(signed_in, machine)


@pytest.mark.parametrize("what", ["put", "take", "portal/remove"])
def test_others_find_no_machine_and_administrators_may_not(
    machine: Machine, what: str, student2: User, admin: User
) -> None:
    answers = []
    for person in (student2, admin):
        client = Client()
        client.force_login(person)
        answers.append(post(client, machine, what).status_code)
    assert answers == [404, 403]
    assert not KeyChange.objects.exists()


def test_an_administrator_reads_nothing_of_the_keys_in_it(machine: Machine, admin: User) -> None:
    client = Client()
    client.force_login(admin)
    assert "Minga's own key" not in of(client, machine)


def test_somebody_else_s_key_is_not_put_in(signed_in: Client, machine: Machine, student2: User) -> None:
    theirs = make_key(owner=student2, name="theirs", by=student2)[0]
    assert [post(signed_in, machine, "put", key=each).status_code for each in (theirs.pk, "x", "")] == [404] * 3


# ---- the page of a key ----


def test_a_key_is_put_into_the_machines_that_are_chosen(
    signed_in: Client, machine: Machine, key: SshKey, student: User, student2: User
) -> None:
    other, theirs = make_machine(student, name="other"), make_machine(student2)
    signed_in.post(f"/keys/{key.pk}/install/", {"machine": [machine.pk, theirs.pk, "x"]})
    assert [change.machine for change in KeyChange.objects.all()] == [machine]
    assert f'value="{other.pk}" checked' in page(signed_in, f"/keys/{key.pk}/install/")


@pytest.mark.parametrize(("state", "is_said"), [("running", True), ("suspended", False)])
def test_whoever_adds_a_key_reads_how_it_comes_into_those_that_run(
    signed_in: Client, student: User, state: str, is_said: bool
) -> None:
    make_machine(student, state=state, wanted=state)
    typed = {
        "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        "name": "new",
    }
    reply = signed_in.post("/keys/", typed, follow=True)
    assert "Key added." in reply.content.decode()
    assert ("puts it into those that run" in reply.content.decode()) is is_said


def test_one_press_puts_a_key_into_all_that_run(
    signed_in: Client, machine: Machine, key: SshKey, student: User, student2: User
) -> None:
    other = make_machine(student, name="other")
    make_machine(student, name="asleep", state="suspended")
    make_machine(student2)
    there = f"/keys/{key.pk}/install/"
    assert f'<form method="post" action="{there}">' in page(signed_in, "/keys/")
    signed_in.post(there, {"all": "on"})
    assert {change.machine for change in KeyChange.objects.all()} == {machine, other}
    for each in (machine, other):
        installed_keys.put_in(disk_of(each), student, [key.public_key])
    assert f'action="{there}"' not in page(signed_in, "/keys/")
    assert "Choose at least" not in signed_in.post(there, {"all": "on"}, follow=True).content.decode()


def test_one_that_sleeps_cannot_be_chosen(signed_in: Client, student: User, key: SshKey) -> None:
    make_machine(student, state="suspended")
    shown = page(signed_in, f"/keys/{key.pk}/install/")
    assert "It is sleeping. Wake it first." in shown
    assert "checkbox" not in shown


def test_a_deleted_key_is_taken_out_where_its_owner_wants_that(
    signed_in: Client, machine: Machine, key: SshKey, student: User
) -> None:
    installed_keys.put_in(disk_of(machine), student, [key.public_key])
    answer = signed_in.post(f"/keys/{key.pk}/remove/", {"take_out": "on"}, follow=True)
    assert "It is being taken out of your machines that run" in answer.content.decode()
    assert [(change.verb, change.key) for change in KeyChange.objects.all()] == [("take_out", None)]


def test_machines_that_sleep_are_named_when_a_key_is_deleted(
    signed_in: Client, machine: Machine, key: SshKey, student: User
) -> None:
    installed_keys.put_in(disk_of(machine), student, [key.public_key])
    Machine.objects.update(state="suspended", wanted="suspended")
    answer = signed_in.post(f"/keys/{key.pk}/remove/", {"take_out": "on"}, follow=True)
    assert "so it is still in them: condor" in answer.content.decode()


def test_a_key_that_another_tab_removes_meanwhile_breaks_no_page(
    signed_in: Client, machine: Machine, key: SshKey, monkeypatch: Any
) -> None:
    def removed(**_facts: object) -> None:
        raise key_changes.KeyDeleted(key_faults.KEY_DELETED.note.text)

    monkeypatch.setattr(key_changes, "put_in", removed)
    for address in (f"/machines/{machine.pk}/keys/put/", f"/keys/{key.pk}/install/"):
        answer = signed_in.post(address, {"key": key.pk, "machine": machine.pk}, follow=True)
        assert "was removed from your list" in answer.content.decode()
