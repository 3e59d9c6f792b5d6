"""Ports are drawn at random, once each, whoever else draws at the same moment."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from lib.notes import Refusal
from tests.tunnels.gateway_rows import SERVICES, gateway, opened, tell
from tunnels.actions import BadNetwork, BadPort, PortOpenAlready, open_one, read_networks, release, reserve
from tunnels.models import BlockedPort, Gateway, Tunnel
from tunnels.ports import NoGateway, NoPortLeft


def test_each_service_gets_a_port_of_the_range(student: User) -> None:
    gateway(first=20_000, last=20_001)
    tunnels = reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student)
    assert sorted(tunnel.port for tunnel in tunnels) == [20_000, 20_001]


def test_the_order_of_the_services_is_kept(student: User) -> None:
    gateway()
    holder = uuid.uuid4()
    reserve(holder=holder, owner=student, services=SERVICES, by=student)
    assert [tunnel.service for tunnel in Tunnel.objects.of(holder)] == ["ssh", "http"]


def test_ports_are_not_drawn_in_order(student: User) -> None:
    gateway(first=20_000, last=29_999)
    ports = [reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student)[0].port for _ in range(8)]
    assert ports != sorted(ports)


def _given_back(gate: Gateway, owner: User, port: int, days: float) -> None:
    gone = {"wanted": "gone", "state": "gone", "service": "ssh", "target_port": 22, "holder": uuid.uuid4()}
    tunnel = Tunnel.objects.create(gateway=gate, port=port, owner=owner, **gone)
    Tunnel.objects.filter(pk=tunnel.pk).update(state_since=timezone.now() - timedelta(days=days))


def test_a_port_that_nobody_had_is_drawn_first_then_the_one_given_back_longest_ago(student: User) -> None:
    gate = gateway(first=20_000, last=20_003)
    for port, days in ((20_000, 0.1), (20_001, 9.0), (20_001, 2.0), (20_002, 3.0)):
        _given_back(gate, student, port, days)
    drawn = [open_one(holder=uuid.uuid4(), owner=student, port=80, by=student).port for _ in range(4)]
    assert drawn == [20_003, 20_002, 20_001, 20_000]


def test_no_gateway_is_a_refusal(student: User) -> None:
    with pytest.raises(NoGateway):
        reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student)


def test_a_gateway_that_is_switched_off_gets_nothing_new(student: User) -> None:
    gateway(enabled=False)
    with pytest.raises(NoGateway):
        reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student)


def test_the_roomiest_gateway_is_chosen(student: User) -> None:
    gateway("small", last=20_009)
    big = gateway("big", last=20_999)
    assert reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student)[0].gateway == big


def test_when_all_ports_are_taken_it_says_so_and_takes_none(student: User) -> None:
    gateway(first=20_000, last=20_000)
    with pytest.raises(NoPortLeft):
        reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student)
    assert not Tunnel.objects.exists()


def test_a_port_given_back_is_drawn_again(student: User) -> None:
    gateway(first=20_000, last=20_001)
    holder = uuid.uuid4()
    reserve(holder=holder, owner=student, services=SERVICES, by=student)
    release(holder=holder)
    assert len(reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student)) == 2


def test_a_blocked_port_is_not_drawn(student: User) -> None:
    gate = gateway(first=20_000, last=20_001)
    holder = opened(student)
    first, second = Tunnel.objects.of(holder)
    tell(gate, {first: {"state": "failed", "refused": 1}, second: {"state": "open"}})
    assert list(BlockedPort.objects.values_list("port", flat=True)) == [first.port]
    release(holder=holder)
    tell(gate, {})
    with pytest.raises(NoPortLeft):
        reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student)


@pytest.mark.parametrize(
    "changes",
    [{"port": 0}, {"port": 65_536}, {"target_port": 0}, {"state": "ajar"}, {"wanted": "ajar"}, {"state": "gone"}],
)
def test_the_database_refuses_what_cannot_be(student: User, changes: dict[str, object]) -> None:
    gateway()
    tunnel = reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student)[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Tunnel.objects.filter(pk=tunnel.pk).update(**changes)


def test_the_database_holds_one_live_row_for_a_port(student: User) -> None:
    gateway()
    one, two = reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student)
    with pytest.raises(IntegrityError), transaction.atomic():
        Tunnel.objects.filter(pk=one.pk).update(port=two.port)


def _at_once(many: int, job: Callable[[], object]) -> list[str]:
    """Run `job` in so many threads; the refusals' codes."""

    def one(_number: int) -> str:
        try:
            job()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(many) as threads:
        return list(filter(None, threads.map(one, range(many))))


@pytest.mark.django_db(transaction=True)
def test_thirty_launches_at_once_share_room_for_twenty(student: User) -> None:
    gateway(first=20_000, last=20_039)
    refused = _at_once(30, lambda: reserve(holder=uuid.uuid4(), owner=student, services=SERVICES, by=student))
    ports = list(Tunnel.objects.values_list("port", flat=True))
    assert sorted(ports) == list(range(20_000, 20_040))
    assert refused == ["no_port_left"] * 10


@pytest.mark.django_db(transaction=True)
def test_the_same_extra_port_asked_for_at_once_opens_once(student: User) -> None:
    gateway()
    holder = uuid.uuid4()
    refused = _at_once(8, lambda: open_one(holder=holder, owner=student, port=8080, by=student))
    assert refused == ["port_open_already"] * 7


def test_an_extra_port_is_named_after_its_number_and_sits_beside_the_others(student: User) -> None:
    gate = gateway()
    holder = opened(student)
    gateway("other", last=29_999)
    tunnel = open_one(holder=holder, owner=student, port=8080, allow=["203.0.113.7"], by=student)
    assert (tunnel.service, tunnel.gateway, tunnel.extra, tunnel.allow) == ("port-8080", gate, True, ["203.0.113.7/32"])


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_an_extra_port_out_of_range_is_refused(student: User, port: int) -> None:
    gateway()
    with pytest.raises(BadPort) as refusal:
        open_one(holder=uuid.uuid4(), owner=student, port=port, by=student)
    assert refusal.value.status == 400


def test_a_port_that_the_template_has_is_not_opened_twice(student: User) -> None:
    gateway()
    holder = opened(student)
    with pytest.raises(PortOpenAlready) as refusal:
        open_one(holder=holder, owner=student, port=80, by=student)
    assert refusal.value.status == 409


@pytest.mark.parametrize("network", ["", "everybody", "300.1.1.1", "10.0.0.0/99", "fe80::1%eth0", "fe80::%1/64"])
def test_a_network_that_is_none_is_refused(student: User, network: str) -> None:
    gateway()
    with pytest.raises(BadNetwork):
        open_one(holder=uuid.uuid4(), owner=student, port=8080, allow=[network], by=student)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_an_address_of_ipv4_in_the_clothes_of_ipv6_is_unwrapped(said: str, kept: str) -> None:
    assert read_networks([said]) == [kept]


@pytest.mark.parametrize("said", ["::ffff:0:0/90", "::ffff:203.0.113.7/95", "::ffc0:0:0/90", "::/64", "::/8"])
def test_a_network_that_only_hides_ipv4_is_refused(said: str) -> None:
    with pytest.raises(BadNetwork, match="write the network as IPv4"):
        read_networks([said])


@pytest.mark.parametrize("said", ["::/0", "::/1", "::ffff:0:0/96", "::1"])
def test_all_of_ipv6_or_ipv4_may_be_named(said: str) -> None:
    assert len(read_networks([said])) == 1
