"""Who may knock at a port that is held: visitors from networks in its `knock`, and those whom its allow-list names."""

import ipaddress
from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal
from tunnels.agent.protocol import Knock

# A list that names more of the world than this (bits of prefix) lets visitors in, but invites nobody to wake a machine.
NARROWEST_CROWD = {4: 8, 6: 16}
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
HOME = {4: 32, 6: 64}  # an IPv6 visitor changes the rest of the address every day


class BadKnock(Refusal):
    status = 400
    code = "bad_knock"


def read(body: bytes) -> tuple[UUID, str]:
    """The tunnel and the address of an agent's knock. Raises BadKnock."""
    try:
        knock = Knock.read(body)
        return UUID(knock.tunnel), str(unwrapped(knock.address))
    except (ValueError, TypeError, AttributeError):
        raise BadKnock(_("This is not a knock of an agent: see docs/admin/tunnels.md.")) from None


def unwrapped(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; one of IPv4 that came in the clothes of IPv6 without them. Raises ValueError."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network, or one address as one; of IPv4 in the clothes of IPv6 without them. Raises ValueError."""
    read = ipaddress.ip_network(text.strip().partition("%")[0], strict=False)
    mapped = getattr(read.network_address, "ipv4_mapped", None)
    if mapped is None or read.prefixlen < 96:
        return read
    return ipaddress.IPv4Network((mapped, read.prefixlen - 96))


def hides_ipv4(named: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Whether it is all of IPv4 in the clothes of IPv6 and more, which nobody comes from: visitors are unwrapped, so it lets nobody in.

    What is wider than the reserved ::/8 means IPv6 itself.
    """
    return named.version == 6 and named.prefixlen >= 8 and MAPPED.subnet_of(named)


def home_of(text: str) -> str:
    """The network in which whoever has this address will be again."""
    address = unwrapped(text)
    return str(ipaddress.ip_network((address, HOME[address.version]), strict=False))


def all_knockers(knock: Iterable[str], allow: Iterable[str]) -> list[str]:
    """All who may knock, before the allow-list itself is asked whether it lets them in."""
    invited = [text for text in allow if not _is_crowd(text)]
    return list(dict.fromkeys([*knock, *invited]))


def _is_crowd(text: str) -> bool:
    named = network(text)
    return named.prefixlen < NARROWEST_CROWD[named.version]


def may_knock(address: str, knock: Iterable[str], allow: Iterable[str]) -> bool:
    return _is_in(address, all_knockers(knock, allow)) and (not allow or _is_in(address, allow))


def _is_in(address: str, networks: Iterable[str]) -> bool:
    visitor = unwrapped(address)
    return any(visitor in network(text) for text in networks)
