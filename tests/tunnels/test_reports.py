"""An agent's report settles the rows; a stale report settles nothing."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from tests.tunnels.gateway_rows import gateway, opened, states, tell
from tunnels.actions import close_all, hold_all, open_all, release
from tunnels.models import Gateway, Tunnel
from tunnels.queries import all_open, primary_answered, trouble

SILENCE = timedelta(seconds=settings.AGENT_SILENT_SECONDS + 1)


def test_what_is_told_open_is_open(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    assert tell(gate) == {holder}
    assert states(holder) == ["open", "open"]
    assert all_open(holder, timezone.now())


def test_the_same_word_again_changes_nothing(student: User) -> None:
    gate = gateway()
    opened(student)
    tell(gate)
    assert tell(gate) == set()


def test_open_is_not_yet_answered(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate, {tunnel: {"state": "open"} for tunnel in Tunnel.objects.of(holder)})
    assert not primary_answered(holder)


def test_a_report_from_before_the_wish_opens_nothing(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate, revision=gate.revision - 1)
    assert states(holder) == ["opening", "opening"]


def test_a_report_from_before_the_wish_closes_nothing(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    close_all(holder=holder)
    tell(gate, {}, revision=Gateway.objects.get().revision - 1)
    assert states(holder) == ["open", "open"]


def test_an_answer_to_an_older_wish_is_not_taken(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    close_all(holder=holder)
    open_all(holder=holder, address="127.0.0.9")
    tell(gate, {tunnel: {"state": "open", "answered": True, "since": 1} for tunnel in Tunnel.objects.of(holder)})
    assert states(holder) == ["open", "open"]
    assert not primary_answered(holder)


def test_what_a_part_report_leaves_out_stays(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    tell(gate, {}, whole=False)
    assert states(holder) == ["open", "open"]


def test_what_a_whole_report_leaves_out_is_not_open(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    tell(gate, {})
    assert states(holder) == ["opening", "opening"]


def test_a_tunnel_told_closed_is_closed_at_once(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    close_all(holder=holder)
    tell(gate, {tunnel: {"state": "closed"} for tunnel in Tunnel.objects.of(holder)}, whole=False)
    assert states(holder) == ["closed", "closed"]


def test_a_gateway_that_is_away_is_said(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    tell(gate, {tunnel: {"state": "opening", "error": "unreachable"} for tunnel in Tunnel.objects.of(holder)})
    assert states(holder) == ["opening", "opening"]
    assert "does not answer" in str(trouble(holder, timezone.now()))


def test_a_port_that_something_else_holds_is_drawn_anew(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    first, second = Tunnel.objects.of(holder)
    before = Gateway.objects.get().revision
    assert tell(gate, {first: {"state": "failed", "refused": 1}, second: {"state": "open"}}) == {holder}
    assert Tunnel.objects.get(pk=first.pk).port != first.port
    assert Gateway.objects.get().revision == before + 1


def test_a_port_that_was_open_once_is_kept_when_it_is_refused(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    first, _second = Tunnel.objects.of(holder)
    tell(gate, {first: {"state": "failed", "refused": 1}}, whole=False)
    again = Tunnel.objects.get(pk=first.pk)
    assert (again.port, again.state, bool(again.note)) == (first.port, "opening", True)


@pytest.mark.parametrize("tries", [1, 9])  # of one port, before the agent learns of the next: they are one refusal
def test_a_gateway_that_refuses_everything_does_not_block_its_range(student: User, tries: int) -> None:
    gate = gateway()
    holder = opened(student)
    for _turn in range(10):
        tell(gate, {tunnel: {"state": "failed", "refused": tries} for tunnel in Tunnel.objects.of(holder)})
    assert states(holder) == ["failed", "failed"]
    assert gate.blocked_ports.count() == 10


def test_a_failed_port_opens_after_all(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    for _turn in range(10):
        tell(gate, {tunnel: {"state": "failed", "refused": 1} for tunnel in Tunnel.objects.of(holder)})
    tell(gate)
    assert states(holder) == ["open", "open"]
    assert not trouble(holder, timezone.now())


def test_counts_add_up(student: User) -> None:
    gate = gateway()
    tunnel = Tunnel.objects.of(opened(student))[0]
    for _turn in range(2):
        tell(gate, {tunnel: {"state": "open", "bytes_in": 5, "bytes_out": 7, "connections": 3}})
    told = Tunnel.objects.get(pk=tunnel.pk)
    assert (told.bytes_in, told.bytes_out, told.connections) == (10, 14, 3)


def test_an_agent_tells_how_much_of_it_was_more_than_a_knock(student: User) -> None:
    gate = gateway()
    tunnel = Tunnel.objects.of(opened(student))[0]
    tell(gate, {tunnel: {"state": "open", "bytes_in": 5000, "bytes_out": 3000, "bytes_used": 0}})
    assert Tunnel.objects.get(pk=tunnel.pk).bytes_used == 0
    tell(gate, {tunnel: {"state": "open", "bytes_in": 9, "bytes_out": 7, "bytes_used": 16}})
    assert Tunnel.objects.get(pk=tunnel.pk).bytes_used == 16


def test_a_report_said_twice_counts_once(student: User) -> None:
    gate = gateway()
    tunnel = Tunnel.objects.of(opened(student))[0]
    for _turn in range(2):
        tell(gate, {tunnel: {"state": "open", "bytes_in": 5}}, seq=1)
    assert Tunnel.objects.get(pk=tunnel.pk).bytes_in == 5


def test_the_last_counts_of_a_closed_tunnel_are_kept(student: User) -> None:
    gate = gateway()
    tunnel = Tunnel.objects.of(holder := opened(student))[0]
    tell(gate)
    close_all(holder=holder)
    tell(gate, {tunnel: {"state": "closed", "bytes_in": 5}})
    assert Tunnel.objects.get(pk=tunnel.pk).bytes_in == 5


def test_an_agent_that_starts_anew_counts_from_one(student: User) -> None:
    gate = gateway()
    tunnel = Tunnel.objects.of(opened(student))[0]
    tell(gate, {tunnel: {"state": "open", "bytes_in": 5}}, seq=50)
    tell(gate, {tunnel: {"state": "open", "bytes_in": 5}}, seq=1, boot="another")
    assert Tunnel.objects.get(pk=tunnel.pk).bytes_in == 10


def test_another_gateways_agent_settles_nothing_here(student: User) -> None:
    gateway()
    holder = opened(student)
    other = gateway("other")
    tell(other, {tunnel: {"state": "open", "bytes_in": 5} for tunnel in Tunnel.objects.of(holder)}, revision=10**6)
    assert states(holder) == ["opening", "opening"]


def test_while_the_agent_is_away_an_open_port_is_shown_as_opening(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    later = timezone.now() + SILENCE
    assert {tunnel.shown_state(later) for tunnel in Tunnel.objects.of(holder)} == {"opening"}
    assert not all_open(holder, later)
    assert "does not answer" in str(trouble(holder, later))


def test_a_silent_gateway_is_found(student: User) -> None:
    gate = gateway()
    assert not Gateway.objects.silent(timezone.now()).exists()
    assert Gateway.objects.silent(timezone.now() + SILENCE).get() == gate


def test_a_port_given_back_waits_for_the_agent_to_come_back(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    release(holder=holder)
    assert Tunnel.objects.of(holder).count() == 2
    tell(gate, {}, now=timezone.now() + SILENCE)
    assert Tunnel.objects.of(holder).count() == 0


@pytest.mark.parametrize("many", [2, 40])
def test_a_report_costs_the_same_number_of_queries_for_few_and_many(
    student: User, many: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    gate = gateway(last=20_499)
    for _number in range(many):
        opened(student)
    gate.refresh_from_db()
    with django_assert_max_num_queries(15):
        tell(gate)
    assert not Tunnel.objects.exclude(state="open").exists()


def _held(student: User) -> tuple[Gateway, list[Tunnel]]:
    gate = gateway()
    holder = opened(student)
    tell(gate)
    hold_all(holder=holder)
    return gate, list(Tunnel.objects.of(holder))


def test_an_old_agent_that_leaves_a_held_port_out_has_closed_it(student: User) -> None:
    gate, (first, _second) = _held(student)
    tell(gate, {})
    assert states(first.holder) == ["closed", "closed"]


@pytest.mark.parametrize("state", ["opening", "failed"])
def test_a_port_that_cannot_be_held_just_now_is_shut_and_keeps_its_number(student: User, state: str) -> None:
    gate, (first, second) = _held(student)
    tell(gate, {first: {"state": state, "refused": 9}, second: {"state": "held"}})
    assert states(first.holder) == ["closed", "held"]
    assert Tunnel.objects.get(pk=first.pk).port == first.port


def test_a_report_from_before_the_hold_settles_nothing(student: User) -> None:
    gate, (first, second) = _held(student)
    tell(gate, {first: {"state": "open"}, second: {"state": "open"}}, revision=Gateway.objects.get().revision - 1)
    assert states(first.holder) == ["open", "open"]


def test_a_held_port_is_shown_as_closed_while_the_agent_is_away(student: User) -> None:
    gate, (first, second) = _held(student)
    tell(gate, {first: {"state": "held"}, second: {"state": "held"}})
    told = Tunnel.objects.get(pk=first.pk)
    assert told.shown_state(timezone.now()) == "held"
    assert told.shown_state(timezone.now() + SILENCE) == "closed"


def test_the_agents_connection_to_its_gateway_is_kept(student: User) -> None:
    gate = gateway()
    told = []
    for error in ("unreachable", "", None):
        tell(gate, {}, link_error=error)
        told.append(Gateway.objects.get().link_error)
    assert told == ["unreachable", "", None]


def test_a_report_said_late_does_not_undo_a_newer_one(student: User) -> None:
    gate = gateway()
    tell(gate, {}, link_error="", seq=5)
    tell(gate, {}, link_error="unreachable", seq=4)
    assert Gateway.objects.get().link_error == ""


def test_what_an_agent_survived_adds_up_and_counts_once(student: User) -> None:
    gate = gateway()
    for seq in (1, 1, 2):
        tell(gate, {}, seq=seq, mishaps={"faults": 3, "turned_away": 0, "links_lost": 1})
    told = Gateway.objects.get()
    assert (told.faults, told.links_lost, told.is_crowded(timezone.now())) == (6, 2, False)


def test_visitors_who_found_no_room_are_known_for_a_while(student: User) -> None:
    gate = gateway()
    tell(gate, {}, mishaps={"turned_away": 7})
    told, now = Gateway.objects.get(), timezone.now()
    assert (told.turned_away, told.is_crowded(now), told.is_crowded(now + timedelta(minutes=6))) == (7, True, False)
