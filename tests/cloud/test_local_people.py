"""People of the local cloud beyond the contract: locked after wrong passwords, kept over a restart; a client that meets nobody."""

import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from cloud.contract import CloudBusy, CloudPerson, CloudRefused, Denial
from cloud.local_people import LocalPeople
from cloud.localcloud.local_accounts import MOST_FAILURES
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


def test_wrong_passwords_lock_an_account_and_a_restart_keeps_it(make_stage: Callable[..., Any]) -> None:
    stage = make_stage("simulated")
    stage.cloud._request("PUT", "/people/Ana", json={"password": "right", "roles": ["member"]})
    people = LocalPeople(f"http://127.0.0.1:{stage.port}", seconds=PATIENCE)
    denied = [people.sign_in("ana", "wrong", "") for _ in range(MOST_FAILURES)]
    assert denied == [Denial.WRONG] * MOST_FAILURES
    stage.end()
    stage.start()
    assert people.sign_in("ana", "right", "") is Denial.LOCKED
    stage.cloud._request("PUT", "/people/Ana", json={"password": "new"})
    assert isinstance(people.sign_in("ana", "new", ""), CloudPerson)


def test_only_the_sign_in_needs_no_token(make_stage: Callable[..., Any]) -> None:
    url = f"http://127.0.0.1:{make_stage('simulated').port}"
    assert (
        httpx.put(f"{url}/people/eve", json={"password": "x", "roles": ["admin"]}, timeout=PATIENCE).status_code == 401
    )
    sign_in = partial(httpx.post, f"{url}/people/sign-in", timeout=PATIENCE)
    assert sign_in(json={"name": "eve", "password": "x"}).json() == {"denied": "wrong"}
    assert sign_in(json={"name": "eve"}).status_code == 422


def test_a_cloud_that_hangs_is_busy_within_the_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts, and never answers
        people = LocalPeople(f"http://127.0.0.1:{deaf.getsockname()[1]}", seconds=0.2)
        with pytest.raises(CloudBusy):
            people.sign_in("ana", "x", "")  # without its limit it would wait for ever
    with pytest.raises(CloudBusy):
        people.sign_in("ana", "x", "")
    with pytest.raises(CloudRefused):
        people.make_credential("ana", "x", "", label="x")
