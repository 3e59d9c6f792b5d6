"""Rules of who may knock at a held port: visitors from the networks in its `knock`, and those whom its allow-list names."""

import ipaddress
from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal
from tunnels.agent.protocol import Knock, Network, read_address, read_network

# A list that names more of the world than this (bits of prefix) lets visitors in, but invites nobody to wake a machine.
NARROWEST_CROWD = {4: 8, 6: 16}
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
HOME = {4: 32, 6: 64}  # an IPv6 visitor changes the rest of the address every day
THIS_COMPUTER = ["127.0.0.1/32", "::1/128"]


class BadKnock(Refusal):
    status = 400
    code = "bad_knock"


def read(body: bytes) -> tuple[UUID, str]:
    """Read an agent's knock: the tunnel's id and the visitor's address. Raises BadKnock."""
    try:
        knock = Knock.parse(body)
        return UUID(knock.tunnel), str(read_address(knock.address))
    except (ValueError, TypeError, AttributeError):
        raise BadKnock(_("This is not a knock of an agent: see docs/admin/tunnels.md.")) from None


def hides_ipv4(named: Network) -> bool:
    """Say whether a network of IPv6 spans all addresses of IPv4 that are written as IPv6.

    It would let nobody in: a visitor's address is always read as IPv4. A network wider than the reserved ::/8 means IPv6 itself.
    """
    return named.version == 6 and named.prefixlen >= 8 and MAPPED.subnet_of(named)


def home_of(text: str) -> str:
    """Return the network (CIDR) from which the person at this address will come again: the address, of IPv6 its /64."""
    address = read_address(text)
    return str(ipaddress.ip_network((address, HOME[address.version]), strict=False))


def homes_of(text: str) -> list[str]:
    """Return the networks from which the person at this address will come: `home_of`, and of this computer itself both its addresses.

    A browser opens http://localhost by ::1, an ssh to 127.0.0.1 comes by IPv4.
    """
    address = read_address(text)
    return THIS_COMPUTER if address.is_loopback else [home_of(text)]


def all_knockers(knock: Iterable[str], allow: Iterable[str]) -> list[str]:
    """Return all networks that may knock, by `knock` or by the allow-list. Whether the allow-list lets them in is not checked."""
    invited = [text for text in allow if not _is_crowd(text)]
    return list(dict.fromkeys([*knock, *invited]))


def _is_crowd(text: str) -> bool:
    named = read_network(text)
    return named.prefixlen < NARROWEST_CROWD[named.version]


def may_knock(address: str, knock: Iterable[str], allow: Iterable[str]) -> bool:
    """Say whether a visitor at this address wakes the machine: invited by `knock` or the allow-list, and let in by the latter."""
    return _is_in(address, all_knockers(knock, allow)) and (not allow or _is_in(address, allow))


def _is_in(address: str, networks: Iterable[str]) -> bool:
    visitor = read_address(address)
    return any(visitor in read_network(text) for text in networks)
