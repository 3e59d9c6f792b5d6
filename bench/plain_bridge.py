"""`python -m bench.plain_bridge --port N --guest PORT --key FILE`: the least that carries a terminal from a websocket to SSH and back.

One SSH connection for each websocket, on uvicorn and asyncssh as the live process has them, and nothing else: no rights, no ring, no
limits, no acknowledgements. bench.terminals measures beside it, so that what an echo costs can be compared between computers.
"""

import argparse
import asyncio
import contextlib
from typing import Any

import asyncssh
import uvicorn


class Bridge:
    """The ASGI application. `guest`: the port of the sshd."""

    def __init__(self, guest: int, key: asyncssh.SSHKey) -> None:
        self.guest, self.key = guest, key

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        connection = await asyncssh.connect(
            "127.0.0.1", self.guest, username="student", client_keys=[self.key], known_hosts=None, config=None, agent_path=None
        )  # fmt: skip
        async with connection:
            shell = await connection.create_process(request_pty=True, term_type="xterm", encoding=None)
            output = asyncio.create_task(self._forward(shell, send))
            while (frame := await receive())["type"] == "websocket.receive":
                shell.stdin.write(frame["bytes"])
            output.cancel()

    async def _forward(self, shell: Any, send: Any) -> None:
        while output := await shell.stdout.read(65536):
            await send({"type": "websocket.send", "bytes": output})


def main() -> None:
    parser = argparse.ArgumentParser(description="The least bridge of bench.terminals.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--guest", type=int, required=True)
    parser.add_argument("--key", required=True)
    wanted = parser.parse_args()
    bridge: Any = Bridge(wanted.guest, asyncssh.read_private_key(wanted.key))
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.run(
            bridge, host="127.0.0.1", port=wanted.port, lifespan="off", ws="websockets-sansio",
            ws_per_message_deflate=False, log_level="warning", access_log=False,
        )  # fmt: skip


if __name__ == "__main__":
    main()
