"""Wishes: said twice, done once; the agent hears of each change and of nothing else."""

import uuid

from accounts.models import User
from tests.tunnels.told import SERVICES, gateway, opened, states, tell
from tunnels.actions import (
    allow_only,
    close_all,
    keep_gateway,
    open_all,
    open_one,
    release,
    release_one,
    reserve,
)
from tunnels.models import Gateway, Tunnel
from tunnels.queries import all_closed, primary_answered


def _revision() -> int:
    return Gateway.objects.get().revision


def test_a_reserved_port_is_closed_and_the_agent_hears_nothing(student: User) -> None:
    before = gateway().revision
    holder = uuid.uuid4()
    reserve(holder=holder, owner=student, services=SERVICES, by=student)
    assert (states(holder), _revision()) == (["closed", "closed"], before)


def test_opening_tells_the_agent_once(student: User) -> None:
    before = gateway().revision
    opened(student)
    assert _revision() == before + 1


def test_opening_again_writes_nothing(student: User) -> None:
    gateway()
    holder = opened(student)
    before = _revision()
    assert not open_all(holder=holder, address="127.0.0.9")
    assert _revision() == before


def test_another_address_must_answer_anew(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    assert open_all(holder=holder, address="127.0.0.10")
    assert not primary_answered(holder)


def test_a_port_map_leads_to_the_real_port(student: User) -> None:
    gateway()
    holder = opened(student)
    open_all(holder=holder, address="127.0.0.1", port_map={22: 34_022})
    assert [tunnel.reach_port for tunnel in Tunnel.objects.of(holder)] == [34_022, None]


def test_closing_keeps_the_port(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    before = [tunnel.port for tunnel in Tunnel.objects.of(holder)]
    close_all(holder=holder)
    tell(gate)
    assert all_closed(holder)
    assert [tunnel.port for tunnel in Tunnel.objects.of(holder)] == before


def test_closing_twice_tells_once(student: User) -> None:
    gateway()
    holder = opened(student)
    assert close_all(holder=holder)
    assert not close_all(holder=holder)


def test_a_port_that_was_never_open_is_given_back_at_once(student: User) -> None:
    gateway()
    holder = uuid.uuid4()
    reserve(holder=holder, owner=student, services=SERVICES, by=student)
    release(holder=holder)
    assert states(holder) == ["gone", "gone"]


def test_a_port_given_back_is_kept_until_the_agent_has_closed_it(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    release(holder=holder)
    assert states(holder) == ["open", "open"]
    tell(gate)
    assert states(holder) == ["gone", "gone"]


def test_one_port_is_given_back_alone(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    release_one(tunnel_id=Tunnel.objects.of(holder)[1].pk, by=student)
    tell(gate)
    assert states(holder) == ["open", "gone"]


def test_an_extra_port_may_be_opened_again_while_the_old_one_closes(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    extra = open_one(holder=holder, owner=student, port=8080, by=student)
    open_all(holder=holder, address="127.0.0.9")
    tell(gate)
    release_one(tunnel_id=extra.pk, by=student)
    assert open_one(holder=holder, owner=student, port=8080, by=student).port != extra.port


def test_a_port_given_back_is_not_opened_by_open_all(student: User) -> None:
    gateway()
    holder = opened(student)
    release(holder=holder)
    assert not open_all(holder=holder, address="127.0.0.10")


def test_an_allow_list_tells_the_agent_and_leaves_the_state(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    before = _revision()
    allow_only(tunnel_id=Tunnel.objects.of(holder)[0].pk, networks=["203.0.113.9/24"], by=student)
    assert Tunnel.objects.of(holder)[0].allow == ["203.0.113.0/24"]
    assert (states(holder), _revision()) == (["open", "open"], before + 1)


def test_keeping_a_gateway_as_it_is_tells_nobody(student: User) -> None:
    before = gateway().revision
    assert keep_gateway(name="gate", ssh_host="127.0.0.1", by=None).revision == before
    assert keep_gateway(name="gate", ssh_host="127.0.0.2", by=None).revision == before + 1


def test_once_closed_and_opened_again_the_target_must_answer_anew(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    assert primary_answered(holder)
    close_all(holder=holder)
    open_all(holder=holder, address="127.64.0.9")
    assert not primary_answered(holder)
