"""What the portal wants open, as it told us."""

import ipaddress
from dataclasses import dataclass
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Place:
    """Where the gateway is, and the only host key that it may show."""

    host: str
    port: int
    user: str
    host_key: str
    bind_address: str


@dataclass(frozen=True, slots=True)
class Wish:
    """One port of the gateway and where it leads. `since` names the revision that wished it so."""

    id: str
    port: int
    host: str
    target_port: int
    scheme: str
    allow: tuple[Network, ...]
    since: int
    probe: bool  # the portal wants to hear when the target answers

    @property
    def target(self) -> tuple[str, int]:
        return self.host, self.target_port

    def lets_in(self, address: str) -> bool:
        """Whether a visitor from this address may come in."""
        if not self.allow:
            return True
        try:
            visitor = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        visitor = getattr(visitor, "ipv4_mapped", None) or visitor
        return any(visitor in network for network in self.allow)


@dataclass(frozen=True, slots=True)
class Wishes:
    revision: int
    place: Place
    tunnels: dict[str, Wish]

    @classmethod
    def read(cls, told: dict[str, Any]) -> "Wishes":
        """Raises ValueError, KeyError or TypeError when it is not what a portal says."""
        gateway = told["gateway"]
        place = Place(
            gateway["ssh_host"], gateway["ssh_port"], gateway["user"], gateway["host_key"], gateway["bind_address"]
        )
        return cls(told["revision"], place, {line["id"]: _wish(line) for line in told["tunnels"]})


def _wish(line: dict[str, Any]) -> Wish:
    allow = tuple(ipaddress.ip_network(text) for text in line["allow"])
    return Wish(
        line["id"], line["port"], line["host"], line["target_port"], line["scheme"], allow, line["since"], line["probe"]
    )
