"""Tokens for students' projects: how often Keystone is asked on the wire, and that no wrong token is used."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from cloud.openstack.client import Client
from tests.cloud.wire_stage import Wire
from tests.cloud.wire_stage import wire as started


@pytest.fixture
def wire() -> Iterator[Wire]:
    with started() as server:
        yield server


@pytest.fixture
def project() -> str:
    """Return the id of a project that no other test has a token for."""
    return uuid4().hex


def ask(client: Client, project: str) -> None:
    client.request("compute", "GET", "/servers", project=project)


def test_processes_of_a_worker_sign_in_to_a_project_once(wire: Wire, project: str) -> None:
    for client in (wire.client(), wire.client()):
        ask(client, project)
        ask(client, project)
    assert wire.sign_ins(project) == ["token"]
    assert len(set(wire.used)) == 1


def test_each_project_has_a_token_of_its_own(wire: Wire, project: str) -> None:
    client, other = wire.client(), uuid4().hex
    ask(client, project)
    ask(client, other)
    assert len(set(wire.used)) == 2
    assert [len(wire.sign_ins(project)), len(wire.sign_ins(other))] == [1, 1]


def test_a_keystone_that_gives_no_token_for_a_token_gets_the_password(wire: Wire, project: str) -> None:
    wire.rescopes = False
    ask(wire.client(), project)
    assert wire.sign_ins(project) == ["password"]


def test_another_user_never_gets_it(wire: Wire, project: str) -> None:
    ask(wire.client(), project)
    ask(wire.client("somebody else"), project)
    assert len(wire.sign_ins(project)) == 2


def test_a_token_that_ends_soon_is_not_taken(wire: Wire, project: str) -> None:
    wire.lifetime = timedelta(seconds=100)
    ask(wire.client(), project)
    wire.lifetime = timedelta(hours=1)
    ask(wire.client(), project)
    assert len(wire.sign_ins(project)) == 2


def test_a_refused_token_is_replaced_for_all(wire: Wire, project: str) -> None:
    first, second = wire.client(), wire.client()
    ask(first, project)
    ask(second, project)
    wire.refused = set(wire.used)
    ask(first, project)
    ask(second, project)
    assert len(wire.sign_ins(project)) == 2


def test_who_signs_out_takes_the_shared_token_along(wire: Wire, project: str) -> None:
    client = wire.client()
    ask(client, project)
    client.sign_out(project)
    ask(wire.client(), project)
    assert len(wire.sign_ins(project)) == 2
