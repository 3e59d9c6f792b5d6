"""An agent is told that there is something new exactly when the list that it then gets has it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from tests.tunnels.gateway_rows import gateway, opened
from tunnels.models import Dial, Gateway, SshTarget, Tunnel
from tunnels.queries import has_news

SOON = timedelta(seconds=15)


@pytest.fixture
def gate(student: User) -> Gateway:
    gate = gateway()
    opened(student)
    gate.refresh_from_db()
    return gate


@pytest.fixture(params=["tunnel", "ssh"])
def asked(request: pytest.FixtureRequest, gate: Gateway) -> Dial:
    """A dial by each way."""
    tunnel = gate.tunnels.order_by("port")[0]
    ssh = SshTarget(gateway=gate, holder=tunnel.holder, host="10.77.3.4")
    if request.param == "ssh":
        ssh.save()
    way: dict[str, Any] = {"tunnel": tunnel} if request.param == "tunnel" else {"ssh": ssh}
    return Dial.objects.create(expires_at=timezone.now() + SOON, **way)


def news(gate: Gateway, *dials: int) -> bool:
    """Ask as an agent that knows the newest revision and these dials; the slow list must say the same of them."""
    now = timezone.now()
    found = has_news(gate.pk, revision=gate.revision, dials=list(dials), now=now)
    assert found == Dial.objects.wanted_of(gate.pk, now).exclude(pk__in=dials).exists()
    return found


def test_another_revision_is_news(gate: Gateway) -> None:
    assert [has_news(gate.pk, revision=known, dials=None, now=timezone.now()) for known in (gate.revision, 0)] == [
        False,
        True,
    ]


def test_a_gateway_that_is_gone_is_news(db: None) -> None:
    assert has_news(7, revision=1, dials=[], now=timezone.now())


def test_a_dial_is_news_until_the_agent_knows_it(gate: Gateway, asked: Dial) -> None:
    assert (news(gate), news(gate, asked.pk), news(gate, asked.pk + 1)) == (True, False, True)


def test_it_is_none_to_an_agent_that_cannot_dial(gate: Gateway, asked: Dial) -> None:
    assert not has_news(gate.pk, revision=gate.revision, dials=None, now=timezone.now())


@pytest.mark.parametrize("fact", ["agent_at", "expires_at"])
def test_a_dial_that_is_over_is_none(gate: Gateway, asked: Dial, fact: str) -> None:
    Dial.objects.update(**{fact: timezone.now()})
    assert not news(gate)


def test_another_gateways_dial_is_none(gate: Gateway, asked: Dial) -> None:
    assert not news(gateway("other", 21_000, 21_099))


def test_a_dial_of_a_port_that_was_shut_is_none(gate: Gateway) -> None:
    Dial.objects.create(expires_at=timezone.now() + SOON, tunnel=gate.tunnels.order_by("port")[0])
    Tunnel.objects.update(wanted="held")
    assert not news(gate)
