"""Queries about a holder's tunnels, and whether there is news for an agent. `now` decides whether the agent's last report still counts."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from lib.notes import Note
from tunnels.lifecycle import NO_ANSWER
from tunnels.models import Tunnel
from tunnels.states import State, Wanted

# Each agent's long question asks this five times a second, and the ORM takes four times as long to write the query as all the rest.
# Of dials it says what Dial.objects.wanted_of does. For an older agent, which cannot dial, its dials are NULL and nothing is true of them.
_HAS_NEWS = """
SELECT gateway.revision <> %(revision)s OR EXISTS (
    SELECT FROM tunnels_dial dial
    LEFT JOIN tunnels_tunnel tunnel ON tunnel.id = dial.tunnel_id
    LEFT JOIN tunnels_sshtarget ssh ON ssh.id = dial.ssh_id
    WHERE dial.agent_at IS NULL AND dial.expires_at > %(now)s AND dial.id <> ALL(%(dials)s::bigint[])
      AND (ssh.gateway_id = gateway.id OR (tunnel.gateway_id = gateway.id AND tunnel.wanted = %(open)s)))
FROM tunnels_gateway gateway WHERE gateway.id = %(gateway)s
"""


def has_news(gateway: int, *, revision: int, dials: list[int] | None, now: datetime) -> bool:
    """Return whether an agent that knows this revision and these dials should be told more. True, too, of a gateway that is gone."""
    facts = {"gateway": gateway, "revision": revision, "dials": dials, "now": now, "open": Wanted.OPEN.value}
    with connection.cursor() as cursor:
        cursor.execute(_HAS_NEWS, facts)
        found = cursor.fetchone()
    return found is None or bool(found[0])


def all_open(holder: UUID, now: datetime) -> bool:
    """Say whether each tunnel that should be open is, for all that is known."""
    wanted = [tunnel for tunnel in Tunnel.objects.of(holder) if tunnel.wanted == Wanted.OPEN]
    return all(tunnel.shown_state(now) == State.OPEN for tunnel in wanted)


def primary_answered(holder: UUID) -> bool:
    """Say whether the first service accepts connections since its target was last set.

    True for a holder without services, and for one whose owner's account is deactivated: nobody tries its ports.
    """
    first = Tunnel.objects.of(holder).kept().select_related("owner").first()
    return first is None or first.answered_at is not None or not first.may_open


def silent(holder: UUID, *, new_disk: bool) -> list[str]:
    """Return the services that do not accept connections yet and are waited for, in the template's order.

    new_disk: services that did not answer when they were shut last are waited for, too. The first service
    always is; a port that a person opened never is, unless it is the first: nothing has to listen there.
    """
    rows = [t for t in Tunnel.objects.of(holder).kept().select_related("owner") if t.may_open]
    rest = [t for t in rows[1:] if not t.extra and (new_disk or not t.quiet)]
    return [tunnel.service for tunnel in (*rows[:1], *rest) if tunnel.answered_at is None]


def trouble(holder: UUID, now: datetime) -> Note:
    """Return why a port that should be open is not; an empty note when there is nothing to say."""
    return trouble_of(Tunnel.objects.of(holder), now)


def trouble_of(tunnels: Iterable[Tunnel], now: datetime) -> Note:
    """Return the same as trouble(), of rows that were read already with their gateways."""
    for tunnel in tunnels:
        if tunnel.wanted != Wanted.OPEN:
            continue
        if not tunnel.gateway.is_heard(now):
            return NO_ANSWER
        if tunnel.state != State.OPEN and tunnel.note:
            return tunnel.note
    return Note()
