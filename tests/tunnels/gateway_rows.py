"""Gateways, tunnels and reports for the tests of rows."""

import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from lib.schemes import Service
from tunnels.actions import keep_gateway, open_all, reserve
from tunnels.agent.protocol import Report, TunnelReport
from tunnels.lifecycle import apply_report
from tunnels.models import Gateway, Tunnel

SERVICES = [Service("ssh", 22, "ssh"), Service("http", 80, "http")]
TOKEN = "sesame"


def gateway(name: str = "gate", first: int = 20_000, last: int = 20_099, **facts: Any) -> Gateway:
    facts = {
        "public_host": "127.0.0.1",
        "ssh_host": "127.0.0.1",
        "host_key": "ssh-ed25519 AAAA",
        "token": f"{TOKEN}-{name}",
        **facts,
    }
    return keep_gateway(name=name, first_port=first, last_port=last, heard_at=timezone.now(), by=None, **facts)


def opened(owner: User, address: str = "127.0.0.9") -> uuid.UUID:
    """A holder whose two tunnels are wished open; the agent has not spoken yet."""
    holder = uuid.uuid4()
    reserve(holder=holder, owner=owner, services=SERVICES, by=owner)
    open_all(holder=holder, address=address)
    return holder


def tell(
    gate: Gateway, lines: dict[Tunnel, dict[str, Any]] | None = None, *, now: datetime | None = None, **about: Any
) -> set[uuid.UUID]:
    """A report of the agent that knows the newest revision; without `lines`: all that is wished is open and answers."""
    gate.refresh_from_db()
    if lines is None:
        lines = {tunnel: {"state": "open", "answered": True} for tunnel in gate.tunnels.filter(wanted="open")}
    told = {str(tunnel.pk): TunnelReport(**{"since": tunnel.wanted_revision, **line}) for tunnel, line in lines.items()}
    facts = {"boot": "boot", "seq": gate.seq + 1, "revision": gate.revision, "whole": True, "tunnels": told, **about}
    return apply_report(gate, Report(**facts), now or timezone.now())


def states(holder: uuid.UUID) -> list[str]:
    return [tunnel.state for tunnel in Tunnel.objects.filter(holder=holder).order_by("position")]
