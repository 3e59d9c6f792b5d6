"""`python -m tests.guests.flood FOLDER HOST USER FIRST_PORT`, in the network of the agent: 2,000 visitors at eight ports, one at a ninth.

Everything of the agent's computer is here: a stand-in for the portal, the agent itself, and a service. Prints what became of the visitors as
a line of JSON, and keeps the connections until its input ends.
"""

import asyncio
import contextlib
import json
import resource
import sys
import uuid
from pathlib import Path

from tests.tunnels.agent_stage import Program
from tests.tunnels.agents_portal import FakePortal
from tests.waiting import until

PORTS, VISITORS = 8, 2000
AT_ONCE = 100  # handshakes; the connections all stay
PATIENCE_SECONDS = 120
Visit = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def main(folder: Path, host: str, user: str, first: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    service = await asyncio.start_server(_echo, "127.0.0.1", 0)
    host_key = (folder / "host_key.pub").read_text()
    portal = FakePortal({"ssh_host": host, "ssh_port": 22, "user": user, "host_key": host_key, "bind_address": ""})
    target = service.sockets[0].getsockname()[1]
    keys = [portal.wish(first + number, target, key=str(uuid.uuid4())) for number in range(PORTS + 1)]
    (folder / "token").write_text("sesame\n")
    files = ["--token-file", str(folder / "token"), "--key-file", str(folder / "agent_key")]
    agent = Program([sys.executable, "-m", "tunnels.agent", "--portal", portal.url, *files], folder / "agent.log")
    try:
        await asyncio.to_thread(until, lambda: portal.is_open(*keys), PATIENCE_SECONDS)
        print(json.dumps(await _flood(host, first)), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    finally:
        agent.kill()


async def _flood(host: str, first: int) -> dict[str, object]:
    before = await _visit(host, first + PORTS)
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Visit | None:
        async with turn:
            return await _visit(host, first + number % PORTS)

    visits = [visit for visit in await asyncio.gather(*map(one, range(VISITORS))) if visit]
    new = await _visit(host, first + PORTS)
    return {
        "answered": len([visit for visit in visits if await _answers(visit)]),
        "the ninth's old visitor": await _answers(before),
        "the ninth's new visitor": await _answers(new),
    }


async def _visit(host: str, port: int) -> Visit | None:
    """A connection through which an answer has come."""
    with contextlib.suppress(OSError, TimeoutError):
        visit = await asyncio.wait_for(asyncio.open_connection(host, port), PATIENCE_SECONDS)
        return visit if await _answers(visit) else None
    return None


async def _answers(visit: Visit | None) -> bool:
    with contextlib.suppress(OSError, TimeoutError):
        if visit:
            visit[1].write(b"x")
            return await asyncio.wait_for(visit[0].read(1), PATIENCE_SECONDS) == b"x"
    return False


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
