"""The version before, with data in every table and machines of every state, upgrades without losing anything."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.conf import Settings
from django.test import Client
from django.urls import URLPattern, get_resolver

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.xdist_group("upgrade")]
PEOPLE = ("student", "student2", "teacher", "donor", "admin")
# Old addresses of staff pages, pages for teachers or administrators, and what is asked for by POST only.
OTHER = {307, 403, 405}
# Turns of sweep, workers, agent and cloud: enough for a machine to go through two states.
TURNS = 8


@pytest.fixture(scope="module")
def before(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    """The base, loaded and migrated; what its tables held before."""
    from tests.upgrade import base, facts

    found: dict[str, list[tuple[Any, ...]]] = {}
    with (
        django_db_blocker.unblock(),
        base.upgraded(lambda: found.update(facts.of_before(), tables=list(facts.rows_of_tables().items()))),
    ):
        yield found


@pytest.fixture(autouse=True)
def clock(before: Any) -> Iterator[Any]:
    from tests.upgrade.base import NOW

    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def kinds() -> list[str]:
    return ["machines", "ports", "gateways", "people", "keys", "tokens", "used", "allowed"]


def pages() -> Iterator[str]:
    """The address of every page that has no parameter and needs no sign-out; what moved leads elsewhere."""
    for pattern in get_resolver().url_patterns:
        if isinstance(pattern, URLPattern) and "<" not in str(pattern.pattern) and "moved" not in str(pattern.name):
            yield f"/{pattern.pattern}"


def client_of(name: str) -> Client:
    """Return a client with the session that this person had before the upgrade."""
    from tests.upgrade.base import session_of

    client = Client()
    client.cookies["sessionid"] = session_of(name)
    return client


def ask_api(path: str, name: str) -> Any:
    from tests.upgrade.base import token_of

    return Client(headers={"Authorization": f"Bearer {token_of(name)}"}).get(f"/api/v1/{path}")


@pytest.mark.parametrize("kind", kinds())
def test_it_keeps_every(kind: str, before: dict[str, list[tuple[Any, ...]]]) -> None:
    from tests.upgrade import facts

    assert facts.NOW[kind]() == before[kind]
    assert before[kind]


def test_no_table_loses_a_row(before: dict[str, list[tuple[Any, ...]]]) -> None:
    from tests.upgrade import facts

    now = facts.rows_of_tables()
    assert {table: rows for table, rows in before["tables"] if now.get(table, 0) < rows} == {}
    assert [table for table, rows in before["tables"] if not rows] == []  # the base has a row in every one


def test_the_base_has_machines_of_every_state_and_wish(before: dict[str, list[tuple[Any, ...]]]) -> None:
    from machines.states import State, Wanted

    states, wishes = Counter(row[3] for row in before["machines"]), Counter(row[4] for row in before["machines"])
    assert (set(states), set(wishes)) >= (set(State.values), set(Wanted.values))


# The donor's password was hashed before 0.3.
@pytest.mark.parametrize(("name", "home"), [("student", "/"), ("donor", "/donating/")])
def test_a_password_of_before_signs_in(name: str, home: str, settings: Any) -> None:
    settings.PASSWORD_HASHERS = Settings("portal.settings").PASSWORD_HASHERS
    reply = Client().post("/accounts/login/", {"login": name, "password": "minga"})
    assert (reply.status_code, reply["Location"]) == (302, home)


@pytest.mark.parametrize("name", PEOPLE)
def test_whoever_was_signed_in_stays_so_and_gets_every_page(name: str) -> None:
    client = client_of(name)
    # Accounts of the cloud are switched off here, and nobody had given anything yet: of donors' pages only the first is for all.
    found = [page for page in pages() if not page.startswith(("/account/cloud/", "/donating/")) or page == "/donating/"]
    answers = {page: client.get(page).status_code for page in found}
    assert {page: status for page, status in answers.items() if status != 200 and status not in OTHER} == {}
    assert [answers[page] for page in ("/", "/launch/", "/keys/", "/account/")] == [200] * 4


@pytest.mark.parametrize("name", PEOPLE)
def test_a_token_of_before_gets_every_machine_of_its_person(
    name: str, before: dict[str, list[tuple[Any, ...]]]
) -> None:
    listed = ask_api("machines/", name).json()
    theirs = {str(row[0]) for row in before["machines"] if row[1] == name and row[3] != "gone"}
    in_bin = {machine["id"] for machine in ask_api("machines/?bin=true", name).json()}
    assert {machine["id"] for machine in listed} | in_bin >= theirs


def test_a_machine_of_each_state_has_its_page(before: dict[str, list[tuple[Any, ...]]]) -> None:
    client = client_of("student")
    one_each = {row[3]: row[0] for row in before["machines"] if row[1] == "student"}
    answers = {state: client.get(f"/machines/{pk}/").status_code for state, pk in one_each.items()}
    assert set(answers.values()) == {200}, answers


def test_a_running_machine_of_before_says_what_to_do_for_its_keys(before: dict[str, list[tuple[Any, ...]]]) -> None:
    running = next(row[0] for row in before["machines"] if row[1] == "student" and row[3:5] == ("running", "running"))
    page = client_of("student").get(f"/machines/{running}/").content.decode()
    assert "the machine is older than these keys" in " ".join(page.split())
    assert "No SSH key is in it" not in page


def test_the_agent_is_told_the_ports_of_before(before: dict[str, list[tuple[Any, ...]]]) -> None:
    reply = Client(headers={"Authorization": "Bearer agent-token"}).get("/agent/v1/wanted?revision=0")
    blocked = {row[0] for row in before["machines"] if row[1] == "blocked"}
    told = {tunnel["port"] for tunnel in reply.json()["tunnels"]}
    assert told >= {row[2] for row in before["ports"] if row[6] == "open" and row[0] not in blocked}


def test_the_workers_go_on_and_lose_nothing(before: dict[str, list[tuple[Any, ...]]], clock: Any) -> None:
    from machines.models import Machine
    from tests.upgrade import going_on

    world = going_on.World(clock)
    for _turn in range(TURNS):
        world.turn()
    now = {machine.pk: machine for machine in Machine.objects.all()}
    lost = [row[2] for row in before["machines"] if row[4] != "gone" and now[row[0]].state == "gone"]
    wished_away = {row[2]: now[row[0]].state for row in before["machines"] if row[4] == "gone"}
    assert (lost, set(wished_away.values())) == ([], {"gone"})
