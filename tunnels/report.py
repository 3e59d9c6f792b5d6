"""What an agent tells: read with care, since it comes over the wire."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal

STATES = ("opening", "open", "held", "failed", "closed")
# Why an agent has no connection to its gateway: no such name; no answer; another host key; not let in; something newer than us.
LINK_ERRORS = ("unknown_name", "unreachable", "host_key", "denied", "other")
# What an agent survived: exceptions that ended one pair of sockets, visitors for whom there was no room, connections to its gateway.
MISHAPS = ("faults", "turned_away", "links_lost")
MOST = 2**53  # what JSON numbers carry exactly


class BadReport(Refusal):
    status = 400
    code = "bad_report"


@dataclass(frozen=True, slots=True)
class Line:
    """One tunnel in a report. Bytes and refusals are what came since the last report that we acknowledged."""

    state: str
    error: str = ""
    since: int = 0  # the wish (Tunnel.wanted_revision) that `answered` speaks of
    answered: bool = False
    bytes_in: int = 0
    bytes_out: int = 0
    bytes_used: int = 0  # of both, without connections that were brief: a scanner is not somebody at work
    refused: int = 0
    connections: int = 0  # open now
    last_byte_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent tells at once."""

    boot: str  # this run of the agent
    seq: int  # its reports, numbered from 1; a number is said again when no answer came
    revision: int  # of the wishes that it follows now
    whole: bool  # True: who is not in it is not open
    tunnels: dict[UUID, Line]
    link_error: str | None = (
        None  # '' = connected to the gateway, else one of LINK_ERRORS; None: an older agent, which does not say
    )
    mishaps: dict[str, int] = field(default_factory=dict)  # by MISHAPS, since the last report that we acknowledged

    @classmethod
    def read(cls, body: bytes) -> "Report":
        """Raises BadReport."""
        try:
            told = json.loads(body)
            lines = {UUID(key): _read_line(line) for key, line in told["tunnels"].items()}
            return cls(
                boot=_text(told["boot"]),
                seq=_number(told["seq"]),
                revision=_number(told["revision"]),
                whole=told["whole"] is True,
                tunnels=lines,
                link_error=_read_link(told.get("link_error")),
                mishaps=_read_mishaps(told.get("mishaps") or {}),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            raise BadReport(_("This is not a report of an agent: see docs/admin/tunnels.md.")) from None


def _read_line(told: dict[str, Any]) -> Line:
    if told["state"] not in STATES:
        raise ValueError(told["state"])
    last = told.get("last_byte_at")
    counts = {name: _number(told.get(name, 0)) for name in ("since", "bytes_in", "bytes_out", "refused", "connections")}
    # An agent that does not tell brief connections apart: all bytes may have been somebody's.
    counts["bytes_used"] = _number(told.get("bytes_used", min(MOST, counts["bytes_in"] + counts["bytes_out"])))
    return Line(
        state=told["state"],
        error=_text(told.get("error", "")),
        answered=told.get("answered") is True,
        last_byte_at=None if last is None else datetime.fromtimestamp(_number(int(last)), UTC),
        **counts,
    )


def _read_link(told: Any) -> str | None:
    """An agent newer than this portal may know further reasons."""
    if told is None:
        return None
    reason = _text(told)
    return reason if reason in ("", *LINK_ERRORS) else "other"


def _read_mishaps(told: dict[str, Any]) -> dict[str, int]:
    """An older agent tells none, a newer one may tell of further ones."""
    return {name: _number(told.get(name, 0)) for name in MISHAPS}


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MOST:
        raise ValueError(value)
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > 64 or "\x00" in value:
        raise ValueError(value)
    return value
