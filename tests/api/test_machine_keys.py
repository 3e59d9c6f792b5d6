"""Keys in machines that run, through the API."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.actions import make_key
from machines import installed_keys, portal_keys
from machines.host_keys import disk_of
from machines.models import KeyChange, Machine, PortalKey
from tests.machines.sealed import give_keys


@pytest.fixture
def key(api: Any) -> int:
    return int(make_key(owner=api.user, name="laptop", by=api.user)[0].pk)


def install(api: Any, key: int, *machines: Any, **headers: str) -> Any:
    return api.ask("POST", f"keys/{key}/install/", {"machines": [str(pk) for pk in machines]}, **headers)


def test_a_key_is_asked_into_a_machine(api: Any, key: int, machine: Machine) -> None:
    answer = install(api, key, machine.pk)
    assert answer.status_code == 202
    assert answer.json() == [
        {"machine": str(machine.pk), "name": "mine", "installed": False, "state": "waiting", "code": "", "note": ""}
    ]


def test_what_became_of_it_is_read_at_the_same_address(api: Any, key: int, machine: Machine) -> None:
    install(api, key, machine.pk)
    KeyChange.objects.update(state="failed", code="refused", stored_note={"text": "No."})
    [line] = api.ask("GET", f"keys/{key}/install/").json()
    assert (line["state"], line["code"], line["note"]) == ("failed", "refused", "No.")


def test_a_machine_that_sleeps_says_so_at_once(api: Any, key: int, machine: Machine) -> None:
    Machine.objects.update(state="suspended", wanted="suspended")
    [line] = install(api, key, machine.pk).json()
    assert (line["state"], line["code"], line["note"]) == ("failed", "not_running", "It is sleeping. Wake it first.")


def test_of_one_unknown_machine_nothing_is_asked(api: Any, key: int, machine: Machine) -> None:
    answer = install(api, key, machine.pk, uuid4())
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_machine")
    assert not KeyChange.objects.exists()


def test_a_stranger_s_machine_is_as_unknown(stranger: Any, machine: Machine) -> None:
    theirs = make_key(owner=stranger.user, name="theirs", by=stranger.user)[0].pk
    assert install(stranger, theirs, machine.pk).json()["code"] == "unknown_machine"


def test_a_stranger_s_key_is_not_found(api: Any, stranger: Any, key: int, machine: Machine) -> None:
    assert install(stranger, key, machine.pk).status_code == 404


def test_an_administrator_puts_no_key_into_others_machines(admin: Any, machine: Machine) -> None:
    from tests.api.program import Program

    theirs = make_key(owner=admin, name="theirs", by=admin)[0].pk
    assert install(Program(admin), theirs, machine.pk).status_code == 403


@pytest.mark.parametrize("body", [{}, {"machines": []}, {"machines": "x"}, {"machines": ["x"]}])
def test_what_is_no_list_of_machines_is_refused(api: Any, key: int, body: Any) -> None:
    assert api.ask("POST", f"keys/{key}/install/", body).status_code == 400


def test_sent_twice_with_one_key_it_is_asked_once(api: Any, key: int, machine: Machine) -> None:
    first = install(api, key, machine.pk, **{"Idempotency-Key": "a"})
    asked_at = KeyChange.objects.get().asked_at
    assert install(api, key, machine.pk, **{"Idempotency-Key": "a"}).json() == first.json()
    assert KeyChange.objects.get().asked_at == asked_at


@pytest.mark.parametrize(("query", "asked"), [("", 0), ("?take_out=true", 1)])
def test_a_key_that_is_deleted_is_taken_out_on_demand(
    api: Any, key: int, machine: Machine, query: str, asked: int
) -> None:
    installed_keys.put_in(disk_of(machine), api.user, api.user.ssh_keys.values_list("public_key", flat=True))
    assert api.ask("DELETE", f"keys/{key}/{query}").status_code == 204
    assert KeyChange.objects.count() == asked


def test_the_portals_key_is_shown_and_removed(api: Any, machine: Machine, settings: Any, tmp_path: Any) -> None:
    give_keys(settings, tmp_path)
    portal_keys.line_for(machine.pk, 0)
    portal_keys.given(disk_of(machine), 0)
    shown = api.ask("GET", f"machines/{machine.pk}/portal-key/").json()
    assert shown == {"state": "in_it", "public_key": PortalKey.objects.get().public_key}
    assert api.ask("DELETE", f"machines/{machine.pk}/portal-key/").status_code == 204
    assert api.ask("GET", f"machines/{machine.pk}/portal-key/").json()["state"] == "leaving"


def test_where_there_is_none_none_is_removed(api: Any, machine: Machine) -> None:
    assert api.ask("GET", f"machines/{machine.pk}/portal-key/").json() == {"state": "unknown", "public_key": ""}
    assert api.ask("DELETE", f"machines/{machine.pk}/portal-key/").json()["code"] == "no_portal_key"
