"""The last check of each port, and when each hop of the way was last right: by that check, by earlier ones, by what is known anyway."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from lib.notes import Note
from tunnels.models import PortCheck, Tunnel

# The way from a person to a service, in the order in which a connection goes it.
HOPS = ("name", "port", "tunnel", "agent", "guest", "service")


def right_at(holder: UUID, port: int, tunnel: Tunnel | None) -> dict[str, datetime]:
    """Return when each hop was last seen to be right, as far as anybody knows."""
    row = PortCheck.objects.filter(holder=holder, port=port).first()
    seen = {hop: [datetime.fromisoformat(at)] for hop, at in (row.right_at if row else {}).items()}
    if tunnel:
        through = tunnel.last_byte_at  # a visitor's bytes: also of one who waited for a machine that slept
        facts = {"port": through, "tunnel": through, "agent": tunnel.gateway.heard_at}
        for hop, at in {**facts, "guest": tunnel.answered_at, "service": tunnel.answered_at}.items():
            seen.setdefault(hop, []).extend([at] if at else [])
    return {hop: max(times) for hop, times in seen.items() if times}


@transaction.atomic
def record(
    holder: UUID,
    port: int,
    hops: Sequence[dict[str, Any]],
    verdict: Note,
    *,
    broken: str,
    seen: Mapping[str, datetime],
    now: datetime,
) -> None:
    """Keep a check in place of the one before. What was right is so as of now, the rest as of when it was `seen` to be."""
    PortCheck.objects.get_or_create(holder=holder, port=port)
    # Of two at once, neither forgets what the other found.
    row = PortCheck.objects.select_for_update().get(holder=holder, port=port)
    known = {hop: datetime.fromisoformat(at) for hop, at in row.right_at.items()}
    for hop, at in {**seen, **{hop["name"]: now for hop in hops if hop["ok"]}}.items():
        known[hop] = max(at, known.get(hop, at))
    row.right_at = {hop: at.isoformat() for hop, at in known.items()}
    row.at, row.hops, row.verdict, row.broken = now, list(hops), verdict.as_json(), broken
    row.save()
