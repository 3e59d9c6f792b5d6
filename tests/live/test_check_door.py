"""People who may check the way to a machine, how often, and what ends a check before its time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
import pytest
from django.contrib.sessions.models import Session

from accounts.live_tickets import tickets
from accounts.live_tickets.tickets import Proof
from accounts.models import AuditRow, User
from machines.models import Machine
from portal.live.checks import check_door, check_http
from portal.live.reading import read
from tests.live.check_stage import check, checked, headers_of, lines, oks, url
from tests.live.process import session_of
from tests.tunnels.dial_fixtures import echo as echo
from tests.tunnels.dial_fixtures import live as live
from tests.tunnels.dial_fixtures import stage as stage
from tests.tunnels.dial_fixtures import vps as vps
from tests.tunnels.dial_stage import DialStage
from tests.tunnels.targets import Target
from tests.waiting import PATIENCE, until
from tunnels.models import Dial, PortCheck, Tunnel

pytestmark = [
    pytest.mark.urls("tests.tunnels.urls"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-checks"),
    pytest.mark.slow,
]


@pytest.fixture
def machine(stage: DialStage, echo: Target) -> Machine:
    return stage.machine(stage.tunnel(echo.port))


@pytest.fixture
def author(machine: Machine, teacher: User) -> User:
    machine.template.created_by = teacher
    machine.template.save()
    return teacher


def test_its_owner_administrators_and_its_teachers_may(
    stage: DialStage, machine: Machine, author: User, admin: User
) -> None:
    for person in (stage.student, author, admin):
        assert check(stage, machine, by=person).json()["broken"] is None
    assert set(AuditRow.objects.filter(verb="check").values_list("who", flat=True)) == {author.pk, admin.pk}


@pytest.mark.parametrize("who", ["student2", "teacher", "donor"])
def test_for_all_others_there_is_no_such_machine(
    stage: DialStage, machine: Machine, who: str, request: pytest.FixtureRequest
) -> None:
    answer = check(stage, machine, by=request.getfixturevalue(who))
    assert (answer.status_code, answer.json()["code"], Dial.objects.count()) == (404, "machine", 0)


def test_nobody_comes_without_a_session_or_from_another_origin(stage: DialStage, machine: Machine) -> None:
    heads = headers_of(stage.student)
    other = httpx.get(url(stage, machine), headers={**heads, "Origin": "https://elsewhere.example"})
    assert (httpx.get(url(stage, machine)).status_code, other.status_code) == (403, 403)
    assert "access-control-allow-origin" not in other.headers
    own = httpx.get(
        url(stage, machine),
        headers={**heads, "Origin": f"http://localhost:{stage.live.port}", "Host": f"localhost:{stage.live.port}"},
    )
    assert own.headers["access-control-allow-origin"] == f"http://localhost:{stage.live.port}"


def test_the_seventh_of_a_minute_is_refused_with_a_sentence(stage: DialStage, machine: Machine) -> None:
    answers = [check(stage, machine) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [*[200] * 6, 429]
    assert answers[-1].json()["detail"].startswith("You have checked 6 times within a minute.")


def test_a_crowd_of_checks_is_refused_and_leaves_none_refused_later(stage: DialStage, machine: Machine) -> None:
    limits = stage.live.server.config.app.checks.limits
    limits.going = check_http.MOST_AT_ONCE
    answer = check(stage, machine)
    limits.going = 0
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert check(stage, machine).status_code == 200


def test_those_that_come_at_the_same_moment_do_not_pass_the_limit_together(
    stage: DialStage, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = Event()

    async def slow(ask: Any, *values: Any) -> Any:
        while ask is check_door.begin and not may_go_on.is_set():  # noqa: ASYNC110 - set by another thread
            await asyncio.sleep(0.02)
        return await read(ask, *values)

    monkeypatch.setattr(check_http, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(check_http, "read", slow)
    heads = headers_of(stage.student)
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(httpx.get, url(stage, machine), headers=heads, timeout=PATIENCE) for _number in range(5)]
        try:
            until(lambda: sum(one.done() for one in asked) == 3)
        finally:
            may_go_on.set()
    assert sorted(one.result().status_code for one in asked) == [200, 200, 503, 503, 503]
    assert stage.live.server.config.app.checks.limits.going == 0


def test_a_check_that_could_not_begin_gives_its_place_back(stage: DialStage, machine: Machine) -> None:
    assert check(stage, machine, 5432).json()["code"] == "no_port"
    assert stage.live.server.config.app.checks.limits.going == 0


def test_who_has_too_many_connections_is_not_told_to_sign_in(
    stage: DialStage, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.live.hub.MOST_OF_A_PERSON", 0)
    answer = check(stage, machine)
    assert (answer.status_code, answer.json()["detail"][:35]) == (429, "Too many checks are going on. Try a")


def test_two_at_once_are_both_right(stage: DialStage, machine: Machine) -> None:
    heads = headers_of(stage.student)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _n: httpx.get(url(stage, machine), headers=heads, timeout=PATIENCE), range(4)))
    assert [answer.json()["broken"] for answer in answers] == [None] * 4
    until(lambda: not stage.dials.open and not stage.dials.waiting)


def test_a_port_that_is_none_is_refused(stage: DialStage, machine: Machine) -> None:
    for port in ("0", "70000", "-1", "ssh", "9" * 5000):
        assert check(stage, machine, port).status_code == 400
    assert check(stage, machine, 5432).json()["code"] == "no_port"


def test_the_page_hears_each_hop_and_then_the_verdict(stage: DialStage, machine: Machine, echo: Target) -> None:
    with lines(stage, machine, echo.port) as said:
        heard = list(said)
    assert [line["hop"]["name"] for line in heard[:-1]] == ["port", "tunnel", "agent", "guest", "service"]
    assert set(heard[-1]) == {"verdict", "broken"}


@pytest.mark.usefixtures("_agent_away")
def test_who_leaves_leaves_nothing_behind(stage: DialStage, machine: Machine) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(url(stage, machine), headers=headers_of(stage.student), timeout=0.5)
    until(lambda: not stage.live.server.config.app.checks.limits.going)
    assert not stage.dials.waiting
    assert not PortCheck.objects.exists()


@pytest.fixture
def _agent_away(stage: DialStage, machine: Machine) -> None:
    stage.agent.kill()


@pytest.mark.usefixtures("_agent_away")
def test_whose_right_ends_hears_no_more(stage: DialStage, machine: Machine) -> None:
    heads = headers_of(stage.student)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.get, url(stage, machine), headers=heads, timeout=PATIENCE)
        until(lambda: stage.live.server.config.app.dials.waiting)  # it has begun, and asks the agent
        Session.objects.all().delete()
        assert answer.result(PATIENCE).status_code == 403
    assert not PortCheck.objects.exists()


def ticket_of(person: User, purpose: str) -> str:
    from django.utils import timezone

    proof = Proof("session", session_of(person), person.get_session_auth_hash())
    return tickets.make(person, proof, scope=purpose, now=timezone.now())


def test_a_ticket_lets_a_browser_in_once_and_leads_it_back(stage: DialStage, machine: Machine, echo: Target) -> None:
    where = f"{url(stage, machine, echo.port)}&back=1&ticket={ticket_of(stage.student, f'check {machine.pk}')}"
    answers = [httpx.get(where, timeout=PATIENCE) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 401]
    assert answers[0].headers["location"].endswith(f"/machines/{machine.pk}/check/?port={echo.port}")
    assert (PortCheck.objects.get().holder, PortCheck.objects.get().broken) == (machine.pk, "")


def test_a_ticket_for_something_else_lets_nobody_in(stage: DialStage, machine: Machine) -> None:
    where = f"{url(stage, machine)}?ticket={ticket_of(stage.student, f'terminal {machine.pk}')}"
    assert httpx.get(where).status_code == 401


def test_it_speaks_the_language_of_the_person(stage: DialStage, machine: Machine) -> None:
    User.objects.update(language="es")
    assert check(stage, machine).json()["verdict"].startswith("Todo el camino está bien.")


def test_who_is_not_let_in_by_the_port_is_told_so(stage: DialStage, machine: Machine) -> None:
    Tunnel.objects.update(allow=["192.0.2.0/24"])
    body = check(stage, machine).json()
    assert ("lets in only some networks" in body["verdict"], body["broken"]) == (True, None)


def test_a_check_has_an_end(stage: DialStage, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_http, "ALL_SECONDS", 0.0)
    body = check(stage, machine).json()
    assert (body["broken"], body["verdict"][:41]) == (None, "The check did not come to its end. Try ag")


def test_a_machine_without_a_public_port_has_only_the_hops_that_it_has(
    stage: DialStage, machine: Machine, settings: Any
) -> None:
    Tunnel.objects.all().delete()
    Machine.objects.update(address="192.0.2.7")
    assert list(oks(check(stage, machine).json())) == ["agent", "guest", "service"]
    settings.CLOUD = "local"  # where this process reaches it itself
    Machine.objects.update(address="127.0.0.1", port_map={"22": stage.live.port})
    body = check(stage, machine).json()
    assert (list(oks(body)), body["broken"]) == (["guest", "service"], "service")


def test_a_name_that_leads_nowhere_is_named(stage: DialStage, machine: Machine) -> None:
    stage.gateway.__class__.objects.update(public_host="labs.invalid")
    tunnel = Tunnel.objects.get()
    assert (checked(stage, tunnel)["broken"], "labs.invalid" in checked(stage, tunnel)["verdict"]) == ("name", True)
