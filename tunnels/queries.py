"""Queries about a holder's tunnels. `now` decides whether the agent's last report still counts."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from lib.notes import Note
from tunnels.lifecycle import NO_ANSWER
from tunnels.models import Tunnel
from tunnels.states import State, Wanted


def all_open(holder: UUID, now: datetime) -> bool:
    """Whether each tunnel that should be open is, for all that is known."""
    wanted = [tunnel for tunnel in Tunnel.objects.of(holder) if tunnel.wanted == Wanted.OPEN]
    return all(tunnel.shown_state(now) == State.OPEN for tunnel in wanted)


def primary_answered(holder: UUID) -> bool:
    """Whether the first service accepts connections since its target was last set.

    True for a holder without services, and for one whose owner's account is deactivated: nobody tries its ports.
    """
    first = Tunnel.objects.of(holder).kept().select_related("owner").first()
    return first is None or first.answered_at is not None or not first.may_open


def silent(holder: UUID, *, anew: bool) -> list[str]:
    """Return the services that do not accept connections yet and are waited for, in the template's order.

    anew: the disk is a new one, so services that did not answer when they were shut last are waited for, too. The first service
    always is; a port that a person opened never is, unless it is the first: nothing need listen there.
    """
    rows = [t for t in Tunnel.objects.of(holder).kept().select_related("owner") if t.may_open]
    rest = [t for t in rows[1:] if not t.extra and (anew or not t.quiet)]
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
