"""Wishes: said twice, done once; the agent hears of each change and of nothing else."""

import uuid

from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from tests.tunnels.gateway_rows import SERVICES, gateway, opened, states, tell
from tunnels.actions import (
    close_all,
    hold_all,
    keep_gateway,
    knockers_of,
    open_all,
    open_one,
    release,
    release_one,
    reserve,
)
from tunnels.models import Gateway, Tunnel
from tunnels.queries import primary_answered


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
    assert states(holder) == ["closed", "closed"]
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


HOME = ["203.0.113.9/32"]


def test_holding_keeps_the_port_and_tells_the_agent_once(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    before = [tunnel.port for tunnel in Tunnel.objects.of(holder)], _revision()
    assert hold_all(holder=holder, knock=HOME)
    assert not hold_all(holder=holder, knock=HOME)
    assert ([tunnel.port for tunnel in Tunnel.objects.of(holder)], _revision()) == (before[0], before[1] + 1)


def test_a_held_port_is_held_once_the_agent_says_so(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    hold_all(holder=holder)
    assert states(holder) == ["open", "open"]
    tell(gate, {tunnel: {"state": "held"} for tunnel in Tunnel.objects.of(holder)})
    assert states(holder) == ["held", "held"]


def test_a_held_port_is_opened_again_and_must_answer_anew(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    hold_all(holder=holder)
    tell(gate, {tunnel: {"state": "held"} for tunnel in Tunnel.objects.of(holder)})
    assert open_all(holder=holder, address="127.0.0.9")
    assert (states(holder), primary_answered(holder)) == (["opening", "opening"], False)


def test_a_port_that_is_to_be_held_is_given_back_when_the_agent_has_let_go_of_it(student: User) -> None:
    gate = gateway()
    holder = uuid.uuid4()
    reserve(holder=holder, owner=student, services=SERVICES, by=student)
    hold_all(holder=holder)
    release(holder=holder)
    assert states(holder) == ["closed", "closed"]
    tell(gate, {})
    assert states(holder) == ["gone", "gone"]


def test_a_port_given_back_is_not_held(student: User) -> None:
    gateway()
    holder = opened(student)
    release(holder=holder)
    assert not hold_all(holder=holder)


def test_who_may_knock_is_told_only_when_it_changed(student: User) -> None:
    gateway()
    holder = opened(student)
    hold_all(holder=holder, knock=HOME)
    before = _revision()
    assert not knockers_of({holder: HOME})
    assert knockers_of({holder: []})
    assert ([tunnel.knock for tunnel in Tunnel.objects.of(holder)], _revision()) == ([[], []], before + 1)


def test_who_may_knock_matters_at_held_ports_only(student: User) -> None:
    gateway()
    holder = opened(student)
    assert not knockers_of({holder: HOME})


def test_the_lists_of_many_are_written_in_a_few_queries(
    student: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    gateway(last=20_199)
    holders = [opened(student) for _number in range(40)]
    for holder in holders:
        hold_all(holder=holder)
    with django_assert_max_num_queries(8):
        assert knockers_of(dict.fromkeys(holders, HOME)) == 80
