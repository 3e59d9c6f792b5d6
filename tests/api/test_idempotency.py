"""Idempotency-Key: a request that is sent again gets the answer of the first, and is not carried out again."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import once
from accounts.announcements import writing
from accounts.models import OnceKey, SshKey, User
from machines.models import Machine
from portal.api.idempotency import GUARDED
from portal.api.urls import v1
from quotas.models import Grant
from tests.api.program import Program
from tests.factories import grant, make_gateway, make_template

KEYLESS = {
    *(f"/api/v1/{path}/" for path in ("auth/device", "subscriptions/claim", "intake")),
    *(f"/api/v1/machines/{{id}}/{path}/" for path in ("files", "terminal")),
}
LAUNCH = {"template": "lab", "name": "condor"}


@pytest.fixture(autouse=True)
def room(student: User) -> None:
    make_gateway(), grant(student), make_template()


def again(api: Program, path: str, body: Any, key: str = "k1") -> tuple[Any, Any]:
    return tuple(api.ask("POST", path, body, **{"Idempotency-Key": key}) for _ in range(2))  # type: ignore[return-value]


def test_the_same_key_and_body_get_the_same_answer(api: Program) -> None:
    first, second = again(api, "machines/", LAUNCH)
    assert (first.status_code, second.status_code, first.json()) == (201, 201, second.json())
    assert (second["Idempotency-Replayed"], Machine.objects.count()) == ("true", 1)


def test_the_same_json_written_another_way_is_the_same_body(api: Program) -> None:
    api.ask("POST", "machines/", LAUNCH, **{"Idempotency-Key": "k1"})
    reply = api.ask("POST", "machines/", '{ "name":"condor",  "template": "lab" }', **{"Idempotency-Key": "k1"})
    assert (reply.status_code, Machine.objects.count()) == (201, 1)


@pytest.mark.parametrize(("path", "body"), [("machines/", {**LAUNCH, "name": "puma"}), ("keys/make/", LAUNCH)])
def test_another_request_with_the_same_key_is_refused(api: Program, path: str, body: Any) -> None:
    api.ask("POST", "machines/", LAUNCH, **{"Idempotency-Key": "k1"})
    reply = api.ask("POST", path, body, **{"Idempotency-Key": "k1"})
    assert (reply.status_code, reply.json()["code"]) == (422, "idempotency_key_reused")
    assert Machine.objects.count() == 1


def test_a_refusal_is_not_kept_and_undoes_what_was_begun(api: Program) -> None:
    Grant.objects.update(ports=1)
    refused = again(api, "machines/", LAUNCH)
    assert [(r.status_code, r.json()["code"], "Idempotency-Replayed" in r) for r in refused] == [
        (409, "quota_exceeded", False)
    ] * 2
    assert not OnceKey.objects.exists()
    Grant.objects.update(ports=10)
    done = again(api, "machines/", LAUNCH)
    assert [r.status_code for r in done] == [201, 201]
    assert (done[1]["Idempotency-Replayed"], Machine.objects.count()) == ("true", 1)


def test_a_launch_that_a_pause_refused_is_made_with_the_same_key_once_it_is_over(api: Program, admin: User) -> None:
    facts = {"text_en": "We move disks", "text_es": "", "ends_at": timezone.now() + timedelta(hours=1)}
    pause = writing.announce(pauses_launches=True, by=admin, **facts)
    refused = api.ask("POST", "machines/", LAUNCH, **{"Idempotency-Key": "k1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "launches_paused")
    writing.end(announcement=pause, by=admin)
    assert api.ask("POST", "machines/", LAUNCH, **{"Idempotency-Key": "k1"}).status_code == 201


def test_a_body_that_was_refused_may_be_mended_and_sent_with_the_same_key(api: Program) -> None:
    wrong = api.ask("POST", "machines/", {**LAUNCH, "template": "none"}, **{"Idempotency-Key": "k1"})
    right = api.ask("POST", "machines/", LAUNCH, **{"Idempotency-Key": "k1"})
    assert (wrong.status_code // 100, right.status_code) == (4, 201)


def test_a_refusal_that_the_version_before_kept_is_not_repeated(api: Program) -> None:
    api.ask("POST", "machines/", LAUNCH, **{"Idempotency-Key": "k1"})
    OnceKey.objects.update(status=409)
    again_with_it = api.ask("POST", "machines/", LAUNCH, **{"Idempotency-Key": "k1"})
    assert again_with_it.json()["code"] == "name_taken"  # it was carried out, and is no replay
    assert "Idempotency-Replayed" not in again_with_it


def test_without_a_key_each_request_is_its_own(api: Program) -> None:
    replies = [api.ask("POST", "machines/", {"template": "lab", "name": ""}) for _ in range(2)]
    assert len({reply.json()["id"] for reply in replies}) == 2


def test_a_made_key_is_made_once_and_shown_twice(api: Program) -> None:
    first, second = again(api, "keys/make/", {"name": "laptop"})
    assert first.json()["private_key"] == second.json()["private_key"]
    assert (SshKey.objects.count(), second["Cache-Control"]) == (1, "no-store, private")


def test_its_private_half_is_not_shown_for_a_day(api: Program) -> None:
    api.ask("POST", "keys/make/", {"name": "laptop"}, **{"Idempotency-Key": "k1"})
    OnceKey.objects.update(at=timezone.now() - timedelta(minutes=11))
    reply = api.ask("POST", "keys/make/", {"name": "laptop"}, **{"Idempotency-Key": "k1"})
    assert (reply.status_code, reply.json()["code"], SshKey.objects.count()) == (409, "answer_no_longer_shown", 1)


def test_a_machine_restarts_once(api: Program, machine: Machine) -> None:
    again(api, f"machines/{machine.pk}/restart/", None)
    machine.refresh_from_db()
    assert machine.restarts_asked == 1


def test_anothers_key_is_not_mine(api: Program, stranger: Program) -> None:
    grant(stranger.user)
    for program in (api, stranger):
        assert program.ask("POST", "machines/", LAUNCH, **{"Idempotency-Key": "k1"}).status_code == 201
    assert Machine.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "ñ"])
def test_a_key_that_is_none_is_refused_with_a_sentence(api: Program, key: str) -> None:
    reply = api.ask("POST", "machines/", LAUNCH, **{"Idempotency-Key": key})
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_idempotency_key")


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_carried_out_and_the_other_waits_for_its_answer(api: Program) -> None:
    start, ids = threading.Barrier(4), []

    def send() -> None:
        start.wait()
        ids.append(
            api.ask("POST", "machines/", {"template": "lab", "name": ""}, **{"Idempotency-Key": "k1"}).json()["id"]
        )
        connection.close()

    _at_once(send, 4)
    assert ids == [str(Machine.objects.get().pk)] * 4


@pytest.mark.django_db(transaction=True)
def test_one_that_takes_too_long_to_wait_for_is_told_so(api: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "PATIENCE", "50ms")
    codes: list[str] = []

    def send() -> None:
        codes.append(api.ask("POST", "machines/", LAUNCH, **{"Idempotency-Key": "k1"}).json()["code"])
        connection.close()

    with transaction.atomic():
        facts = {"request_hash": "x", "key_hash": once.hash_of_key("api:k1")}
        OnceKey.objects.create(user=api.user, **facts)  # by another process, which is still at it
        _at_once(send, 1)
        transaction.set_rollback(True)
    assert codes == ["in_progress"]


def test_every_post_takes_a_key(api: Program) -> None:
    """But for the beginning of a sign-in: nobody is known yet, and of two codes the unused one ends by itself.

    And but for the use of a code: a wrong one is counted, which a refusal under a key takes back. Sent again it does the same, or,
    where nobody has signed in, is refused. And but for addresses of the live process: each is good once.
    """
    posts = {pattern.callback.cls for pattern in v1 if "post" in dir(getattr(pattern.callback, "cls", None))}
    assert {view.__name__ for view in posts if (view.__module__, view.__name__) not in GUARDED} == {
        "device",
        "claim",
        "intake",
        "files",
        "terminal",
    }


def test_the_schema_tells_of_it() -> None:
    paths = _schema()
    takes = {
        path
        for path, verbs in paths.items()
        if any(p["name"] == "Idempotency-Key" for p in verbs.get("post", {}).get("parameters", []))
    }
    assert takes == {path for path, verbs in paths.items() if "post" in verbs} - KEYLESS


def _schema() -> dict[str, Any]:
    from drf_spectacular.generators import SchemaGenerator

    paths: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return paths


def _at_once(run: Callable[[], None], times: int) -> None:
    threads = [threading.Thread(target=run) for _ in range(times)]
    [t.start() for t in threads], [t.join() for t in threads]
