"""Requests for files of machines: each one enters, waits for its turn, and is carried until it is answered, cut, or left."""

import asyncio
import contextlib
import logging
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from typing import Any

from lib import seldom
from machines.guest_files.file_faults import FileFault
from machines.guest_files.part_files import part_of
from portal.live import ticket_entry
from portal.live.admission import until_left
from portal.live.entry import Entry, Refused, address_of
from portal.live.files import file_bodies, file_door
from portal.live.files.file_answers import PREFLIGHT, Answering
from portal.live.files.file_bodies import MOST_PIECE, Body
from portal.live.files.file_door import Asked
from portal.live.files.kept_lines import Line, Lines
from portal.live.files.transfer_turns import Turns
from portal.live.reading import read
from portal.live.refused_entries import note_refusal
from portal.live.sockets import Meter
from portal.live.unread import ABORT

log = logging.getLogger("portal.live")
AT_ONCE, WAITING, MOST = 4, 32, 200  # transfers of a person, and of all
QUICK_AT_ONCE, QUICK_WAITING, MOST_QUICK = 2, 32, 100  # other requests: lists, names
A_SECOND, AT_A_TIME = 30.0, 120.0  # requests of a person
METERS = 1000  # people whose pace is remembered
DRAIN_SECONDS = 3.0
LAST_WORD_SECONDS = 0.2  # in which a request may say why its line ended
LEFT = "left"
ENDS = ("done", LEFT, "rights", "unsure", "restart", "cut", "fault")  # for /metrics


class FileRequests:
    def __init__(self, guests: Any, counts: Counter[str], take_turn: Any) -> None:
        self.lines = Lines(guests)
        self.counts, self.take_turn = counts, take_turn  # see Admission.wait
        self.transfers, self.quick = Turns(AT_ONCE, WAITING, MOST), Turns(QUICK_AT_ONCE, QUICK_WAITING, MOST_QUICK)
        self.is_draining = False
        self._meters: OrderedDict[int, Meter] = OrderedDict()
        self._parts: set[tuple[Any, ...]] = set()  # that are being written
        self._serving: set[asyncio.Future[Any]] = set()

    async def serve(self, scope: Any, receive: Any, send: Any, request_id: str) -> str:
        """Answer a request. Return why it ended, where it was let in and that is no matter of course."""
        answer = Answering(send, request_id)
        try:
            if scope["method"] == "OPTIONS":
                return await self._preflight(scope, answer)
            why = await self._enter(scope, receive, answer)
        except Exception as error:
            why = await self._refused(error, answer)
        if answer.has_begun and not answer.is_complete:
            await _cut_off(scope)
        end = why or "done"
        self.counts[f"files {end if end in ENDS else 'fault'}"] += 1
        return why if answer.is_let_in else ""

    async def _refused(self, error: Exception, answer: Answering) -> str:
        if isinstance(error, Refused):
            note_refusal(self.counts, error.status, error.reason)
            if error.status == 499:
                return LEFT
        elif not hasattr(error, "note"):  # neither a fault of the guest nor a refusal
            seldom.warning(log, "files", "a request for files failed: %r", error, memory=seldom.OWN)
        return await answer.refuse(error)

    async def _preflight(self, scope: Any, answer: Answering) -> str:
        file_door.check_preflight(scope)
        answer.let_page_read(scope)
        await answer.begin(204, *PREFLIGHT)
        await answer.go_on(b"", more=False)
        return ""

    async def _enter(self, scope: Any, receive: Any, answer: Answering) -> str:
        one = file_door.asked(scope)
        answer.is_page = "text/html" in one.headers.get("accept", "")
        ticket_entry.check(scope)
        if "ticket" not in one.query:
            answer.let_page_read(scope)
        if self.is_draining:
            raise Refused(503, "draining")
        await self.take_turn(address_of(scope), _never if one.method == "PUT" else receive)
        entry, answer.language = await read(file_door.enter, scope, one)
        if self._meter(entry).is_beyond():
            raise Refused(429, "flood")
        if self.is_draining:  # by now
            raise Refused(503, "draining")
        answer.is_let_in = True
        return await self._while_there(self._carry(one, entry, receive, answer), one, receive, answer)

    def _meter(self, entry: Entry) -> Meter:
        meter = self._meters.pop(entry.person.pk, None) or Meter(A_SECOND, AT_A_TIME)
        self._meters[entry.person.pk] = meter
        if len(self._meters) > METERS:
            self._meters.popitem(last=False)
        return meter

    async def _while_there(self, work: Any, one: Asked, receive: Any, answer: Answering) -> str:
        """Carry a request, and drop it when who reads the answer leaves. What writes goes on: half a deletion is worse."""
        task = asyncio.ensure_future(work)
        self._serving.add(task)
        leaving = asyncio.ensure_future(until_left(receive)) if one.method == "GET" else None
        try:
            await asyncio.wait([task, *([leaving] if leaving else [])], return_when=asyncio.FIRST_COMPLETED)
            is_answered = task.done() or answer.is_complete  # then uvicorn says that the reader has gone
            return await task if is_answered else LEFT
        finally:
            self._serving.discard(task)
            for other in (task, leaving):
                if other:
                    other.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _carry(self, one: Asked, entry: Entry, receive: Any, answer: Answering) -> str:
        """Answer over a line to the machine, for as long as that is not cut."""
        async with self.lines.line(entry, one.machine) as line:
            work = asyncio.ensure_future(self._answer(one, entry, line, receive, answer))
            cut = asyncio.ensure_future(line.ended.wait())
            try:
                await asyncio.wait([work, cut], return_when=asyncio.FIRST_COMPLETED)
                if not line.why:
                    await asyncio.wait([work], timeout=LAST_WORD_SECONDS)
                return _result(work, line)
            finally:
                cut.cancel()
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    async def _answer(self, one: Asked, entry: Entry, line: Line, receive: Any, answer: Answering) -> None:
        person = entry.person.pk
        if one.method == "PUT":
            async with self.transfers.turn(person):
                return await self._put(one, line, receive, answer)
        path: bytes | None = None
        async with self.quick.turn(person), line.session() as session:
            if one.method == "GET":
                path = await file_bodies.look(session, one, answer)
            else:
                await (file_bodies.post if one.method == "POST" else file_bodies.delete)(session, one, answer)
        if path is not None:
            async with self.transfers.turn(person), line.session() as session:
                await file_bodies.send(session, one, path, answer)

    async def _put(self, one: Asked, line: Line, receive: Any, answer: Answering) -> None:
        piece = file_door.piece_of(one)
        if piece.end - piece.start > MOST_PIECE:
            raise FileFault("too_large", most=MOST_PIECE // 1024**2)
        async with line.session() as session:
            part = one.machine, part_of(file_bodies.path_of(session, one), piece.total)
            async with self._alone(part):
                await file_bodies.put(session, one, piece, Body(receive), answer)

    @contextlib.asynccontextmanager
    async def _alone(self, part: tuple[Any, ...]) -> AsyncIterator[None]:
        """Let nobody else write the same part meanwhile. Raises FileFault."""
        if part in self._parts:
            raise FileFault("busy")
        self._parts.add(part)
        try:
            yield
        finally:
            self._parts.discard(part)

    async def drain(self) -> None:
        """Take nothing new, give what runs some seconds, and cut the rest: uploads go on later where they were."""
        self.is_draining = True
        if self._serving:
            await asyncio.wait(self._serving, timeout=DRAIN_SECONDS)
        await self.lines.close("restart")


def _result(work: "asyncio.Future[None]", line: Line) -> str:
    """Return '' where a request was answered. Raises what went wrong, or why its line was cut."""
    if work.done() and not work.cancelled() and work.exception() is None:
        return ""
    if line.why:
        raise Refused(403 if line.why == "rights" else 503, line.why)
    if not work.done():
        raise FileFault("cut")
    work.result()
    return ""


async def _cut_off(scope: Any) -> None:
    """End a connection in the middle of an answer, so that nobody takes it for whole."""
    scope["state"][ABORT]()
    await asyncio.sleep(0)  # then uvicorn knows


async def _never() -> Any:
    """Stand for `receive` while a body is not to be read yet."""
    await asyncio.Event().wait()
