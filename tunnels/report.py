"""What an agent tells: read with care, since it comes over the wire."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal

STATES = ("opening", "open", "held", "failed", "closed")
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
    boot: str  # this run of the agent
    seq: int  # its reports, numbered from 1; a number is said again when no answer came
    revision: int  # of the wishes that it follows now
    whole: bool  # True: who is not in it is not open
    tunnels: dict[UUID, Line]

    @classmethod
    def read(cls, body: bytes) -> "Report":
        """Raises BadReport."""
        try:
            told = json.loads(body)
            lines = {UUID(key): _read_line(line) for key, line in told["tunnels"].items()}
            return cls(
                _text(told["boot"]), _number(told["seq"]), _number(told["revision"]), told["whole"] is True, lines
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


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MOST:
        raise ValueError(value)
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > 64 or "\x00" in value:
        raise ValueError(value)
    return value
