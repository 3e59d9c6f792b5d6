"""The portal's wishes as the agent uses them: protocol.Wanted, with networks that answer quickly."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tunnels.agent.protocol import (
    SSH_PORT,
    GatewayAddress,
    WantedDial,
    WantedSsh,
    WantedTunnel,
    is_guest_address,
    read_address,
    read_network,
)

log = logging.getLogger("agent")


class Networks:
    """A set of networks that is asked a thousand times a second: one look-up for each length of prefix, not for each network."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._starts: dict[tuple[int, int], set[int]] = {}
        for network in map(read_network, texts):
            rest = network.max_prefixlen - network.prefixlen
            self._starts.setdefault((network.version, rest), set()).add(int(network.network_address) >> rest)

    def __contains__(self, address: str) -> bool:
        try:
            visitor = read_address(address)
        except ValueError:
            return False
        number = int(visitor)
        return any(
            number >> rest in starts for (version, rest), starts in self._starts.items() if version == visitor.version
        )


@dataclass(frozen=True, slots=True)
class Wish(WantedTunnel):
    """A protocol.WantedTunnel that knows who may come in. Raises ValueError for what is no network."""

    allowed: Networks = field(init=False)
    invited: Networks = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", Networks(self.allow))
        object.__setattr__(self, "invited", Networks(self.knock))

    @property
    def target(self) -> tuple[str, int]:
        return self.host, self.target_port

    def lets_in(self, address: str) -> bool:
        """Say whether a visitor from this address may come in."""
        return not self.allow or address in self.allowed

    def may_knock(self, address: str) -> bool:
        """Say whether a visitor from this address may wake the machine, and wait for it."""
        return address in self.invited and self.lets_in(address)

    def admits(self, address: str) -> bool:
        """Say whether a visitor from this address may come in now or, while the machine sleeps, wait for it."""
        return self.may_knock(address) if self.hold else self.lets_in(address)


@dataclass(frozen=True, slots=True)
class Wishes:
    """Everything that the portal wants of this agent."""

    revision: int
    gateway: GatewayAddress
    tunnels: dict[str, Wish]  # by WantedTunnel.id
    dials: list[WantedDial] = field(default_factory=list)
    ssh: dict[str, str] = field(default_factory=dict)  # address by WantedSsh.id

    def dialable(self, key: str) -> tuple[str, int] | None:
        """Return where this target of ours is now; None while its machine sleeps, and for any other."""
        if address := self.ssh.get(key):
            return address, SSH_PORT
        wish = self.tunnels.get(key)
        return None if wish is None or wish.hold else wish.target

    @classmethod
    def read(cls, message: dict[str, Any]) -> "Wishes":
        """Read what the portal wants. Raises ValueError, KeyError or TypeError where it is not protocol.Wanted.

        A port whose line cannot be read stays shut, and keeps no other one shut.
        """
        gateway = GatewayAddress.read(message["gateway"])
        wishes: dict[str, Wish] = {}
        for line in message["tunnels"]:
            try:
                wishes[line["id"]] = Wish.read(line)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                log.error("a port stays shut, for what the portal says of it cannot be read: %r: %s", line, error)
        dials = [WantedDial.read(line) for line in message.get("dials") or []]
        return cls(message["revision"], gateway, wishes, dials, _read_ssh(message.get("ssh") or []))


def _read_ssh(lines: list[Any]) -> dict[str, str]:
    """Read whose ssh may be dialed. Whatever is no machine's address is left out, and so is not dialed."""
    known: dict[str, str] = {}
    for line in lines:
        try:
            machine = WantedSsh.read(line)
            if is_guest_address(machine.host):
                known[machine.id] = str(read_address(machine.host))
                continue
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        log.error("no machine's address, so its ssh is not dialed: %r", line)
    return known
