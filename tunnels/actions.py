"""Actions on tunnels. Each raises its gateway's revision in its own transaction, and takes the gateway's lock last."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.models import User
from lib import events
from lib.notes import Refusal
from lib.schemes import Scheme, Service
from tunnels.agent.protocol import read_network
from tunnels.dial_actions import forget_ssh
from tunnels.lifecycle import next_revision, set_state
from tunnels.models import PORTS, Gateway, Tunnel, hash_token
from tunnels.ports import TRIES, NoPortLeft, draw, roomiest
from tunnels.states import State, Wanted
from tunnels.wake_rules import hides_ipv4

EXTRA_POSITION = 1000  # extra ports come after the template's services
MOST_NETWORKS = 50  # in one allow-list
# Columns that an action may change.
WISHED = (
    "wanted", "target_host", "reach_port", "answered_at", "quiet", "knock", "state", "state_since", "state_note",
)  # fmt: skip


class BadPort(Refusal):
    """A number that is no TCP port."""

    status = 400
    code = "bad_port"


class BadNetwork(Refusal):
    """A text that is no network, or more networks than a port may have."""

    status = 400
    code = "bad_network"


class PortOpenAlready(Refusal):
    """The machine has a public port for this port already."""

    code = "port_open_already"


@transaction.atomic
def reserve(*, holder: UUID, owner: User, services: Collection[Service], by: User | None) -> list[Tunnel]:
    """Reserve one random port for each service, closed until open_all. Raises NoPortLeft, NoGateway, PortOpenAlready."""
    gateway = roomiest()
    wishes = [_tunnel(holder, owner, service, position) for position, service in enumerate(services)]
    return _insert(wishes, gateway)


@transaction.atomic
def open_one(
    *, holder: UUID, owner: User, port: int, scheme: Scheme = "tcp", allow: Collection[str] = (), by: User | None
) -> Tunnel:
    """Reserve one more port for a holder, closed until open_all. Raises BadPort, BadNetwork, PortOpenAlready, NoPortLeft."""
    if port not in PORTS:
        raise BadPort(_("A port is a number from 1 to 65535."))
    networks = read_networks(allow)
    others = list(Tunnel.objects.of(holder).kept())
    if any(other.target_port == port for other in others):
        raise _open_already(port)
    tunnel = _tunnel(holder, owner, Service(f"port-{port}", port, scheme), EXTRA_POSITION)
    tunnel.extra, tunnel.allow = True, networks
    # On the gateway of its other ports where possible, so that a machine has one public name.
    gateway = others[0].gateway if others and others[0].gateway.enabled else roomiest()
    return _insert([tunnel], gateway)[0]


def _open_already(port: int) -> PortOpenAlready:
    return PortOpenAlready(_("Port %(port)s has a public port already."), {"port": port})


def _tunnel(holder: UUID, owner: User, service: Service, position: int) -> Tunnel:
    return Tunnel(
        holder=holder,
        owner=owner,
        service=service.name,
        scheme=service.scheme,
        target_port=service.port,
        position=position,
    )


def _insert(tunnels: list[Tunnel], gateway: Gateway) -> list[Tunnel]:
    """Insert tunnels on random ports; another is drawn for one that was taken in the meantime."""
    for lost in range(TRIES):
        # Insert in the order of the ports: two transactions that wait for each other's port would be a deadlock.
        for tunnel, port in zip(tunnels, draw(gateway, len(tunnels), lost), strict=True):
            tunnel.gateway, tunnel.port = gateway, port
        try:
            with transaction.atomic():
                Tunnel.objects.bulk_create(sorted(tunnels, key=lambda tunnel: tunnel.port))
                return tunnels
        except IntegrityError as error:
            if "tunnel_port_once" not in str(error):
                raise _open_already(tunnels[0].target_port) from None
    raise NoPortLeft(_("Too many people ask for a port at this moment. Try again in a minute."))


def open_all(*, holder: UUID, address: str, port_map: Mapping[int, int] | None = None) -> bool:
    """Wish all of a holder's tunnels open, towards `address`. True when that was new; nothing is written otherwise.

    Tunnels of a person whose account is deactivated stay as they are.

    port_map: where the agent reaches a service whose port it does not find at that number.
    """
    now = timezone.now()
    return _wish(holder, lambda tunnel: _open(tunnel, address, (port_map or {}).get(tunnel.target_port), now))


def _open(tunnel: Tunnel, address: str, reach_port: int | None, now: datetime) -> bool:
    if tunnel.wanted == Wanted.GONE or not tunnel.may_open:
        return False
    if (tunnel.wanted, tunnel.target_host, tunnel.reach_port) == (Wanted.OPEN, address, reach_port):
        return False
    tunnel.wanted, tunnel.target_host, tunnel.reach_port = Wanted.OPEN, address, reach_port
    tunnel.answered_at = None
    set_state(tunnel, State.OPENING, now=now)
    return True


def close_all(*, holder: UUID) -> bool:
    """Wish all of a holder's tunnels closed; they keep their ports, and its ssh is not dialed. True when that was new."""
    is_new = _wish(holder, _close)
    forget_ssh([holder])
    return is_new


def _close(tunnel: Tunnel) -> bool:
    if tunnel.wanted not in (Wanted.OPEN, Wanted.HELD):
        return False
    _remember_quiet(tunnel)
    tunnel.wanted, tunnel.answered_at = Wanted.CLOSED, None
    return True


def _remember_quiet(tunnel: Tunnel) -> None:
    if tunnel.wanted == Wanted.OPEN:
        tunnel.quiet = tunnel.answered_at is None


def hold_all(*, holder: UUID, knock: Collection[str] = ()) -> bool:
    """Wish all of a holder's tunnels held: nobody comes through, visitors from the networks (CIDR) in `knock` wait. True when new."""
    is_new = _wish(holder, lambda tunnel: _hold(tunnel, list(knock)))
    forget_ssh([holder])
    return is_new


def _hold(tunnel: Tunnel, knock: list[str]) -> bool:
    if tunnel.wanted == Wanted.GONE or (tunnel.wanted, tunnel.knock) == (Wanted.HELD, knock) or not tunnel.may_open:
        return False
    _remember_quiet(tunnel)
    tunnel.wanted, tunnel.knock, tunnel.answered_at = Wanted.HELD, knock, None
    return True


@transaction.atomic
def knockers_of(networks: Mapping[UUID, list[str]]) -> int:
    """Set the networks (CIDR) that may knock at the held ports of each holder. Write and count only the tunnels that change."""
    rows = Tunnel.objects.live().filter(holder__in=networks, wanted=Wanted.HELD)
    stale = [pk for pk, holder, knock in rows.values_list("pk", "holder", "knock") if knock != networks[holder]]
    changed = list(rows.filter(pk__in=stale).select_for_update().order_by("pk"))
    for tunnel in changed:
        tunnel.knock = networks[tunnel.holder]
    _write(changed, ["knock"])
    events.publish("holder", *{tunnel.holder for tunnel in changed})
    return len(changed)


def release(*, holder: UUID) -> bool:
    """Give back all ports of a holder. Each is free for others once the agent has closed it. True when that was new."""
    is_new = _wish(holder, _give_back)
    forget_ssh([holder])
    return is_new


def release_one(*, tunnel_id: UUID, by: User | None) -> None:
    """Give back one port: within two seconds it is closed and what is open on it is cut."""
    holder = Tunnel.objects.values_list("holder", flat=True).filter(pk=tunnel_id).first()
    if holder:
        _wish(holder, lambda tunnel: tunnel.pk == tunnel_id and _give_back(tunnel))


def _give_back(tunnel: Tunnel) -> bool:
    if tunnel.wanted == Wanted.GONE:
        return False
    # The agent may listen already on a port that is to be held, and not have reported it yet.
    is_shut = tunnel.state == State.CLOSED and tunnel.wanted != Wanted.HELD
    tunnel.wanted, tunnel.answered_at = Wanted.GONE, None
    if is_shut:
        set_state(tunnel, State.GONE)
    return True


def read_networks(texts: Iterable[str]) -> list[str]:
    """Return networks (CIDR) in their normal form; one address is a network, too. Raises BadNetwork."""
    networks = []
    for text in texts:
        if "%" in str(text):
            raise BadNetwork(_("Leave out what follows the percent sign: a zone is known on one computer only."))
        try:
            network = read_network(text)
        except (ValueError, AttributeError):
            raise BadNetwork(_("This is not an address or a network: write 203.0.113.7 or 203.0.113.0/24.")) from None
        if hides_ipv4(network):
            raise BadNetwork(
                _("These are addresses of IPv4 written as IPv6: write the network as IPv4, like 203.0.113.0/24.")
            )
        networks.append(str(network))
    if len(networks) > MOST_NETWORKS:
        raise BadNetwork(_("A port takes at most %(most)s networks."), {"most": MOST_NETWORKS})
    return networks


@transaction.atomic
def _wish(holder: UUID, change: Callable[[Tunnel], bool]) -> bool:
    """Apply `change` to each live tunnel of a holder, under lock, and tell the agents of those that it changed."""
    rows = (
        Tunnel.objects.live()
        .filter(holder=holder)
        .select_related("owner")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    before = [(tunnel, _facts(tunnel)) for tunnel in rows]
    changed = [(tunnel, facts) for tunnel, facts in before if change(tunnel)]
    touched = {name for tunnel, facts in changed for name, fact in _facts(tunnel).items() if fact != facts[name]}
    _write([tunnel for tunnel, _facts_before in changed], sorted(touched))
    return bool(changed)


def _facts(tunnel: Tunnel) -> dict[str, Any]:
    return {name: getattr(tunnel, name) for name in WISHED}


def _write(changed: list[Tunnel], fields: list[str]) -> None:
    """Write these fields of tunnels whose rows are locked. Lock their gateways, always last."""
    revisions = {gateway: next_revision(gateway) for gateway in sorted({tunnel.gateway_id for tunnel in changed})}
    for tunnel in changed:
        tunnel.wanted_revision = revisions[tunnel.gateway_id]
    facts = [{name: getattr(tunnel, name) for name in (*fields, "wanted_revision")} for tunnel in changed]
    if facts and all(one == facts[0] for one in facts):  # the usual case, and by far cheaper than bulk_update
        Tunnel.objects.filter(pk__in=[tunnel.pk for tunnel in changed]).update(**facts[0])
    else:
        Tunnel.objects.bulk_update(changed, [*fields, "wanted_revision"], batch_size=500)


def keep_gateway(*, name: str, token: str = "", by: User | None, **facts: object) -> Gateway:
    """Make a gateway or change its fields (`facts`, by the names of Gateway's); its agent hears of it."""
    if token:
        facts["token_hash"] = hash_token(token)
    known = Gateway.objects.filter(name=name)
    if not known.exists():
        return Gateway.objects.create(name=name, **facts)
    known.exclude(**facts).update(revision=F("revision") + 1, **facts)
    return known.get()
