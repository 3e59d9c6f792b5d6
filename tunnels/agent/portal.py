"""Speaking with the portal: asking what is wanted, telling what is. While it is away the ports stay as they are."""

import asyncio
import logging
import time
import uuid
from typing import Any, NoReturn

import httpx

from tunnels.agent.forward import Forward
from tunnels.agent.hold import Answer, Unanswered
from tunnels.agent.link import FIRST_PAUSE, LONGEST_PAUSE, Link, jitter
from tunnels.agent.wishes import Wishes

log = logging.getLogger("agent")
HOLD_SECONDS = 25  # how long the portal may hold our question
TELL_SECONDS = 10.0  # between two whole reports, with the counts
GATHER_SECONDS = 0.1  # changes within it go in one report
Counted = tuple[int, int, int, int]
NOTHING: Counted = (0, 0, 0, 0)


class Portal:
    """The portal as one agent sees it."""

    def __init__(self, url: str, token: str, link: Link) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(
            base_url=url.rstrip("/") + "/agent/v1/", headers=headers, timeout=10, trust_env=False
        )
        self.link = link
        self.boot = uuid.uuid4().hex
        self.seq = 0
        self.told: dict[str, tuple[Any, ...]] = {}  # what the portal knows of each port
        self.told_revision = -1
        self.told_error: str | None = None  # what the portal knows of the connection to the gateway
        self.whole_at = 0.0  # time.monotonic() of the last whole report
        self.unheard: dict[str, Counted] | None = None  # counts on their way; said again under the same number
        self.unheard_mishaps: dict[str, int] = {}  # likewise

    async def ask_for_ever(self) -> NoReturn:
        """Hear each new wish and follow it."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self.ask()
                pause = FIRST_PAUSE
            except Exception as error:  # whatever an answer brings about: the next one may be better
                await _rest("asking", error, pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def ask(self, hold: int = HOLD_SECONDS) -> None:
        """One question, held by the portal until there is something new. Raises httpx.HTTPError, ValueError…"""
        began = time.monotonic()
        # An agent that does not say that it can hold visitors is not told of ports that are to be held.
        query = {"revision": self.link.applied, "wait": hold, "holds": 1}
        answer = (await self.http.get("wanted", params=query, timeout=hold + 10)).raise_for_status()
        wishes = Wishes.read(answer.json())
        if wishes.revision != self.link.applied:
            await self.link.follow(wishes)
        elif time.monotonic() - began < 0.5:  # something between us answers at once: do not spin
            await asyncio.sleep(1)

    async def tell_for_ever(self) -> NoReturn:
        """Report changes at once and counts now and then."""
        pause = FIRST_PAUSE
        while True:
            try:
                async with asyncio.timeout(max(0.0, self.whole_at + TELL_SECONDS - time.monotonic())):
                    await self.link.changed.wait()
                await asyncio.sleep(GATHER_SECONDS)
            except TimeoutError:
                pass
            self.link.changed.clear()
            try:
                await self.tell()
                pause = FIRST_PAUSE
            except Exception as error:
                self.link.changed.set()
                await _rest("telling", error, pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def tell(self) -> None:
        """Tell what the portal does not know yet. Raises httpx.HTTPError; nothing is lost then."""
        link = self.link
        if link.applied < 0:
            return
        whole = link.applied != self.told_revision or time.monotonic() - self.whole_at >= TELL_SECONDS
        all_of = {**link.ended, **link.forwards}
        facts = {key: self._facts(forward) for key, forward in all_of.items()}
        about = [key for key in all_of if whole or facts[key] != self.told.get(key)]
        error = link.error
        if not about and not whole and self.unheard is None and error == self.told_error:
            return
        if self.unheard is None:
            self.seq += 1
            self.unheard = {key: _take(all_of[key]) for key in about}
            self.unheard_mishaps = link.house.mishaps.take()
        lines = {key: self._line(all_of[key], self.unheard.get(key, NOTHING)) for key in about if key in all_of}
        for key in self.unheard.keys() - lines.keys() & all_of.keys():
            lines[key] = self._line(all_of[key], self.unheard[key])
        about_itself = {"boot": self.boot, "seq": self.seq, "revision": link.applied, "whole": whole}
        report = {**about_itself, "tunnels": lines, "link_error": error, "mishaps": self.unheard_mishaps}
        revision, ended = link.applied, [key for key in about if key in link.ended]
        (await self.http.post("report", json=report)).raise_for_status()
        self.unheard, self.told_error = None, error
        self.told = {key: facts[key] for key in link.forwards if key in about} | {
            key: known for key, known in self.told.items() if key in link.forwards and key not in about
        }
        for key in ended:
            link.ended.pop(key, None)
        if whole:
            self.told_revision, self.whole_at = revision, time.monotonic()

    async def knock(self, tunnel: str, address: str) -> Answer:
        """Somebody who may waits at the port of a machine that sleeps. Raises Unanswered."""
        try:
            reply = await self.http.post("knock", json={"tunnel": tunnel, "address": address})
            told = reply.raise_for_status().json()
            return Answer(told["wakes"] is True, time.monotonic() + float(told["seconds"]), str(told["words"]))
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("knocking at the portal: %s", str(error) or type(error).__name__)
            raise Unanswered from error

    def _facts(self, forward: Forward) -> tuple[Any, ...]:
        state = "closed" if forward.wish.id not in self.link.forwards else forward.told
        error = self.link.error if state == "opening" else ""
        # A port's line has always had three reasons; an older portal knows no fourth.
        error = "unreachable" if error in (None, "unknown_name") else error
        return state, error, forward.wish.since, forward.answered

    def _line(self, forward: Forward, counted: Counted) -> dict[str, Any]:
        state, error, since, answered = self._facts(forward)
        return {
            "state": state,
            "error": error,
            "since": since,
            "answered": answered,
            "connections": len(forward.pairs),
            "bytes_in": counted[0],
            "bytes_out": counted[1],
            "refused": counted[2],
            "bytes_used": counted[3],
            "last_byte_at": int(forward.counts.last_byte_at) or None,
        }


def _take(forward: Forward) -> Counted:
    """The counts since the last report, set back to zero."""
    counts = forward.counts
    taken = counts.bytes_in, counts.bytes_out, counts.refused, counts.bytes_used
    counts.bytes_in = counts.bytes_out = counts.refused = counts.bytes_used = 0
    return taken


async def _rest(doing: str, error: Exception, pause: float) -> None:
    """Say what went wrong and wait; a wrong token is not mended by asking soon."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (401, 403):
        log.error("the portal does not know this agent's token: put the right one into the token file and start again")
        pause = LONGEST_PAUSE
    else:
        is_ours = not isinstance(error, httpx.HTTPError | ValueError)
        log.warning("%s the portal: %s", doing, str(error) or type(error).__name__, exc_info=error if is_ours else None)
    await asyncio.sleep(jitter(pause))
