"""The door /live/check/<machine>?port=N: a check as lines of JSON while it goes on, as one answer at its end, or shown on its page.

`Accept: application/x-ndjson`: a line for each hop, then one with the verdict. `back=1`: a browser without scripts is led to the page,
which shows what was kept.
"""

import asyncio
import json
import logging
import re
from collections import Counter, deque
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext_noop as _

from lib import seldom
from lib.notes import Note, Refusal
from lib.side_by_side import until_first
from lib.whole_numbers import whole_number
from portal.live import sse, ticket_entry
from portal.live.admission import until_left
from portal.live.checks import check_door
from portal.live.checks import hop_diagnosis as diagnosis
from portal.live.checks.check_door import Subject
from portal.live.checks.hop_diagnosis import Hop
from portal.live.checks.walk import Walk
from portal.live.dials import Dials
from portal.live.entry import Entry, Refused, language_of, request_of
from portal.live.hub import Hub
from portal.live.reading import read
from portal.live.refused_entries import note_refusal
from portal.live.rights_watch import CHECK_SECONDS
from portal.live_addresses import MACHINE_ID, check_purpose
from tunnels import port_checks
from tunnels.models import PORTS

log = logging.getLogger("portal.live")
_PATH = re.compile(f"/live/check/{MACHINE_ID}")
LINES = "application/x-ndjson"
ALL_SECONDS = 13.0  # for a whole check; with what comes before and after it, it ends within 15
MOST_A_MINUTE = 6  # of one person
MOST_AT_ONCE = 30  # of this process
_WHY: dict[str, str] = {
    "machine": _("There is no such machine."),
    "often": _("You have checked %(most)s times within a minute. Wait a moment, then check again."),
    "busy": _("Too many checks are going on. Try again in a minute."),
    "port": _("A port is a number from 1 to 65535."),
    "other": _("You cannot check this now. Sign in again."),
    "failed": _("The check could not be done. Try again in a moment."),
}
_BUSY = ("busy", "draining", "full", "crowd", "too_many")


def found_in(path: str) -> UUID | None:
    """Return the machine of a check's address; None for any other."""
    found = _PATH.fullmatch(path)
    return UUID(found[1]) if found else None


class Limits:
    """The number of checks that there may be: of a person within a minute, and at once."""

    def __init__(self) -> None:
        self.begun: dict[int, deque[float]] = {}
        self.going = 0

    def begin(self, person: int) -> None:
        """Count a check that begins, until `end` is called: nobody else gets its place, however long it is prepared. Raises Refused."""
        now = monotonic()
        self.begun = {one: times for one, times in self.begun.items() if times[-1] > now - 60}
        times = self.begun.get(person) or deque(maxlen=MOST_A_MINUTE)
        if len(times) == MOST_A_MINUTE and times[0] > now - 60:
            raise Refused(429, "often")
        if self.going >= MOST_AT_ONCE:
            raise Refused(503, "busy")
        times.append(now)
        self.begun[person] = times
        self.going += 1

    def end(self) -> None:
        """Give the place of a check to the next."""
        self.going -= 1


class Checks:
    """The checks of this process."""

    def __init__(self, hub: Hub, dials: Dials, counts: Counter[str]) -> None:
        self.hub, self.dials, self.counts, self.limits = hub, dials, counts, Limits()

    async def serve(self, machine: UUID, scope: Any, receive: Any, send: Any) -> str:
        """Answer one check. Return why it ended, where it was begun."""
        ask = Ask(machine, scope, send)
        try:
            entry = await self._enter(ask, receive)
            self.limits.begin(entry.person.pk)
        except Exception as error:
            return await self._refuse(ask, error)
        try:
            return await self._begin(ask, entry, receive)
        finally:
            self.limits.end()

    async def _begin(self, ask: "Ask", entry: Entry, receive: Any) -> str:
        try:
            subject = await read(check_door.begin, entry, ask.machine, ask.port)
        except Exception as error:
            return await self._refuse(ask, error)
        return await self._carry(ask, entry, subject, receive)

    async def _refuse(self, ask: "Ask", error: Exception) -> str:
        """Answer why not. Of a fault of ours, or a database that is away, the person reads nothing but that."""
        if not isinstance(error, Refused | Refusal):
            seldom.warning(log, "check", "a check could not be begun: %r", error, memory=seldom.OWN)
            error = Refused(503, "failed")
        status, code, sentence = _sentence(error)
        note_refusal(self.counts, status, code)
        await ask.refuse(status, code, sentence)
        return ""

    async def _enter(self, ask: "Ask", receive: Any) -> Entry:
        ticket_entry.check(ask.scope)
        ask.is_of_our_page = True
        await self.hub.take_turn(ask.scope, receive)
        entry: Entry = await read(ticket_entry.enter, ask.scope, check_purpose(ask.machine))
        ask.speak(entry)
        return entry

    async def _carry(self, ask: "Ask", entry: Entry, subject: Subject, receive: Any) -> str:
        """Walk, until that is done, the person leaves, or may no longer know."""
        walking = asyncio.create_task(self._walk(ask, entry, subject))
        losing = asyncio.create_task(_until_lost(entry, subject.machine))
        ended = await until_first(walking, losing, until_left(receive))
        if walking in ended:
            walking.result()
            return "checked"
        if losing not in ended:
            return "left"
        await ask.refuse(403, "forbidden", Note(_WHY["other"]))
        return "rights"

    async def _walk(self, ask: "Ask", entry: Entry, subject: Subject) -> None:
        hops: list[Hop] = []
        now = timezone.now()
        try:
            async with asyncio.timeout(ALL_SECONDS):
                async for hop in Walk(subject, self.dials).hops():
                    hops.append(hop)
                    await ask.tell(hop, subject, now)
        except TimeoutError:
            pass  # the verdict says that it did not come to its end
        except Exception as error:
            seldom.warning(log, "check", "a check could not be done: %r", error, memory=seldom.OWN)
            return await ask.refuse(503, "error", Note(_WHY["failed"]))
        verdict, broken = diagnosis.verdict(subject, hops, entry.address), diagnosis.first_broken(hops)
        name = broken.name if broken else ""
        self.counts[f"checked {name or ('right' if diagnosis.came_to_end(hops) else 'unsure')}"] += 1
        stored = [{"name": hop.name, "ok": hop.ok, "ms": hop.ms, "note": hop.note.as_json()} for hop in hops]
        await _keep(subject, stored, verdict, name, now)
        await ask.end(verdict, name)


async def _keep(subject: Subject, hops: list[Any], verdict: Note, broken: str, now: datetime) -> None:
    """Keep a check for its page. The person who asked reads what was found also where that fails."""
    keep = partial(port_checks.record, broken=broken, seen=subject.right_at, now=now)
    try:
        await read(keep, subject.machine, subject.port, hops, verdict)
    except Exception as error:
        seldom.warning(log, "check kept", "a check could not be kept: %r", error, memory=seldom.OWN)


async def _until_lost(entry: Entry, machine: UUID) -> None:
    """Return when the person may not look at the machine any more. A check is too short to mind a database that does not answer."""
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        try:
            if not await read(check_door.still, entry, machine):
                return
        except Exception:  # noqa: S112
            continue


def _sentence(refusal: Refused | Refusal) -> tuple[int, str, Note]:
    """Return the status, a word for programs, and the sentence."""
    if isinstance(refusal, Refusal):
        return refusal.status, refusal.code, refusal.note
    why = "busy" if refusal.reason in _BUSY else refusal.reason
    return (
        refusal.status,
        refusal.reason,
        Note(_WHY.get(why, _WHY["other"]), {"most": MOST_A_MINUTE} if why == "often" else {}),
    )


class Ask:
    """A request for a check, and the answer to it."""

    def __init__(self, machine: UUID, scope: Any, send: Any) -> None:
        self.machine, self.scope, self._send = machine, scope, send
        request = request_of(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        self._port = query.get("port", [""])[0]
        self.is_lines = LINES in request.headers.get("Accept", "")
        self.leads_back, self.has_ticket = "back" in query, "ticket" in query
        self.language = get_language_from_request(request)
        self.is_begun = False
        self.is_of_our_page = False  # its origin was checked, unless it came by a ticket, as no script does
        self.hops: list[dict[str, Any]] = []

    @property
    def port(self) -> int | None:
        """Return the port of the address; None where it names none. Raises Refused."""
        if not self._port:
            return None
        number = whole_number(self._port)
        if number not in PORTS:
            raise Refused(400, "port")
        return number

    def speak(self, entry: Entry) -> None:
        """Answer in the language that the person has chosen, if any."""
        self.language = language_of(entry, self.scope)

    async def tell(self, hop: Hop, subject: Subject, now: datetime) -> None:
        at = now if hop.ok else subject.right_at.get(hop.name)
        facts = {"name": hop.name, "ok": hop.ok, "ms": hop.ms, "note": self._spoken(hop.note)}
        self.hops.append({**facts, "last_ok_at": at.isoformat() if at else None})
        if self.is_lines:
            await self._line({"hop": self.hops[-1]})

    async def end(self, verdict: Note, broken: str) -> None:
        facts = {"verdict": self._spoken(verdict), "broken": broken or None}
        if self.is_lines:
            await self._line(facts, is_last=True)
        elif self.leads_back:
            await self._lead_back()
        else:
            await self._answer(200, {"hops": self.hops, **facts})

    async def refuse(self, status: int, code: str, note: Note) -> None:
        facts = {"code": code, "detail": self._spoken(note)}
        if self.is_begun:
            await self._line(facts, is_last=True)
        elif self.leads_back:
            await self._begin(status, b"text/plain; charset=utf-8")
            await self._say(facts["detail"] + "\n", is_last=True)
        else:
            await self._answer(status, facts)

    def _spoken(self, note: Note) -> str:
        with override(self.language):
            return str(note)

    async def _answer(self, status: int, facts: dict[str, Any]) -> None:
        more = [(b"retry-after", b"30")] if status in (429, 503) else []
        await self._begin(status, b"application/json", *more)
        await self._say(json.dumps(facts), is_last=True)

    async def _lead_back(self) -> None:
        home = settings.PORTAL_URL if settings.LIVE_URL else ""
        where = f"{home}/machines/{self.machine}/check/" + (f"?port={self.port}" if self.port else "")
        await self._begin(303, b"text/plain", (b"location", where.encode()))
        await self._say("", is_last=True)

    async def _line(self, facts: dict[str, Any], *, is_last: bool = False) -> None:
        if not self.is_begun:
            await self._begin(200, LINES.encode())
        await self._say(json.dumps(facts) + "\n", is_last=is_last)

    async def _begin(self, status: int, kind: bytes, *more: tuple[bytes, bytes]) -> None:
        self.is_begun = True
        kept = [
            (b"cache-control", b"no-store, no-transform"),
            (b"x-accel-buffering", b"no"),
            (b"x-content-type-options", b"nosniff"),
        ]
        readers = sse.for_origin(self.scope) if self.is_of_our_page and not self.has_ticket else []
        headers = [(b"content-type", kind), *kept, (b"connection", b"close"), *more, *readers]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _say(self, text: str, *, is_last: bool) -> None:
        await self._send({"type": "http.response.body", "body": text.encode(), "more_body": not is_last})
