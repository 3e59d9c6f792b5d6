"""Machines that disappeared and machines that failed: what their cards and pages say, and what they offer."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from machines.models import DiskImage, Machine
from tests.api.program import Program
from tests.factories import make_machine


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def gone(owner: User, **facts: Any) -> Machine:
    return make_machine(owner, state="gone", name="puma", **{"vanished": True, "gone_at": timezone.now(), **facts})


def image(machine: Machine, **facts: Any) -> DiskImage:
    now = timezone.now()
    given = {"kind": "download", "state": "ready", "image_id": "i", "size_bytes": 1_900_000_000, "ready_at": now}
    return DiskImage.objects.create(machine=machine, **{**given, "expires_at": now + timedelta(days=1), **facts})


def page(client: Client, path: str = "/") -> str:
    return str(client.get(path).content.decode())


def dismiss(client: Client, machine: Machine) -> Any:
    return client.post(f"/machines/{machine.pk}/see/", {"from": "list"})


@pytest.mark.parametrize("days", [0, 400])
def test_its_card_stays_and_says_what_happened(signed_in: Client, student: User, days: int) -> None:
    gone(student, gone_at=timezone.now() - timedelta(days=days))
    text = page(signed_in)
    assert "Gone from the cluster" in text
    assert "its server was deleted there, not here" in text


def test_it_comes_after_those_that_live(signed_in: Client, student: User) -> None:
    make_machine(student, name="condor", created_at=timezone.now() - timedelta(days=3))
    gone(student)
    text = page(signed_in)
    assert text.index(">condor<") < text.index(">puma<")


def test_its_owner_dismisses_it(signed_in: Client, student: User) -> None:
    machine = gone(student)
    assert dismiss(signed_in, machine)["Location"] == "/"
    assert "puma" not in page(signed_in)


def test_by_the_api_too(student: User) -> None:
    program, machine = Program(student), gone(student)
    assert [row["id"] for row in program.ask("GET", "machines/").json()] == [str(machine.pk)]
    assert program.ask("POST", f"machines/{machine.pk}/see/").status_code == 202
    assert program.ask("GET", "machines/").json() == []


def test_an_administrator_leaves_it_to_its_owner(client: Client, admin: User, student: User) -> None:
    client.force_login(admin)
    machine = gone(student)
    dismiss(client, machine)
    assert Machine.objects.missed().exists()
    assert "dismiss-" not in page(client, f"/machines/{machine.pk}/")


def test_a_stranger_dismisses_nothing(client: Client, student2: User, student: User) -> None:
    client.force_login(student2)
    assert dismiss(client, gone(student)).status_code == 404


def test_one_that_its_owner_deleted_has_no_card(signed_in: Client, student: User) -> None:
    gone(student, vanished=False)
    assert "puma" not in page(signed_in)


def test_the_copy_that_is_left_is_on_its_card(signed_in: Client, student: User) -> None:
    machine = gone(student)
    image(machine)
    text = page(signed_in)
    assert "can still be downloaded" in text
    assert f'href="/machines/{machine.pk}/disk/" download' in text
    assert "Dismiss, and delete the copy" in text


def test_a_page_asks_before_the_last_copy_goes(signed_in: Client, student: User, client: Client, admin: User) -> None:
    machine = gone(student)
    address = f"/machines/{machine.pk}/dismiss/"
    assert signed_in.get(address)["Location"] == f"/machines/{machine.pk}/"  # nothing is left: nothing is asked
    image(machine)
    assert f'href="{address}"' in page(signed_in)
    asked = page(signed_in, address)
    assert "all that is left" in asked
    assert f'action="/machines/{machine.pk}/see/"' in asked
    assert Machine.objects.missed().exists()
    client.force_login(admin)
    assert client.get(address).status_code == 403


def test_a_failed_machine_names_the_copy_that_can_be_downloaded(signed_in: Client, student: User) -> None:
    machine = make_machine(student, state="failed", server_id="s-1", ready_at=timezone.now())
    image(machine)
    for path in ("/", f"/machines/{machine.pk}/"):
        assert "can still be downloaded" in page(signed_in, path)


def test_the_archive_of_one_that_cannot_be_made_of_it_is_named(signed_in: Client, student: User) -> None:
    machine = make_machine(student, state="failed", server_id="", archive_id="i")
    image(machine, kind="archive", expires_at=None)
    assert "can still be downloaded" in page(signed_in)


def test_copies_of_many_cost_one_query(signed_in: Client, student: User) -> None:
    counts = []
    for name in ("one", "two"):
        image(make_machine(student, name=name, state="failed", server_id=name, ready_at=timezone.now()))
        page(signed_in)
        with CaptureQueriesContext(connection) as queries:
            page(signed_in)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def actions(owner: User, **facts: Any) -> set[str]:
    return offered(make_machine(owner, state="failed", **facts))


def offered(machine: Machine) -> set[str]:
    return set(Program(machine.owner).ask("GET", f"machines/{machine.pk}/").json()["actions"])


def test_what_lost_its_archive_can_only_be_deleted(student: User) -> None:
    assert actions(student, archive_id="i", repair="lost") == {"delete", "rename"}


def test_what_cannot_start_is_not_offered_an_archive(student: User) -> None:
    verbs = actions(student, server_id="s-1", ready_at=timezone.now(), repair="used_up")
    assert verbs == {"retry", "reset", "delete", "rename"}


@pytest.mark.parametrize("part", ["image", "flavor"])
def test_what_is_made_of_something_that_is_gone_is_not_tried_again(student: User, part: str) -> None:
    machine = make_machine(student, state="failed")
    assert "retry" in offered(machine)
    thing = getattr(machine.template, part)
    type(thing).objects.filter(pk=thing.pk).update(missing=True)
    assert "retry" not in offered(machine)


def test_an_administrator_may_try_what_seems_hopeless(client: Client, admin: User, student: User) -> None:
    client.force_login(admin)
    machine = make_machine(student, state="failed", archive_id="i", repair="lost")
    assert 'id="do-retry"' in page(client, f"/machines/{machine.pk}/")
