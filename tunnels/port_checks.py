"""The last check of each port, and when each hop of the way was last right: by that check, by earlier ones, by what is known anyway."""

from collections.abc import Sequence
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
    holder: UUID, port: int, hops: Sequence[dict[str, Any]], verdict: Note, *, broken: str, now: datetime
) -> None:
    """Keep a check in place of the one before; the hops that were right are right as of now."""
    PortCheck.objects.get_or_create(holder=holder, port=port)
    row = PortCheck.objects.select_for_update().get(
        holder=holder, port=port
    )  # of two at once, neither forgets the other's
    row.right_at |= {hop["name"]: now.isoformat() for hop in hops if hop["ok"]}
    row.at, row.hops, row.verdict, row.broken = now, list(hops), verdict.as_json(), broken
    row.save()
