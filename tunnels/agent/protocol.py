"""The wire format between an agent and the portal: JSON over three calls under /agent/v1/ (docs/admin/tunnels.md).

    GET wanted    -> Wanted, held by the portal until there is something new. `holds=1`: the agent can hold visitors;
                     `dials=1,2,3`: it can dial, and has these dials already
    POST report   Report
    POST knock    Knock -> KnockAnswer

An agent and a portal of different versions talk with each other: what a reader does not know it skips, and a field that has a
default may be missing. Both ends import this file, which imports the standard library only.
"""

import hashlib
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

TUNNEL_STATES = ("opening", "open", "held", "failed", "closed")
# Why an agent has no connection to its gateway: no such name; no answer; another host key; not let in; something newer than us.
LINK_ERRORS = ("unknown_name", "unreachable", "host_key", "denied", "other")
# What an agent survived: exceptions that ended one pair of sockets, visitors for whom there was no room, connections to its gateway.
FAULTS, TURNED_AWAY, LINKS_LOST = MISHAPS = ("faults", "turned_away", "links_lost")
FRAME_BYTES = 65536  # the largest frame of a dialed connection
DIAL_SECONDS = 15  # from asking for a dial until both sides have met
SSH_PORT = 22  # the only port that is dialed without a tunnel
DIAL_EOF = "eof"  # the text frame on it that says that one end has sent all
MOST = 2**53  # what JSON numbers carry exactly
LONGEST_TEXT = 64
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
Facts = tuple[str, str, int, bool]  # state, error, since, answered: the first fields of a TunnelReport
Counted = tuple[int, int, int, int]  # bytes in, bytes out, refused, bytes used: fields of a TunnelReport
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Malformed(ValueError):
    """A message that is not what this file describes."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message, or a part of one."""

    @classmethod
    def read(cls, message: dict[str, Any]) -> Self:
        """Take the fields that we know. Raises TypeError where one without a default is missing."""
        return cls(**{one.name: message[one.name] for one in fields(cls) if one.name in message})

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name. dataclasses.asdict copies deeply, which a thousand tunnels would feel."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


# ---- what is wanted ----


@dataclass(frozen=True, slots=True)
class GatewayAddress(Message):
    """The gateway's address, and the only host key that it may show."""

    ssh_host: str
    ssh_port: int
    user: str
    host_key: str
    bind_address: str


@dataclass(frozen=True, slots=True)
class WantedTunnel(Message):
    """A port of the gateway and where it leads."""

    id: str
    port: int
    host: str
    target_port: int
    scheme: str
    allow: list[str]  # networks (CIDR) that may come in; empty: everybody
    since: int  # the revision that wished it so
    probe: bool  # the portal wants to hear when the target answers
    # An older portal does not send these.
    hold: bool = False  # its machine sleeps: whoever may knock waits, everybody else is refused
    knock: list[str] = field(default_factory=list)  # networks (CIDR) that may wake the machine


@dataclass(frozen=True, slots=True)
class WantedSsh(Message):
    """A machine without a tunnel for ssh, whose SSH_PORT the agent may dial as long as it is told of it."""

    id: str
    host: str  # see is_guest_address


@dataclass(frozen=True, slots=True)
class WantedDial(Message):
    """A connection that the agent is to open to a target of its own, and to pass on at /live/dial."""

    id: int
    tunnel: str  # WantedTunnel.id, or WantedSsh.id: an older agent answers that it has no such tunnel
    ticket: str  # good once, for some seconds
    trial: str = ""  # what the portal says first at the tunnel's own port, which it visits next: see trials


@dataclass(frozen=True, slots=True)
class Wanted(Message):
    """Everything that one agent is to keep open. A line that cannot be read keeps no other port shut: see wishes.Wishes."""

    revision: int
    gateway: GatewayAddress
    tunnels: list[WantedTunnel]  # an agent that knows the revision already may be sent none
    # An older portal does not send these.
    dials: list[WantedDial] = field(default_factory=list)
    ssh: list[WantedSsh] = field(default_factory=list)  # left out with the tunnels

    def as_json(self) -> dict[str, Any]:
        tunnels = [tunnel.as_json() for tunnel in self.tunnels]
        lists: dict[str, Sequence[Message]] = {"dials": self.dials, "ssh": self.ssh}
        more = {name: [one.as_json() for one in lines] for name, lines in lists.items() if lines}
        return {"revision": self.revision, "gateway": self.gateway.as_json(), "tunnels": tunnels, **more}


# ---- what is ----


@dataclass(frozen=True, slots=True)
class TunnelReport(Message):
    """A tunnel in a report. Bytes and refusals are what came since the last report that was acknowledged."""

    state: str
    error: str = ""
    since: int = 0  # the wish (WantedTunnel.since) that `answered` speaks of
    answered: bool = False
    connections: int = 0  # open now
    bytes_in: int = 0
    bytes_out: int = 0
    refused: int = 0
    bytes_used: int = 0  # of both, without connections that were brief: a scanner is not somebody at work
    last_byte_at: int | None = None  # seconds since 1970

    @property
    def facts(self) -> Facts:
        """Return what is reported at once when it changes. The counts wait for the next whole report."""
        return self.state, self.error, self.since, self.answered

    @classmethod
    def read(cls, message: dict[str, Any]) -> Self:
        if message["state"] not in TUNNEL_STATES:
            raise ValueError(message["state"])
        names = ("since", "bytes_in", "bytes_out", "refused", "connections")
        counts = {name: _number(message.get(name, 0)) for name in names}
        # An older agent does not count brief connections apart: then all bytes count as used.
        counts["bytes_used"] = _number(message.get("bytes_used", min(MOST, counts["bytes_in"] + counts["bytes_out"])))
        return cls(
            state=message["state"],
            error=_text(message.get("error", "")),
            answered=message.get("answered") is True,
            last_byte_at=_moment(message.get("last_byte_at")),
            **counts,
        )


@dataclass(frozen=True, slots=True)
class Report(Message):
    """A report of an agent."""

    boot: str  # this run of the agent
    seq: int  # its reports, numbered from 1; a number is said again when no answer came
    revision: int  # of the wishes that it follows now
    whole: bool  # True: who is not in it is not open
    tunnels: dict[str, TunnelReport]  # by WantedTunnel.id
    # '' = connected to the gateway, else one of LINK_ERRORS; None: no try yet, or an older agent, which does not say.
    link_error: str | None = None
    mishaps: dict[str, int] = field(default_factory=dict)  # by MISHAPS, since the last report that was acknowledged

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a report with care, since it comes over the wire. Raises Malformed."""
        try:
            message = json.loads(body)
            return cls(
                boot=_text(message["boot"]),
                seq=_number(message["seq"]),
                revision=_number(message["revision"]),
                whole=message["whole"] is True,
                tunnels={str(UUID(key)): TunnelReport.read(line) for key, line in message["tunnels"].items()},
                link_error=_link_error(message.get("link_error")),
                mishaps=_mishaps(message.get("mishaps") or {}),
            )
        except UNREADABLE as error:
            raise Malformed(repr(error)) from None

    def as_json(self) -> dict[str, Any]:
        return {**Message.as_json(self), "tunnels": {key: line.as_json() for key, line in self.tunnels.items()}}


# ---- somebody waits at the port of a machine that sleeps ----


@dataclass(frozen=True, slots=True)
class Knock(Message):
    """A visitor at a held port."""

    tunnel: str  # WantedTunnel.id
    address: str  # the visitor's

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a knock. Raises Malformed."""
        try:
            return cls.read(json.loads(body))
        except UNREADABLE as error:
            raise Malformed(repr(error)) from None


@dataclass(frozen=True, slots=True)
class KnockAnswer(Message):
    """The portal's answer to a knock."""

    wakes: bool
    seconds: float  # until the machine is awake, as far as is known
    words: str  # for the visitor, in the owner's language
    home: str = ""  # the portal's address for people; an older portal does not send it

    @classmethod
    def read(cls, message: dict[str, Any]) -> Self:
        """Read an answer. Raises ValueError, KeyError or TypeError."""
        wakes, seconds, words = message["wakes"] is True, float(message["seconds"]), str(message["words"])
        return cls(wakes, seconds, words, str(message.get("home", "")))


def trial_answer(word: str) -> bytes:
    """Return what the agent answers a trial visit. An echo, or an agent that does not know trials, would not say that."""
    return b"MINGA-HERE-" + hashlib.sha256(word.encode()).hexdigest()[:32].encode()


# ---- reading and writing ----


def read_address(text: str) -> Address:
    """Read an address without its zone; one of IPv4 that is written as IPv6 becomes IPv4. Raises ValueError."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def is_guest_address(text: str) -> bool:
    """Say whether this may be the address of a machine: no name, and none at which the agent's own host or its services answer."""
    try:
        address = read_address(text)
    except ValueError:
        return False
    others = address.is_loopback, address.is_link_local, address.is_multicast, address.is_unspecified
    return not any(others) and address != ipaddress.IPv4Address(2**32 - 1)


def read_network(text: str) -> Network:
    """Read a network, or one address as a network; one of IPv4 that is written as IPv6 becomes IPv4. Raises ValueError."""
    network = ipaddress.ip_network(text.strip().partition("%")[0], strict=False)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - 96))


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MOST:
        raise ValueError(value)
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > LONGEST_TEXT or "\x00" in value:
        raise ValueError(value)
    return value


def _moment(value: Any) -> int | None:
    """Read seconds since 1970; refuse what no calendar has a date for."""
    if value is None:
        return None
    seconds = _number(int(value))
    datetime.fromtimestamp(seconds, UTC)
    return seconds


def _link_error(value: Any) -> str | None:
    """Read a reason; an agent newer than this portal may know further ones."""
    if value is None:
        return None
    reason = _text(value)
    return reason if reason in ("", *LINK_ERRORS) else "other"


def _mishaps(counts: dict[str, Any]) -> dict[str, int]:
    """Read the counts; an older agent sends none, a newer one may send further ones."""
    return {name: _number(counts.get(name, 0)) for name in MISHAPS}
