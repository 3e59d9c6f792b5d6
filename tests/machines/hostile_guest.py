"""An SSH server that lets everybody in and answers whatever it likes, as a student may run one in their machine."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncssh

HERE = "127.0.0.1"
Answer = Callable[[asyncssh.SSHServerProcess[bytes]], Awaitable[None]]


class LetsIn(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return False


@contextlib.contextmanager
def hostile(answer: Answer, host_key: asyncssh.SSHKey | None = None, **options: Any) -> Iterator[int]:
    """Start one that answers each session in bytes; return its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncssh.SSHAcceptor:
        key = host_key or asyncssh.generate_private_key("ssh-ed25519")
        facts: dict[str, Any] = {
            "server_host_keys": [key],
            "server_factory": LetsIn,
            "process_factory": _guarded(answer),
        }
        return await asyncssh.listen(HERE, 0, encoding=None, **facts, **options)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield server.get_port()
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _guarded(answer: Answer) -> Answer:
    async def process(session: asyncssh.SSHServerProcess[bytes]) -> None:
        with contextlib.suppress(OSError, asyncssh.Error):
            await answer(session)
            session.exit(0)

    return process


async def _end(server: asyncssh.SSHAcceptor) -> None:
    server.close()
    mine = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in mine:
        task.cancel()
    await asyncio.gather(*mine, return_exceptions=True)
