"""Ask the portal what is wanted, and report what is. While the portal is away the ports stay as they are."""

import asyncio
import logging
import ssl
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NoReturn

import httpx

from tunnels.agent.dialing import Dialer
from tunnels.agent.forward import Forward
from tunnels.agent.link import FIRST_PAUSE, LONGEST_PAUSE, Link, jitter
from tunnels.agent.protocol import Counted, Facts, Knock, KnockAnswer, Report, TunnelReport
from tunnels.agent.waiting import Answer
from tunnels.agent.wishes import Wishes

log = logging.getLogger("agent")
HOLD_SECONDS = 25  # how long the portal may hold our question
REPORT_SECONDS = 10.0  # between two whole reports, with the counts
GATHER_SECONDS = 0.1  # changes within it go in one report
NOTHING: Counted = (0, 0, 0, 0)


@dataclass
class Pending:
    """Counts on their way to the portal. Until it acknowledges them they are sent again, under the same number."""

    seq: int
    counts: dict[str, Counted]  # of each port
    mishaps: dict[str, int]


@dataclass
class Known:
    """Facts that the portal knows already."""

    revision: int = -1
    facts: dict[str, Facts] = field(default_factory=dict)  # of each port
    error: str | None = None  # of the connection to the gateway
    whole_at: float = 0.0  # time.monotonic() of the last whole report


class PortalClient:
    """The portal as one agent sees it."""

    def __init__(self, url: str, token: str, link: Link, dialer: Dialer | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        # The computer's own list of authorities, to which an organisation adds its own; httpx would bring another.
        self.http = httpx.AsyncClient(
            base_url=url.rstrip("/") + "/agent/v1/",
            headers=headers,
            timeout=10,
            trust_env=False,
            verify=ssl.create_default_context(),
        )
        self.link, self.dialer = link, dialer
        link.limits.knock = self.knock
        self.boot = uuid.uuid4().hex
        self.seq = 0
        self.known = Known()
        self.pending: Pending | None = None

    async def ask_for_ever(self) -> NoReturn:
        """Hear each new wish and follow it."""
        await _repeat("asking", self.ask)

    async def report_for_ever(self) -> NoReturn:
        """Report changes at once and counts now and then."""
        await _repeat("telling", self._report_when_due)

    async def ask(self, hold: int = HOLD_SECONDS) -> None:
        """Ask once, and wait while the portal has nothing new. Raises httpx.HTTPError, ValueError…"""
        began = time.monotonic()
        # An agent that does not say that it can hold visitors is not told of ports that are to be held.
        query = {"revision": str(self.link.applied), "wait": str(hold), "holds": "1"}
        if self.dialer:
            query["dials"] = ",".join(map(str, self.dialer.known()))
        answer = (await self.http.get("wanted", params=query, timeout=hold + 10)).raise_for_status()
        wishes = Wishes.read(answer.json())
        known = self.link.applied
        if wishes.revision != known:
            await self.link.follow(wishes)
        if self.dialer and self.dialer.follow(wishes.dials):
            return
        is_quick = time.monotonic() - began < 0.5
        if wishes.revision == known and is_quick:  # something between us answers at once: do not spin
            await asyncio.sleep(1)

    async def _report_when_due(self) -> None:
        try:
            async with asyncio.timeout(max(0.0, self.known.whole_at + REPORT_SECONDS - time.monotonic())):
                await self.link.changed.wait()
            await asyncio.sleep(GATHER_SECONDS)
        except TimeoutError:
            pass
        self.link.changed.clear()
        try:
            await self.report()
        except Exception:
            self.link.changed.set()
            raise

    async def report(self) -> None:
        """Report what the portal does not know yet. Raises httpx.HTTPError; nothing is lost then."""
        if report := self._collect():
            (await self.http.post("report", json=report.as_json())).raise_for_status()
            self._commit(report)

    async def knock(self, tunnel: str, address: str) -> Answer | None:
        """Tell the portal of a visitor at the port of a machine that sleeps. None while the portal is away."""
        try:
            reply = await self.http.post("knock", json=Knock(tunnel, address).as_json())
            answer = KnockAnswer.read(reply.raise_for_status().json())
            return Answer(answer.wakes, time.monotonic() + answer.seconds, answer.words, answer.home)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("knocking at the portal: %s", str(error) or type(error).__name__)
            return None

    def _collect(self) -> Report | None:
        """Return what the portal does not know yet; None when it knows all. Takes the counts, unless some are on their way."""
        link, known = self.link, self.known
        if link.applied < 0:
            return None
        whole = link.applied != known.revision or time.monotonic() - known.whole_at >= REPORT_SECONDS
        forwards = {**link.ended, **link.forwards}
        facts = {key: self._facts(forward) for key, forward in forwards.items()}
        news = {key: said for key, said in facts.items() if whole or said != known.facts.get(key)}
        if not (news or whole or self.pending or link.error != known.error):
            return None
        if self.pending is None:
            self.seq += 1
            counts = {key: forwards[key].counts.take() for key in news}
            self.pending = Pending(self.seq, counts, link.limits.mishaps.take())
        pending = self.pending
        lines = {
            key: _line(forwards[key], facts[key], pending.counts.get(key, NOTHING))
            for key in {**news, **pending.counts}
            if key in forwards
        }
        return Report(self.boot, pending.seq, link.applied, whole, lines, link.error, pending.mishaps)

    def _commit(self, sent: Report) -> None:
        """Remember what the portal knows now. Ports may have come and gone while the report was on its way."""
        self.pending = None
        self.known.error = sent.link_error
        facts = {**self.known.facts, **{key: line.facts for key, line in sent.tunnels.items()}}
        self.known.facts = {key: facts[key] for key in self.link.forwards if key in facts}
        for key, line in sent.tunnels.items():
            if line.state == "closed":
                self.link.ended.pop(key, None)
        if sent.whole:
            self.known.revision, self.known.whole_at = sent.revision, time.monotonic()

    def _facts(self, forward: Forward) -> Facts:
        state = "closed" if forward.wish.id not in self.link.forwards else forward.reported_state
        error = self.link.error if state == "opening" else ""
        # An older portal knows only the reasons unreachable, host_key and denied.
        error = "unreachable" if error in (None, "unknown_name") else error
        return state, error, forward.wish.since, forward.answered


def _line(forward: Forward, facts: Facts, counted: Counted) -> TunnelReport:
    return TunnelReport(*facts, len(forward.streams), *counted, int(forward.counts.last_byte_at) or None)


async def _repeat(doing: str, turn: Callable[[], Awaitable[None]]) -> NoReturn:
    """Take turns for ever, with pauses after those that fail: the next may succeed, whatever an answer brought about."""
    pause = FIRST_PAUSE
    while True:
        try:
            await turn()
            pause = FIRST_PAUSE
        except Exception as error:
            await _rest(doing, error, pause)
            pause = min(pause * 2, LONGEST_PAUSE)


async def _rest(doing: str, error: Exception, pause: float) -> None:
    """Say what went wrong and wait; a wrong token is not mended by asking soon."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (401, 403):
        log.error("the portal does not know this agent's token: put the right one into the token file and start again")
        pause = LONGEST_PAUSE
    else:
        is_ours = not isinstance(error, httpx.HTTPError | ValueError)
        log.warning("%s the portal: %s", doing, str(error) or type(error).__name__, exc_info=error if is_ours else None)
    await asyncio.sleep(jitter(pause))
