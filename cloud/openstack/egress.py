"""Egress rules: guests may open connections to everything but the management networks.

Security groups can only allow. So the rules allow all addresses minus these networks, as CIDRs of each family.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from cloud.openstack import paging
from cloud.openstack.client import Client

Network = IPv4Network | IPv6Network
ANY = {4: "0.0.0.0/0", 6: "::/0"}
# Block the whole /64 around an IPv6 address: it is one cable, host parts change, and 64 fewer rules are needed.
AROUND6 = 64
METADATA = ("169.254.169.254", "fe80::a9fe:a9fe")
UNSURE_SECONDS = 60.0  # after a name server did not answer
KEEP_SECONDS = 600.0  # for so long the name servers of a network are remembered
# Services that run beside a cloud's APIs or the portal, and are not for guests.
INNER = {
    22: "SSH", 2379: "etcd", 3306: "MariaDB", 5432: "PostgreSQL", 5671: "RabbitMQ", 5672: "RabbitMQ", 6379: "Redis",
    6641: "OVN", 6642: "OVN", 11211: "memcached", 15672: "RabbitMQ", 16509: "libvirt",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a security group. Rules only allow."""

    direction: str  # ingress or egress
    ethertype: str  # IPv4 or IPv6
    prefix: str | None  # None: any address
    protocol: str | None = None  # None: all of them
    port: int | None = None

    def row(self, group: str, project: str) -> dict[str, Any]:
        """Return the rule as Neutron wants it."""
        row: dict[str, Any] = {
            "security_group_id": group,
            "project_id": project,
            "direction": self.direction,
            "ethertype": self.ethertype,
            "remote_ip_prefix": self.prefix,
        }
        if self.protocol:
            row |= {"protocol": self.protocol, "port_range_min": self.port, "port_range_max": self.port}
        return row


@dataclass(frozen=True, slots=True)
class Blocked:
    networks: tuple[Network, ...]
    unknown: tuple[str, ...] = ()  # names of the catalogue that this computer cannot resolve
    loopback: tuple[str, ...] = ()  # hosts of the catalogue that mean each computer itself (localhost)
    is_sure: bool = True  # False: a name server did not answer

    def has(self, address: str) -> bool:
        found = ip_address(address)
        return any(found in network for network in self.networks)


@dataclass(frozen=True, slots=True, order=True)
class Service:
    """Something that guests must not reach."""

    address: str
    port: int
    name: str
    is_api: bool = False  # in Keystone's catalogue


class WayOut:
    """The rules for guests' outgoing connections.

    `wish`: blocked networks as CIDRs; None: found out from the catalogue's services and the agent's addresses.
    """

    def __init__(
        self,
        client: Client,
        wish: Sequence[str] | None,
        agents: Callable[[], list[str]],
        network_id: Callable[[], str],
    ) -> None:
        self._client, self._agents, self._network_id = client, agents, network_id
        self.wish = wish
        self._blocked: Blocked | None = None
        self._looked_at = 0.0
        self._name_servers: tuple[float, list[str]] = (0.0, [])

    @property
    def is_open(self) -> bool:
        """Return whether guests may reach everything."""
        return self.wish == []

    def blocked(self) -> Blocked:
        """Return the blocked networks; found once per process."""
        is_due = self._blocked and not self._blocked.is_sure and time.monotonic() - self._looked_at > UNSURE_SECONDS
        if self._blocked is None or is_due:
            self._blocked = self._set() if self.wish is not None else self._found()
            self._looked_at = time.monotonic()
        return self._blocked

    def rules(self) -> frozenset[Rule]:
        """Return all rules for guests' outgoing connections. Neutron itself always allows DHCP and IPv6 neighbour discovery."""
        networks = self.blocked().networks
        rules = {Rule("egress", f"IPv{version}", prefix) for version in ANY for prefix in complement(networks, version)}
        return frozenset(rules | self._needed())

    def services(self) -> list[Service]:
        """List what the trial guest tries: the APIs, and at their addresses and the agent's the usual ports of a cloud."""
        addresses = {*map(_single, [*self._agents(), *(self.wish or [])])} - {""}
        names: dict[tuple[str, int], set[str]] = {}
        for kind, url in self._client.endpoints:
            for address in _addresses(_host(url))[0]:
                addresses.add(address)
                names.setdefault((address, _port(url)), set()).add(kind)
        inner = {(address, port): {name} for address in addresses for port, name in INNER.items()}
        found = [Service(*at, ", ".join(sorted(labels)), at in names) for at, labels in {**inner, **names}.items()]
        return sorted(service for service in found if not _is_own(service.address))

    def name_servers(self) -> list[str]:
        """Return the name servers of guests: those of the subnets, otherwise Neutron's own beside its DHCP."""
        at, known = self._name_servers
        if not at or time.monotonic() - at > KEEP_SECONDS:
            params = {"network_id": self._network_id()}
            list_of = partial(paging.rows, self._client, "network")
            subnets = list_of("/subnets", "subnets", params)
            ports = list_of("/ports", "ports", {**params, "device_owner": "network:dhcp"})
            configured = [server for subnet in subnets for server in subnet.get("dns_nameservers") or []]
            beside = [fixed["ip_address"] for port in ports for fixed in port["fixed_ips"]]
            known = sorted({*configured, *beside})
            self._name_servers = (time.monotonic(), known)
        return known

    def _needed(self) -> set[Rule]:
        """Return rules for what guests need inside the blocked networks: name servers, and their own server's metadata."""
        blocked = self.blocked()
        if not blocked.networks:
            return set()
        found = {_rule_to(address, "tcp", 80) for address in METADATA if blocked.has(address)}
        for address in filter(blocked.has, self.name_servers()):
            found |= {_rule_to(address, protocol, 53) for protocol in ("udp", "tcp")}
        return found

    def _set(self) -> Blocked:
        return Blocked(tuple(_merged(ip_network(cidr, strict=False) for cidr in self.wish or [])))

    def _found(self) -> Blocked:
        networks = [ip_network(cidr, strict=False) for cidr in self._agents()]
        unknown, loopback, is_sure = set(), set(), True
        for host in sorted({_host(url) for _kind, url in self._client.endpoints} - {""}):
            addresses, answered = _addresses(host)
            is_sure = is_sure and answered
            if not addresses:
                unknown.add(host)
            elif all(map(_is_own, addresses)):
                loopback.add(host)
            networks += [_around(address) for address in addresses if not _is_own(address)]
        own = [network for network in networks if not network.is_loopback]
        return Blocked(tuple(_merged(own)), tuple(sorted(unknown)), tuple(sorted(loopback)), is_sure)


def complement(blocked: Iterable[Network], version: int) -> list[str | None]:
    """Return all addresses of this family except these; [None] (Neutron's "any") where nothing is left out."""
    left: list[Any] = [ip_network(ANY[version])]
    for network in _merged(network for network in blocked if network.version == version):
        left = [part for whole in left for part in _without(whole, network)]
    return [None if str(part) == ANY[version] else str(part) for part in sorted(left)]


def rule_of(row: dict[str, Any]) -> Rule | None:
    """Read one of Neutron's rules; None for a kind that we never make."""
    groups = row.get("remote_group_id") or row.get("remote_address_group_id")
    if groups or row.get("port_range_min") != row.get("port_range_max"):
        return None
    prefix = None if row["remote_ip_prefix"] in ANY.values() else row["remote_ip_prefix"]
    return Rule(row["direction"], row["ethertype"], prefix, row["protocol"], row.get("port_range_min"))


def _without(whole: Any, network: Any) -> list[Any]:
    if not whole.overlaps(network):
        return [whole]
    return [] if whole.subnet_of(network) else list(whole.address_exclude(network))


def _merged(networks: Iterable[Network]) -> list[Network]:
    both = list(networks)
    fours = collapse_addresses(network for network in both if isinstance(network, IPv4Network))
    sixes = collapse_addresses(network for network in both if isinstance(network, IPv6Network))
    return [*fours, *sixes]


def _rule_to(address: str, protocol: str, port: int) -> Rule:
    network = ip_network(address)
    return Rule("egress", f"IPv{network.version}", str(network), protocol, port)


def _host(url: str) -> str:
    with contextlib.suppress(ValueError):
        return urlsplit(url).hostname or ""
    return ""


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _addresses(host: str) -> tuple[set[str], bool]:
    """Resolve a name. Return the addresses, and whether the answer is final: a name server that is down may know more later."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return set(), error.errno != socket.EAI_AGAIN
    except (OSError, UnicodeError):
        return set(), True
    return {str(entry[4][0]).partition("%")[0] for entry in found}, True


def _is_own(address: str) -> bool:
    """Return whether the address means another computer wherever it is used (loopback, link-local)."""
    found = ip_address(address)
    return found.is_loopback or found.is_unspecified or found.is_link_local or found.is_multicast


def _around(address: str) -> Network:
    found = ip_address(address)
    return ip_network(f"{found}/{AROUND6 if found.version == 6 else 32}", strict=False)


def _single(cidr: str) -> str:
    """Return the address of a network that is one address; '' of others."""
    network = ip_network(cidr, strict=False)
    return str(network.network_address) if network.num_addresses == 1 else ""
