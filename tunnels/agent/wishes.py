"""The portal's wishes as the agent uses them."""

import ipaddress
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tunnels.agent.protocol import GatewayAddress, WantedTunnel

log = logging.getLogger("agent")


class Networks:
    """Networks that are asked a thousand times a second: one look-up for each length of prefix, not for each network."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._starts: dict[tuple[int, int], set[int]] = {}
        for network in map(_network, texts):
            rest = network.max_prefixlen - network.prefixlen
            self._starts.setdefault((network.version, rest), set()).add(int(network.network_address) >> rest)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __contains__(self, address: str) -> bool:
        try:
            visitor = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        visitor = getattr(visitor, "ipv4_mapped", None) or visitor
        number = int(visitor)
        return any(
            number >> rest in starts for (version, rest), starts in self._starts.items() if version == visitor.version
        )


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Read a network. An older portal took networks of IPv4 written as IPv6, and addresses with a zone."""
    network = ipaddress.ip_network(text.partition("%")[0])
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - 96))


@dataclass(frozen=True, slots=True)
class Wish:
    """A protocol.WantedTunnel whose networks can be asked a thousand times a second."""

    id: str
    port: int
    host: str
    target_port: int
    scheme: str
    allow: Networks
    since: int
    probe: bool
    hold: bool
    knock: Networks

    @property
    def target(self) -> tuple[str, int]:
        return self.host, self.target_port

    def lets_in(self, address: str) -> bool:
        """Whether a visitor from this address may come in."""
        return not self.allow or address in self.allow

    def may_knock(self, address: str) -> bool:
        """Whether a visitor from this address may wake the machine, and wait for it."""
        return address in self.knock and self.lets_in(address)


@dataclass(frozen=True, slots=True)
class Wishes:
    revision: int
    gateway: GatewayAddress
    tunnels: dict[str, Wish]

    @classmethod
    def read(cls, told: dict[str, Any]) -> "Wishes":
        """Read what the portal wants. Raises ValueError, KeyError or TypeError where it is not protocol.Wanted.

        A port whose line cannot be read stays shut, and keeps no other one shut.
        """
        gateway = GatewayAddress.read(told["gateway"])
        wishes: dict[str, Wish] = {}
        for line in told["tunnels"]:
            try:
                wishes[line["id"]] = _wish(WantedTunnel.read(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                log.error("a port stays shut, for what the portal says of it cannot be read: %r: %s", line, error)
        return cls(told["revision"], gateway, wishes)


def _wish(line: WantedTunnel) -> Wish:
    return Wish(
        id=line.id,
        port=line.port,
        host=line.host,
        target_port=line.target_port,
        scheme=line.scheme,
        allow=Networks(line.allow),
        since=line.since,
        probe=line.probe,
        hold=line.hold is True,
        knock=Networks(line.knock),
    )
