"""Tickets of dials that are refused, and dials that nobody answers."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from accounts.models import User
from tests.live.process import LiveProcess
from tests.ports import free_port
from tests.tunnels.dial_fixtures import echo as echo
from tests.tunnels.dial_fixtures import live as live
from tests.tunnels.dial_stage import as_worker, echo_of
from tests.tunnels.gateway_rows import gateway, opened
from tests.tunnels.targets import HERE, Target
from tests.waiting import PATIENCE
from tunnels.actions import close_all
from tunnels.dial_actions import AgentAway, NotDialable, dial
from tunnels.dialing import DialFailed
from tunnels.models import Dial, Gateway, Tunnel

pytestmark = [
    pytest.mark.urls("tests.tunnels.urls"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("tunnels-dialing"),
    pytest.mark.slow,
]


def refusal(live: LiveProcess, ticket: str, **headers: str) -> int:
    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://{HERE}:{live.port}/live/dial",
            additional_headers={"Authorization": f"Dial {ticket}", **headers},
            proxy=None,
        )
    assert refused.value.response.body in (b"", None)  # a stranger learns nothing
    return int(refused.value.response.status_code)


@pytest.fixture
def asked(student: User, live: LiveProcess) -> Dial:
    """A dial that no agent hears of."""
    gateway()
    return dial(tunnel_id=Tunnel.objects.of(opened(student))[0].pk, by=student)


@pytest.mark.parametrize("ticket", ["", "x", "W10:1:2"])
def test_no_ticket(live: LiveProcess, asked: Dial, ticket: str) -> None:
    assert refusal(live, ticket) == 403


@pytest.mark.parametrize("side", ["agent", "asker"])
def test_a_used_ticket(live: LiveProcess, asked: Dial, side: str) -> None:
    head = {"Authorization": f"Dial {asked.ticket(side)}"}
    with connect(
        f"ws://{HERE}:{live.port}/live/dial",
        additional_headers=head,
        proxy=None,
        compression=None,
        open_timeout=PATIENCE,
    ):
        assert refusal(live, asked.ticket(side)) == 403


def test_an_expired_ticket(live: LiveProcess, asked: Dial) -> None:
    Dial.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refusal(live, asked.ticket("asker")) == 403


def test_a_ticket_whose_port_was_closed_since(live: LiveProcess, asked: Dial) -> None:
    close_all(holder=asked.tunnel.holder)
    assert refusal(live, asked.ticket("asker")) == 403


@pytest.mark.parametrize("header", [{"Origin": "https://evil.example.org"}, {"Cookie": "a=b"}])
def test_a_page_is_refused_and_the_ticket_stays_good(live: LiveProcess, asked: Dial, header: dict[str, str]) -> None:
    assert refusal(live, asked.ticket("asker"), **header) == 403
    assert Dial.objects.get().asker_at is None


def test_a_port_that_is_not_open_is_not_dialed(student: User, asked: Dial) -> None:
    close_all(holder=asked.tunnel.holder)
    with pytest.raises(NotDialable):
        dial(tunnel_id=asked.tunnel_id, by=student)


def test_a_blocked_owners_port_is_not_dialed(student: User, asked: Dial) -> None:
    User.objects.filter(pk=student.pk).update(is_active=False)
    with pytest.raises(NotDialable):
        dial(tunnel_id=asked.tunnel_id, by=student)


def test_a_silent_agent_is_told_at_once(student: User, asked: Dial) -> None:
    Gateway.objects.update(heard_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(AgentAway):
        dial(tunnel_id=asked.tunnel_id, by=student)


def test_old_rows_are_removed(student: User, asked: Dial) -> None:
    Dial.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert list(Dial.objects.all()) != [dial(tunnel_id=asked.tunnel_id, by=student)]
    assert Dial.objects.count() == 1


def test_without_a_live_process_it_fails_with_a_word(student: User, asked: Dial, settings: Any) -> None:
    settings.CLOUD, settings.LIVE_INSIDE = "openstack", f"http://{HERE}:{free_port()}"
    with pytest.raises(DialFailed, match="live_away"):
        as_worker(asked.tunnel, echo_of(b""))


def test_where_the_portal_reaches_the_guest_it_connects_itself(student: User, asked: Dial, echo: Target) -> None:
    Tunnel.objects.update(target_host=HERE, reach_port=echo.port)
    assert as_worker(asked.tunnel, echo_of(b"hi")) == b"hi"
    assert Dial.objects.count() == 1  # the one that was asked before
