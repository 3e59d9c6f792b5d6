"""Walk the way to a port: what goes side by side does, and each hop is given as soon as it is known."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from portal.live.checks import check_door, hop_trials
from portal.live.checks import hop_diagnosis as diagnosis
from portal.live.checks.check_door import Gate, Subject
from portal.live.checks.hop_diagnosis import UNTRIED, Hop, Tried
from portal.live.dials import Dials
from portal.live.reading import read
from tunnels.agent.protocol import SSH_PORT
from tunnels.models import Dial

AGENT_SECONDS = 6.0  # from asking for a connection until the agent has said how it went; the target has two of them
SECOND_SECONDS = 4.0  # for the same about another port of the machine
MOST_MS = 60_000.0
_AGENT_FAULTS = {
    "too_many": "agent_full",
    "not_ours": "agent_behind",
    "agent_away": "agent_away",
    "live_away": "agent_away",
}


@dataclass(frozen=True, slots=True)
class Said:
    """The end of a dial. `target`: how the agent fared at the machine's port.

    expects: True where a trial visit would be answered now, False where the port is not open there, None of an older agent, or none.
    """

    agent: Tried
    target: Tried = UNTRIED
    expects: bool | None = None


class Walk:
    """A check. `hops()` may be left at any time: nothing goes on then."""

    def __init__(self, subject: Subject, dials: Dials) -> None:
        self.subject, self.dials = subject, dials

    async def hops(self) -> AsyncIterator[Hop]:
        self.said: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        gate = self.subject.gate
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self._through())]
        try:
            if gate:
                visit = asyncio.create_task(self._visit(gate))
                tasks.append(visit)
                async for hop in self._outside(gate, visit):
                    yield hop
            async for hop in self._inside(tasks[0]):
                yield hop
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _outside(self, gate: Gate, visit: "asyncio.Task[Any]") -> AsyncIterator[Hop]:
        name, visited, echo, vps = await visit
        if not hop_trials.is_literal(gate.host):
            yield diagnosis.name_hop(gate, name)
        agent = (await asyncio.shield(self.said)).agent
        for hop in diagnosis.port_and_tunnel(self.subject, gate, visited, echo, agent, vps=vps):
            yield hop

    async def _inside(self, through: "asyncio.Task[Tried]") -> AsyncIterator[Hop]:
        said = await asyncio.shield(self.said)
        if self.subject.direct is None:
            yield diagnosis.agent_hop(self.subject, said.agent)
        is_silent = said.target.fault == "no_answer" and self.subject.port != SSH_PORT
        other_port = is_silent and self.subject.direct is None and await self._answers_at_ssh()
        guest = diagnosis.guest_hop(self.subject, said.target, other_port=other_port)
        yield guest
        yield diagnosis.service_hop(self.subject, guest, said.target, await through)

    # ---- from inside: the agent, the machine, its service ----

    async def _through(self) -> Tried:
        """Connect as visitors are connected in the end, and hear what the service says."""
        try:
            if self.subject.direct:
                async with hop_trials.straight(self.subject.direct) as (target, sock):
                    self.said.set_result(Said(UNTRIED, target))
                    return await hop_trials.greeting(sock, self.subject.scheme) if sock else UNTRIED
            if self.subject.dial is None:
                self.said.set_result(
                    Said(UNTRIED if self.subject.rest or self.subject.is_shut else Tried("agent_away"))
                )
                return UNTRIED
            async with self._dialed(self.subject.dial, AGENT_SECONDS) as (said, sock):
                self.said.set_result(said)
                return UNTRIED if said.target.fault else await hop_trials.greeting(sock, self.subject.scheme)
        except Exception as error:
            if not self.said.done():
                self.said.set_exception(error)
            raise

    @contextlib.asynccontextmanager
    async def _dialed(self, dial: Dial, seconds: float) -> AsyncIterator[tuple[Said, Any]]:
        began = monotonic()
        async with self.dials.paired(dial.key) as (side, sock, _cut):
            try:
                async with asyncio.timeout(seconds):
                    fault = await side.first
            except TimeoutError:
                fault = "agent_away"
            yield _said(fault, side.opening, 1000 * (monotonic() - began)), sock

    async def _answers_at_ssh(self) -> bool:
        """Say whether anything in the machine answers, be it that nothing listens."""
        dial = await read(check_door.ask_ssh, self.subject.machine)
        if dial is None:
            return False
        async with self._dialed(dial, SECOND_SECONDS) as (said, _sock):
            return not said.agent.fault and said.target.fault in ("", "refused")

    # ---- from outside: the name, the public port, the tunnel ----

    async def _visit(self, gate: Gate) -> tuple[Tried, Tried, Tried, bool | None]:
        """Return how the name, the port and the trial went, and whether the gateway's own SSH answers where the port did not."""
        name, found = await hop_trials.look_up(gate.host, gate.port)
        said = await asyncio.shield(self.said)
        is_closed = self.subject.rest or self.subject.is_shut
        if name.fault or is_closed:
            return name, UNTRIED, UNTRIED, False
        if said.expects is False:
            return name, diagnosis.CLOSED, UNTRIED, await hop_trials.has_ssh(gate.ssh)
        if said.expects is None and said.agent.fault != "agent_away":  # it would take us for a visitor
            return name, UNTRIED, UNTRIED, gate.state != "open" and await hop_trials.has_ssh(gate.ssh)
        async with hop_trials.visiting(found) as (visit, sock):
            if sock is None:
                return name, visit, UNTRIED, await hop_trials.has_ssh(gate.ssh)
            dial = self.subject.dial
            echo = await hop_trials.echo(sock, dial.trial_word) if said.expects and dial else UNTRIED
            return name, visit, echo, True


def _said(fault: str, frame: str | bytes, ms: float) -> Said:
    """Read the agent's first frame; what it says beside the fault is believed only as far as it can be true."""
    if fault in _AGENT_FAULTS:
        facts = _facts(frame)
        return Said(Tried(_AGENT_FAULTS[fault]), expects=_truth(facts.get("trial")))
    facts = _facts(frame)
    took = facts.get("ms")
    took = float(took) if isinstance(took, int | float) and 0 <= took <= min(ms, MOST_MS) else None
    return Said(Tried("", round(ms - (took or 0), 1)), Tried(fault, took), _truth(facts.get("trial")))


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _facts(frame: str | bytes) -> dict[str, Any]:
    try:
        facts = json.loads(frame)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
