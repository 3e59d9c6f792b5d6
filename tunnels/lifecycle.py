"""Apply an agent's report to the states of tunnels. Rows are locked and written many at once, never one query each."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.failures import Failures
from lib import events
from lib.notes import Note
from lib.states import IllegalMove
from tunnels.agent.protocol import Report, TunnelReport
from tunnels.models import Gateway, Tunnel
from tunnels.ports import TRIES, NoPortLeft, block, draw
from tunnels.states import MOVES, State, Wanted

LOOP = "reports"  # of accounts.failures
# A gateway that refuses every port is set up wrong: drawing on for ever would block its whole range.
MOST_DRAWS = 5
MANY_CONNECTIONS = 2**31 - 1  # what the column holds

# Raise and return in one statement, which the ORM cannot do.
_NEXT_REVISION = 'UPDATE "tunnels_gateway" SET "revision" = "revision" + 1 WHERE "id" = %s RETURNING "revision"'

NOTHING = Note()
NO_ANSWER = Note(_("The gateway to the internet does not answer. Your port opens as soon as it is back."))
_WRONG_HOST = Note(_("The gateway to the internet shows a key that is not its own. An administrator must look at it."))
_NO_ENTRY = Note(_("The gateway to the internet does not let the agent in. An administrator must look at it."))
_HELD = Note(_("Something on the gateway still holds this port. It is tried again every few seconds, and stays yours."))
_REFUSES = Note(_("The gateway to the internet refuses to open ports. An administrator must look at its settings."))
_WHY = {"unreachable": NO_ANSWER, "host_key": _WRONG_HOST, "denied": _NO_ENTRY}
_MOVED = ["state", "state_since", "state_note", "opened_at", "answered_at", "refused", "connections", "port"]
_COUNTED = ["bytes_in", "bytes_out", "bytes_used", "connections", "refused", "last_byte_at"]


def set_state(tunnel: Tunnel, to: State, note: Note = NOTHING, *, now: datetime | None = None) -> None:
    """Move a tunnel in memory; the caller has locked its row and writes it. Raises IllegalMove."""
    if to != tunnel.state:
        if to not in MOVES[tunnel.state]:
            raise IllegalMove(f"{tunnel!r}: {tunnel.state} -> {to}")
        tunnel.state, tunnel.state_since = to, now or timezone.now()
    tunnel.state_note = note.as_json()


def tell_agent(gateway_id: int, changed: Iterable[Tunnel]) -> None:
    """Give the gateway a new revision that carries these changes. Locks the gateway row: always take this lock last."""
    revision = next_revision(gateway_id)
    Tunnel.objects.filter(pk__in=[tunnel.pk for tunnel in changed]).update(wanted_revision=revision)


def next_revision(gateway_id: int) -> int:
    """Raise the gateway's revision by one and return it. Locks the gateway row until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_REVISION, [gateway_id])
        return int(cursor.fetchone()[0])


@transaction.atomic
def apply_report(gateway: Gateway, report: Report, now: datetime) -> set[UUID]:
    """Apply a report in one transaction. Return the holders of whose tunnels more than the counters changed."""
    rows = Tunnel.objects.live().filter(gateway=gateway)
    if not report.whole:
        rows = rows.filter(pk__in=report.tunnels)
    tunnels = list(rows.select_for_update().order_by("pk"))
    fresh = Gateway.objects.filter(pk=gateway.pk).exclude(boot=report.boot, seq__gte=report.seq)
    is_new = fresh.exists()
    failures = Failures(LOOP, now).read()
    moved, counted, redrawn = [], [], []
    for tunnel in tunnels:
        with failures.at(tunnel.pk, holder=tunnel.holder):
            line = report.tunnels.get(str(tunnel.pk))
            before = _facts(tunnel)
            if is_new and line and _count(tunnel, line):
                counted.append(tunnel)
            if _settle(tunnel, line, report, now):
                redrawn.append(tunnel)
            if _facts(tunnel) != before or tunnel in redrawn:
                moved.append(tunnel)
    _draw_others(redrawn, gateway, now, failures)
    for changed, columns in ((moved, _MOVED), (counted, _COUNTED)):
        failures.write(changed, partial(_update, columns), lambda tunnel: tunnel.pk)
    if redrawn:
        tell_agent(gateway.pk, redrawn)
    Gateway.objects.filter(pk=gateway.pk).update(heard_at=now)
    fresh.update(boot=report.boot, seq=report.seq, link_error=report.link_error, **_mishaps(report, now))
    holders = {tunnel.holder for tunnel in moved}
    events.publish("holder", *holders)
    return holders


def _draw_others(tunnels: Sequence[Tunnel], gateway: Gateway, now: datetime, failures: Failures) -> None:
    for tunnel in tunnels:
        with failures.at(tunnel.pk, holder=tunnel.holder), transaction.atomic():
            _draw_another(tunnel, gateway, now)


def _update(columns: list[str], rows: Sequence[Tunnel]) -> None:
    Tunnel.objects.bulk_update(rows, columns, batch_size=500)


def _mishaps(report: Report, now: datetime) -> dict[str, object]:
    """Return the gateway's columns with the report's mishaps added."""
    added: dict[str, object] = {name: F(name) + count for name, count in report.mishaps.items() if count}
    return {**added, "turned_away_at": now} if report.mishaps.get("turned_away") else added


def _facts(tunnel: Tunnel) -> tuple[object, ...]:
    return tunnel.state, tunnel.answered_at, tunnel.state_note


def _count(tunnel: Tunnel, line: TunnelReport) -> bool:
    """Add the bytes and refusals since the last report. True when there is anything to write."""
    before = _counts(tunnel)
    tunnel.bytes_in += line.bytes_in
    tunnel.bytes_out += line.bytes_out
    tunnel.bytes_used += line.bytes_used
    tunnel.connections = min(line.connections, MANY_CONNECTIONS)
    # A port that was never open is replaced at once: tries of the same one, before the agent learns of the next, are one.
    refused = line.refused if tunnel.opened_at else min(line.refused, 1)
    tunnel.refused = min(tunnel.refused + refused, MANY_CONNECTIONS)
    last = datetime.fromtimestamp(line.last_byte_at, UTC) if line.last_byte_at is not None else None
    tunnel.last_byte_at = max(filter(None, (last, tunnel.last_byte_at)), default=None)
    return before != _counts(tunnel)


def _counts(tunnel: Tunnel) -> tuple[int, ...]:
    return tunnel.bytes_in, tunnel.bytes_out, tunnel.bytes_used, tunnel.connections, tunnel.refused


def _settle(tunnel: Tunnel, line: TunnelReport | None, report: Report, now: datetime) -> bool:
    """Move a tunnel to the state that the agent reported. True when another port must be drawn."""
    if tunnel.wanted_revision > report.revision or (line is None and not report.whole):
        return False  # the agent did not know the present wish yet, or does not speak of this one
    is_shut = line is None or line.state == "closed"
    if tunnel.wanted == Wanted.HELD:
        # A port that is not held just now (gateway away, taken by something else, agent too old to hold) is shut.
        set_state(tunnel, State.HELD if line and line.state == "held" else State.CLOSED, now=now)
        tunnel.connections = 0
        return False
    if tunnel.wanted != Wanted.OPEN:
        if is_shut:
            tunnel.connections = 0
            set_state(tunnel, State.GONE if tunnel.wanted == Wanted.GONE else State.CLOSED, now=now)
        return False
    if line is None or is_shut or line.state in ("opening", "held"):
        set_state(tunnel, State.OPENING, _WHY.get(line.error, Note()) if line else Note(), now=now)
        return False
    if line.state == "failed":
        return _refused(tunnel, now)
    set_state(tunnel, State.OPEN, now=now)
    tunnel.refused, tunnel.opened_at = 0, tunnel.opened_at or now
    if line.answered and line.since == tunnel.wanted_revision:
        tunnel.answered_at = tunnel.answered_at or now
    return False


def _refused(tunnel: Tunnel, now: datetime) -> bool:
    """Handle a port that the gateway refuses, since something else has it. A port that was open before is kept: often a dead session holds it."""
    too_often = tunnel.refused > MOST_DRAWS
    if tunnel.opened_at:
        set_state(tunnel, State.FAILED if too_often else State.OPENING, _HELD, now=now)
    elif too_often:
        set_state(tunnel, State.FAILED, _REFUSES, now=now)
    else:
        set_state(tunnel, State.OPENING, now=now)
        return True
    return False


def _draw_another(tunnel: Tunnel, gateway: Gateway, now: datetime) -> None:
    """Set the tunnel's port aside for a day and draw another. It is written at once: the unique constraint must judge it."""
    block(gateway, tunnel.port, now)
    for lost in range(TRIES):
        try:
            port = draw(gateway, 1, lost)[0]
            with transaction.atomic():
                Tunnel.objects.filter(pk=tunnel.pk).update(port=port)
        except NoPortLeft as none_left:
            set_state(tunnel, State.FAILED, none_left.note, now=now)
            return
        except IntegrityError:
            continue
        tunnel.port = port
        return
