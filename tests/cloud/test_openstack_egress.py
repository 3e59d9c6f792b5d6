"""The addresses that guests may reach: all but the management networks, plus the name servers and metadata that they need."""

import socket
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any, cast

import pytest

from cloud.openstack import egress
from cloud.openstack.egress import Rule, WayOut, complement, rule_of
from tests.cloud.scripted import SUBNET, ScriptedClient

Address = str
BLOCKED = ["10.0.0.0/24", "10.0.0.7/32", "192.0.2.9/32", "198.51.0.0/16", "fd00:1::/64", "2001:db8::5/128"]
PORT = {"security_group_id": "g", "project_id": "p"}


def way_out(
    client: ScriptedClient | None = None, wish: Sequence[str] | None = None, agents: Sequence[str] = ("10.0.0.9/32",)
) -> WayOut:
    return WayOut(cast("Any", client or ScriptedClient()), wish, lambda: list(agents), lambda: "n")


def networks(found: WayOut) -> list[str]:
    return [str(network) for network in found.blocked().networks]


def lets_out(rules: frozenset[Rule], address: Address, protocol: str = "tcp", port: int = 443) -> bool:
    at = ip_address(address)
    fitting = [rule for rule in rules if rule.protocol in (None, protocol) and rule.port in (None, port)]
    return any(
        at in ip_network(rule.prefix or egress.ANY[at.version])
        for rule in fitting
        if rule.ethertype[-1] == str(at.version)
    )


@pytest.mark.parametrize("version", [4, 6])
def test_the_rest_and_what_is_left_out_are_all_addresses_and_share_none(version: int) -> None:
    out = [network for network in map(ip_network, BLOCKED) if network.version == version]
    rest: list[Any] = [ip_network(cidr or egress.ANY[version]) for cidr in complement(out, version)]
    whole = ip_network(egress.ANY[version])
    assert sum(n.num_addresses for n in rest) == whole.num_addresses - sum(n.num_addresses for n in egress._merged(out))
    assert not any(one.overlaps(other) for one in rest for other in out)


def test_where_nothing_is_left_out_the_rule_is_the_one_that_neutron_gives_each_group() -> None:
    assert (complement([], 4), complement([], 6)) == ([None], [None])
    assert way_out(wish=[]).rules() == {Rule("egress", "IPv4", None), Rule("egress", "IPv6", None)}


def test_where_all_is_left_out_only_names_and_metadata_are_reached() -> None:
    client = ScriptedClient()
    client.answers["/subnets"] = {"subnets": [{**SUBNET, "dns_nameservers": ["10.0.0.53"]}]}
    rules = way_out(client, ["0.0.0.0/0", "::/0"]).rules()
    assert lets_out(rules, "10.0.0.53", "udp", 53)
    assert lets_out(rules, "169.254.169.254", "tcp", 80)
    assert not lets_out(rules, "192.0.2.1")


def test_the_addresses_of_the_catalogue_and_the_agent_are_found() -> None:
    client = ScriptedClient()
    client.endpoints = [("image", "https://[2001:db8::a:1]:9292"), ("network", "http://10.0.0.2:9696")]
    assert networks(way_out(client, agents=["10.0.0.9/32", "10.9.0.0/24"])) == [
        "10.0.0.2/32",
        "10.0.0.9/32",
        "10.9.0.0/24",
        "2001:db8::/64",
    ]


def test_the_setting_stands_in_their_place() -> None:
    assert networks(way_out(wish=["10.0.0.0/24"])) == ["10.0.0.0/24"]


def test_each_computer_s_own_address_is_nobody_s_network() -> None:
    client = ScriptedClient()
    client.endpoints = [("identity", "http://127.0.0.1:5000/v3")]
    found = way_out(client)
    assert (networks(found), found.blocked().loopback) == (["10.0.0.9/32"], ("127.0.0.1",))


@pytest.mark.parametrize(("error", "is_sure"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
def test_a_name_that_means_nothing_here_is_told(monkeypatch: pytest.MonkeyPatch, error: int, is_sure: bool) -> None:
    def look(*_args: Any, **_facts: Any) -> Any:
        raise socket.gaierror(error, "no")

    monkeypatch.setattr(egress.socket, "getaddrinfo", look)
    client = ScriptedClient()
    client.endpoints = [("identity", "http://controller:5000/v3")]
    found = way_out(client).blocked()
    assert (found.unknown, found.is_sure) == (("controller",), is_sure)


def test_name_servers_within_what_is_left_out_are_reached_for_names_only() -> None:
    client = ScriptedClient()
    client.answers["/ports"] = {"ports": [{"fixed_ips": [{"ip_address": "10.0.0.2"}]}]}
    rules = way_out(client).rules()
    assert (lets_out(rules, "10.0.0.2", "udp", 53), lets_out(rules, "10.0.0.2", "tcp", 5000)) == (True, False)
    assert lets_out(rules, "10.0.0.3")


def test_a_guest_tries_the_apis_and_what_is_usually_beside_them() -> None:
    found = {(one.address, one.port): one for one in way_out().services()}
    assert found["10.0.0.2", 8774].is_api
    assert {found[address, port].name for address in ("10.0.0.2", "10.0.0.9") for port in (3306, 5672)} == {
        "MariaDB",
        "RabbitMQ",
    }


@pytest.mark.parametrize("rule", sorted(way_out(wish=["10.0.0.0/8", "169.254.0.0/16"]).rules(), key=repr)[:40], ids=str)
def test_a_rule_that_neutron_has_is_known_again(rule: Rule) -> None:
    row = {
        "remote_group_id": None,
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        **rule.row("g", "p"),
    }
    assert rule_of(row) == rule


@pytest.mark.parametrize(
    "strange", [{"remote_group_id": "g"}, {"remote_address_group_id": "a"}, {"port_range_min": 1, "port_range_max": 9}]
)
def test_one_of_another_kind_is_none_of_ours(strange: dict[str, Any]) -> None:
    assert (
        rule_of({"direction": "egress", "ethertype": "IPv4", "remote_ip_prefix": None, "protocol": "tcp", **strange})
        is None
    )
