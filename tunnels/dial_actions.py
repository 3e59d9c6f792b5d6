"""Actions on dials: ask an agent for a connection to a machine, and use the tickets of both sides up.

Whether a person may have a connection, `portal.live.dial_door` decides before; here it is decided what can be dialed at all.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.models import User
from lib.notes import Refusal
from tunnels.agent.protocol import DIAL_SECONDS, SSH_PORT, is_guest_address
from tunnels.lifecycle import next_revision
from tunnels.models import DIAL_SALT, Dial, Gateway, SshTarget, Tunnel
from tunnels.states import Wanted

log = logging.getLogger(__name__)
MOST_OLD_DIALS = 100  # that a new dial removes


class NotDialable(Refusal):
    """No open way leads to this port."""

    code = "port_closed"


class AgentAway(Refusal):
    """The agent of the gateway was not heard lately, so nothing would connect."""

    status = 503
    code = "agent_away"


@transaction.atomic
def dial(*, tunnel_id: UUID, by: User | None, trial: bool = False) -> Dial:
    """Ask the tunnel's agent for a connection to its target; by=None: the portal itself. Raises NotDialable, AgentAway.

    trial: the tunnel's own port is visited next, with Dial.trial_word.
    """
    now = timezone.now()
    tunnel = Tunnel.objects.live().select_related("owner", "gateway").filter(pk=tunnel_id, wanted=Wanted.OPEN).first()
    if tunnel is None or not tunnel.target_host or not tunnel.may_open:
        raise closed()
    if not tunnel.gateway.is_heard(now):
        raise _away()
    note(tunnel.holder, tunnel.target_port, by, tunnel.gateway.name)
    return _ask(now, tunnel=tunnel, trial=trial)


@transaction.atomic
def dial_ssh(*, holder: UUID, owner: User, address: str, by: User | None) -> Dial:
    """Ask an agent for a connection to port 22 of a machine that has no tunnel to it. Raises NotDialable, AgentAway.

    Until forget_ssh the agent may dial that port of this address, and no other.
    """
    now = timezone.now()
    if not owner.is_active or not is_guest_address(address):
        raise closed()
    target = _ssh_target(holder, address, now)
    note(holder, SSH_PORT, by, target.gateway.name)
    return _ask(now, ssh=target)


def closed() -> NotDialable:
    """Return the refusal for a port to which no open way leads."""
    return NotDialable(_("Nothing can be reached there while this port is closed."))


def _away() -> AgentAway:
    return AgentAway(_("The agent that reaches this machine does not answer at the moment."))


def note(holder: UUID, port: int, by: User | None, way: str) -> None:
    """Log a connection that is asked for: whose, by whom, and by which way (a gateway's name, or "direct")."""
    facts = {"by": by.get_username() if by else "the portal", "port": port, "machine": str(holder), "way": way}
    log.info("%(by)s dials port %(port)s of machine %(machine)s: %(way)s", facts, extra={"facts": facts})


def _ask(now: datetime, **facts: Any) -> Dial:
    """Insert the dial, and remove old ones."""
    old = Dial.objects.over(now).select_for_update(skip_locked=True).values_list("pk", flat=True)
    Dial.objects.filter(pk__in=list(old[:MOST_OLD_DIALS])).delete()
    return Dial.objects.create(expires_at=now + timedelta(seconds=DIAL_SECONDS), **facts)


def use_ticket(text: str) -> tuple[UUID, str] | None:
    """Use a ticket of a dial up: its key and side, None if it is no longer good. Asks the database for real tickets only."""
    try:
        key, side = signing.loads(text, salt=DIAL_SALT, max_age=DIAL_SECONDS)
    except signing.BadSignature:
        return None
    now, column = timezone.now(), {"agent": "agent_at", "asker": "asker_at"}[side]
    good = Dial.objects.dialable().filter(key=key, expires_at__gt=now).values_list("pk", flat=True).first()
    # The row's own columns only: of two at once, the one that waited for the other must find the column filled.
    used = Dial.objects.filter(pk=good, **{column: None}).update(**{column: now}) if good else 0
    return (UUID(key), side) if used else None


# ---- machines whose ssh may be dialed without a tunnel ----


def _ssh_target(holder: UUID, address: str, now: datetime) -> SshTarget:
    """Return the row by which an agent may dial; a new or changed one raises the gateway's revision. Raises AgentAway."""
    known = SshTarget.objects.select_related("gateway").select_for_update(of=("self",)).filter(holder=holder).first()
    if known and known.host == address and known.gateway.is_heard(now):
        return known
    if known:
        forget_ssh([holder])
    gateway = _reaching(holder, now)
    target, _is_new = SshTarget.objects.get_or_create(holder=holder, defaults={"gateway": gateway, "host": address})
    next_revision(target.gateway_id)
    return target


def _reaching(holder: UUID, now: datetime) -> Gateway:
    """Choose a gateway whose agent is there: that of the machine's own tunnels where possible. Raises AgentAway."""
    own = set(Tunnel.objects.live().filter(holder=holder).values_list("gateway", flat=True))
    heard = [one for one in Gateway.objects.filter(Q(enabled=True) | Q(pk__in=own)) if one.is_heard(now)]
    if not heard:
        raise _away()
    return min(heard, key=lambda one: (one.pk not in own, one.pk))


@transaction.atomic
def forget_ssh(holders: Collection[UUID]) -> int:
    """Let no agent dial the ssh of these machines any more: dialed connections end. Return how many that changed."""
    rows = list(SshTarget.objects.filter(holder__in=holders).select_for_update().order_by("pk"))
    if rows:
        SshTarget.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for gateway in sorted({row.gateway_id for row in rows}):
        next_revision(gateway)
    return len(rows)
