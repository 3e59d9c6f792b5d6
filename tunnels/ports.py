"""Draw ports: never one that is taken, first those that nobody had, then the one that was given back longest ago.

Among equals at random, so that nobody guesses a neighbour's. Whoever had a port may have noted it down, and so may programs of
others: a port that rests long leads fewer of them to a stranger's machine.
"""

import secrets
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from lib.notes import Refusal
from tunnels.models import BlockedPort, Gateway, Tunnel
from tunnels.states import State

BLOCKED_FOR = timedelta(days=1)
# Each lost race shows one more taken port, so this many may draw at the same moment.
TRIES = 60
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
DICE = secrets.SystemRandom()


class NoPortLeft(Refusal):
    """Every port of every gateway is taken."""

    code = "no_port_left"
    status = 503


class NoGateway(Refusal):
    """No gateway is set up yet."""

    code = "no_gateway"
    status = 503


def free_ports(gateway: Gateway, now: datetime) -> list[int]:
    """Return the ports of the gateway's range that no live tunnel has and nobody else was seen to hold."""
    taken = set(Tunnel.objects.live().filter(gateway=gateway).values_list("port", flat=True))
    taken |= set(BlockedPort.objects.filter(gateway=gateway, until__gt=now).values_list("port", flat=True))
    return [port for port in range(gateway.first_port, gateway.last_port + 1) if port not in taken]


def given_back(gateway: Gateway) -> dict[int, datetime]:
    """Return when each port was given back last. A port that a live tunnel has again may be among them."""
    gone = Tunnel.objects.order_by().filter(gateway=gateway, state=State.GONE)
    return dict(gone.values_list("port").annotate(Max("state_since")))


def draw(gateway: Gateway, count: int, lost: int = 0) -> list[int]:
    """Draw `count` different free ports, of those that have rested longest. Raises NoPortLeft.

    lost: how often somebody else was quicker. All who draw at once want the same ports: each lost race widens the choice.
    """
    free = free_ports(gateway, timezone.now())
    if len(free) < count:
        raise NoPortLeft(_("Every public port is taken. Close one that you no longer need, or try again later."))
    return DICE.sample(_rested(free, given_back(gateway), count + 4 * lost), count)


def _rested(free: list[int], since: dict[int, datetime], most: int) -> list[int]:
    """Return the `most` ports that have rested longest. Each draw asks the system for randomness, so not all thousand are shuffled."""
    alike: dict[datetime, list[int]] = defaultdict(list)
    for port in free:
        alike[since.get(port, NEVER)].append(port)
    chosen: list[int] = []
    for at in sorted(alike):
        chosen += DICE.sample(alike[at], min(most - len(chosen), len(alike[at])))
        if len(chosen) == most:
            break
    return chosen


def roomiest() -> Gateway:
    """Return the enabled gateway with most free ports. Raises NoGateway."""
    live = Count("tunnels", filter=~Q(tunnels__state="gone"))
    gateways = list(Gateway.objects.enabled().annotate(live=live))
    if not gateways:
        raise NoGateway(_("There is no gateway to the internet yet. An administrator must set one up first."))
    return max(gateways, key=lambda gateway: gateway.last_port - gateway.first_port - getattr(gateway, "live", 0))


def block(gateway: Gateway, port: int, now: datetime) -> None:
    """Keep a port that something else holds from being drawn for BLOCKED_FOR, and delete such rows that are over."""
    BlockedPort.objects.filter(until__lte=now).delete()
    BlockedPort.objects.update_or_create(gateway=gateway, port=port, defaults={"until": now + BLOCKED_FOR})
