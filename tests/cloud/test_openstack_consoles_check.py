"""The rows of check_cloud --consoles about an account of which one thing is wrong. The cloud is a script: tests/openstack asks a real one."""

from collections.abc import Callable
from typing import Any

import pytest

from cloud.contract import CloudBusy, CloudGone, CloudRefused
from cloud.diagnosis import Check
from cloud.openstack.doctor import checks_consoles
from tests.cloud.scripted import ScriptedClient

REFUSED = CloudRefused("403 Policy doesn't allow it")


class Consoles:
    """The consoles of an account with a role in one student's project, which the new defaults keep narrow."""

    def __init__(self) -> None:
        self.client: Any = ScriptedClient()
        self.client.role_names, self.client.answers["/servers"] = ["minga_console"], REFUSED
        self.client.own_projects = ["p", "students"]
        self.error: Exception | None = None

    def console_log(self, server_id: str, lines: int, *, project: str) -> str:
        if self.error:
            raise self.error
        return "login:"


@pytest.fixture
def consoles() -> Consoles:
    return Consoles()


def rows(consoles: Any, server: tuple[str, str] | None = ("s", "students")) -> list[Check]:
    return list(checks_consoles.look(consoles, server))


def test_a_narrow_account_that_reads_is_right(consoles: Consoles) -> None:
    assert [row.ok for row in rows(consoles)] == ["right"] * 5


def test_without_a_running_machine_that_is_said(consoles: Consoles) -> None:
    assert [(row.ok, row.found.text) for row in rows(consoles, None)][-1] == (
        "note",
        "No machine runs, so that no log could be read.",
    )


def becomes(**facts: Any) -> Callable[[Consoles], Any]:
    return lambda consoles: consoles.client.__dict__.update(facts)


def answers(error: Exception) -> Callable[[Consoles], Any]:
    return lambda consoles: consoles.__dict__.update(error=error)


def is_wide(consoles: Consoles) -> None:
    consoles.client.answers["/servers"] = {"servers": []}


@pytest.mark.parametrize(
    ("change", "server", "ok", "words", "mend"),
    [
        (becomes(role_names=["admin"]), ("s", "students"), "wrong", "is an administrator", "role remove"),
        (becomes(own_projects=["p"]), None, "wrong", "in its own project only", "--inherited"),
        (is_wide, ("s", "students"), "note", "what their members do", "enforce_new_defaults = true"),
        (answers(REFUSED), ("s", "students"), "wrong", "could not be read", "os-console-output"),
        (answers(CloudGone("404")), ("s", "students"), "wrong", "could not be read", ""),
        (answers(CloudBusy("away")), ("s", "students"), "wrong", "could not be read", ""),
    ],
    ids=["admin", "nowhere", "wide", "refused", "gone", "away"],
)
def test_what_is_wrong_comes_with_what_mends_it(
    consoles: Consoles, change: Any, server: tuple[str, str] | None, ok: str, words: str, mend: str
) -> None:
    change(consoles)
    found = next(row for row in rows(consoles, server) if row.ok != "right")
    assert (found.ok, words in str(found.found), mend in found.mend) == (ok, True, True), found
