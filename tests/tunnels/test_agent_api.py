"""The portal's answers to its agents, and to everybody else."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient, Client
from django.utils import timezone

from accounts.addresses import note
from accounts.models import User
from machines.visitors import hold
from tests.factories import make_machine
from tests.tunnels.gateway_rows import TOKEN, gateway, opened, states
from tests.waiting import PATIENCE
from tunnels.actions import close_all, hold_all, open_all
from tunnels.models import Gateway, Tunnel, hash_token

pytestmark = pytest.mark.urls("tests.tunnels.urls")
BEARER = f"Bearer {TOKEN}-gate"


def _ask(client: Client, query: str = "", token: str = BEARER) -> Any:
    return client.get(f"/agent/v1/wanted{query}", headers={"Authorization": token})


def _report(client: Client, body: Any, token: str = BEARER) -> Any:
    return client.post("/agent/v1/report", body, content_type="application/json", headers={"Authorization": token})


@pytest.mark.parametrize(
    "token", ["", "Bearer", "Bearer ", "Bearer stranger", f"Token {TOKEN}-gate", f"Bearer {TOKEN}"]
)
def test_a_strangers_token_is_refused(client: Client, student: User, token: str) -> None:
    gateway()
    answers = [_ask(client, token=token), _report(client, {}, token=token)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0]["Content-Type"] == "application/problem+json"


def test_a_person_who_is_signed_in_is_a_stranger_here(client: Client, admin: User) -> None:
    gateway()
    client.force_login(admin)
    assert client.get("/agent/v1/wanted").status_code == 401


def test_the_wrong_method_is_refused(client: Client, student: User) -> None:
    gateway()
    assert client.post("/agent/v1/wanted", headers={"Authorization": BEARER}).status_code == 405
    assert client.get("/agent/v1/report", headers={"Authorization": BEARER}).status_code == 405


@pytest.mark.parametrize("query", ["?revision=x", "?wait=soon", "?revision="])
def test_a_question_that_is_none_is_refused(client: Client, student: User, query: str) -> None:
    gateway()
    assert _ask(client, query).status_code == 400


def test_it_tells_what_should_be_open_and_where(client: Client, student: User) -> None:
    gateway()
    holder = opened(student)
    open_all(holder=holder, address="127.0.0.9", port_map={80: 8080})
    answer = _ask(client).json()
    by_port = {
        line["port"]: (line["host"], line["target_port"], line["scheme"], line["probe"]) for line in answer["tunnels"]
    }
    ssh, http = Tunnel.objects.of(holder)
    assert by_port == {ssh.port: ("127.0.0.9", 22, "ssh", True), http.port: ("127.0.0.9", 8080, "http", True)}
    assert answer["gateway"]["host_key"] == "ssh-ed25519 AAAA"


def test_it_does_not_tell_what_is_closed(client: Client, student: User) -> None:
    gateway()
    close_all(holder=opened(student))
    assert _ask(client).json()["tunnels"] == []


def test_a_held_port_is_told_with_who_may_knock(client: Client, student: User) -> None:
    gateway()
    holder = opened(student)
    hold_all(holder=holder, knock=["203.0.113.9/32"])
    web = Tunnel.objects.of(holder)[1]
    Tunnel.objects.filter(pk=web.pk).update(allow=["198.51.100.0/24", "0.0.0.0/0"])
    lines = {line["scheme"]: line for line in _ask(client, "?holds=1").json()["tunnels"]}
    assert (lines["ssh"]["hold"], lines["ssh"]["knock"], lines["ssh"]["probe"]) == (True, ["203.0.113.9/32"], False)
    assert lines["http"]["knock"] == ["203.0.113.9/32", "198.51.100.0/24"]


def test_an_agent_that_cannot_hold_is_not_told_of_a_held_port(client: Client, student: User) -> None:
    gateway()
    hold_all(holder=opened(student))
    assert _ask(client).json()["tunnels"] == []


def _knock(client: Client, tunnel: Tunnel, address: str = "203.0.113.9", token: str = BEARER) -> Any:
    body = {"tunnel": str(tunnel.pk), "address": address}
    return client.post("/agent/v1/knock", body, content_type="application/json", headers={"Authorization": token})


def _asleep(student: User) -> Tunnel:
    machine = make_machine(student, state="suspended")
    Gateway.objects.filter(name="vps").update(token_hash=hash_token(f"{TOKEN}-gate"))
    note(user=student, address="203.0.113.9", at=timezone.now())
    hold(machine, timezone.now())
    return Tunnel.objects.of(machine.pk)[0]


def test_a_knock_of_somebody_who_may_wakes_the_machine(client: Client, student: User) -> None:
    tunnel = _asleep(student)
    answer = _knock(client, tunnel).json()
    assert (answer["wakes"], answer["seconds"] > 0, bool(answer["words"])) == (True, True, True)
    assert student.machines.get().wanted == "running"


def test_a_knock_of_a_stranger_is_refused_without_a_word(client: Client, student: User) -> None:
    answer = _knock(client, _asleep(student), "198.51.100.7")
    assert (answer.status_code, answer.json()) == (200, {"wakes": False, "seconds": 0, "words": "", "home": ""})


def test_an_agent_knocks_at_its_own_gateways_ports_only(client: Client, student: User) -> None:
    tunnel = _asleep(student)
    gateway("other")
    assert not _knock(client, tunnel, token=f"Bearer {TOKEN}-other").json()["wakes"]
    assert student.machines.get().wanted == "suspended"


def test_a_knock_that_is_none_gets_a_sentence(client: Client, student: User) -> None:
    answer = _knock(client, _asleep(student), "nowhere")
    assert answer.status_code == 400
    assert "not a knock" in answer.json()["detail"]


def test_a_knock_with_a_strangers_token_is_refused(client: Client, student: User) -> None:
    assert _knock(client, _asleep(student), token="Bearer stranger").status_code == 401


def test_one_gateway_hears_nothing_of_another(client: Client, student: User) -> None:
    gateway()
    opened(student)
    gateway("other")
    assert _ask(client, token=f"Bearer {TOKEN}-other").json()["tunnels"] == []


def test_asking_is_a_sign_of_life(client: Client, student: User) -> None:
    gateway()
    Gateway.objects.update(heard_at=None)
    _ask(client)
    assert Gateway.objects.get().is_heard(timezone.now())


def test_a_report_settles_the_rows(client: Client, student: User) -> None:
    gateway()
    holder = opened(student)
    revision = Gateway.objects.get().revision
    lines = {str(tunnel.pk): {"state": "open"} for tunnel in Tunnel.objects.of(holder)}
    answer = _report(client, json.dumps({"boot": "b", "seq": 1, "revision": revision, "whole": True, "tunnels": lines}))
    assert answer.status_code == 200
    assert states(holder) == ["open", "open"]


@pytest.mark.parametrize("body", ["", "x", "[]", '{"tunnels": {"x": 1}}', "\x00"])
def test_a_report_that_is_none_gets_a_sentence(client: Client, student: User, body: str) -> None:
    gateway()
    answer = _report(client, body)
    assert answer.status_code == 400
    assert "not a report" in answer.json()["detail"]


async def _hold(settings: Any, seconds: float, meanwhile: Any) -> tuple[float, Any]:
    """Return how long a question about the present revision was held, and its answer."""
    settings.AGENT_POLL_SECONDS = seconds
    revision = (await Gateway.objects.aget()).revision
    question = AsyncClient().get(f"/agent/v1/wanted?revision={revision}", headers={"Authorization": BEARER})
    began = time.monotonic()
    answer, _done = await asyncio.gather(question, meanwhile)
    return time.monotonic() - began, answer.json()


def _launch() -> None:
    opened(User.objects.create_user("student"))
    connections.close_all()


@pytest.fixture
async def held(transactional_db: None) -> AsyncIterator[Any]:
    """_hold, with a gateway there; the thread that spoke to the database for it hangs up at the end."""
    await sync_to_async(gateway)()
    yield _hold
    await sync_to_async(connections.close_all)()


async def test_a_question_is_held_until_there_is_something_new(held: Any, settings: Any) -> None:
    async def launch() -> None:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(_launch)

    took, answer = await held(settings, PATIENCE, launch())
    assert 0.3 <= took < PATIENCE
    assert len(answer["tunnels"]) == 2


async def test_a_question_is_not_held_for_ever(held: Any, settings: Any) -> None:
    took, answer = await held(settings, 0.5, asyncio.sleep(0))
    assert 0.5 <= took < 20  # without the setting it would be 25
    assert answer["revision"] == (await Gateway.objects.aget()).revision
