"""Checks as people and programs ask for them, of the live process of a dial's stage."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from django.conf import settings

from accounts.models import User
from machines.models import Machine
from tests.live.process import session_of
from tests.tunnels.dial_stage import DialStage
from tests.waiting import PATIENCE
from tunnels.models import Tunnel


def headers_of(person: User) -> dict[str, str]:
    return {
        "Cookie": f"{settings.SESSION_COOKIE_NAME}={session_of(person)}",
        "Host": "localhost",
        "Sec-Fetch-Site": "same-origin",
    }


def url(stage: DialStage, machine: Machine, port: int | str = "") -> str:
    return f"http://127.0.0.1:{stage.live.port}/live/check/{machine.pk}" + (f"?port={port}" if port else "")


def check(stage: DialStage, machine: Machine, port: int | str = "", *, by: User | None = None) -> httpx.Response:
    return httpx.get(url(stage, machine, port), headers=headers_of(by or stage.student), timeout=PATIENCE)


def checked(stage: DialStage, tunnel: Tunnel) -> dict[str, Any]:
    """The check of a tunnel's port, which its machine has."""
    machine = Machine.objects.filter(pk=tunnel.holder).first() or stage.machine(tunnel)
    answer = check(stage, machine, tunnel.target_port)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def oks(body: dict[str, Any]) -> dict[str, bool | None]:
    return {hop["name"]: hop["ok"] for hop in body["hops"]}


@contextmanager
def lines(stage: DialStage, machine: Machine, port: int) -> Iterator[Iterator[dict[str, Any]]]:
    """The check as the page's script reads it."""
    heads = {**headers_of(stage.student), "Accept": "application/x-ndjson"}
    with httpx.stream("GET", url(stage, machine, port), headers=heads, timeout=PATIENCE) as answer:
        yield (json.loads(line) for line in answer.iter_lines())
