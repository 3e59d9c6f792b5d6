"""Repairs that a page and the API offer: nothing that loses the disk, until nothing else is left."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from machines.models import Machine
from tests.factories import make_machine

BROKE: dict[str, Any] = {"state": "failed", "server_id": "s-1", "ready_at": datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def page(client: Client, machine: Machine, tab: str = "") -> str:
    return str(client.get(f"/machines/{machine.pk}/{tab}").content.decode())


def test_one_that_broke_can_be_tried_again_and_not_reset(signed_in: Client, student: User) -> None:
    text = page(signed_in, make_machine(student, **BROKE))
    assert 'id="do-retry"' in text
    assert 'id="do-reset"' not in text


def test_when_all_failed_the_disk_comes_before_the_reset(signed_in: Client, student: User) -> None:
    machine = make_machine(student, repair="used_up", **BROKE)
    text = page(signed_in, machine)
    assert 0 < text.index('id="first-the-disk"') < text.index('id="do-reset"')
    assert 'id="do-copy"' in page(signed_in, machine, "settings/")


def test_its_disk_can_be_asked_for_while_it_is_broken(signed_in: Client, student: User) -> None:
    machine = make_machine(student, **BROKE)
    assert signed_in.post(f"/machines/{machine.pk}/copy/").status_code == 302
    assert machine.copies.get().state == "due"


@pytest.mark.parametrize("verb", ["rescue", "move"])
def test_administrators_alone_have_the_buttons_and_the_right(
    client: Client, student: User, admin: User, verb: str
) -> None:
    machine = make_machine(student, **BROKE)
    answers = {}
    for who in (student, admin):
        client.force_login(who)
        answers[who] = (
            f'id="do-{verb}"' in page(client, machine, "settings/"),
            client.post(f"/machines/{machine.pk}/{verb}/").status_code,
        )
    assert answers == {student: (False, 403), admin: (True, 302)}
