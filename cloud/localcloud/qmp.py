"""Talk to QEMU over its control socket: one connection per conversation, since QEMU serves one client at a time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ANSWER_SECONDS = 10.0  # for one command; long work (migration) is polled


class QmpFailed(Exception):
    """QEMU refused, or is not there."""


class Conversation:
    """Commands on one connection, one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def execute(self, command: str, **arguments: Any) -> Any:
        """Run a command. Return the answer's `return`. Raises QmpFailed."""
        self._writer.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._answer()
        except (OSError, TimeoutError, ValueError) as error:
            raise QmpFailed(f"QEMU did not answer {command}: {error!r}") from error

    async def monitor(self, line: str) -> str:
        """Run a line of the human monitor, for what QMP has no command for."""
        text: str = await self.execute("human-monitor-command", **{"command-line": line})
        return text

    async def _answer(self) -> Any:
        while line := await self._reader.readline():
            message = json.loads(line)
            if "error" in message:
                raise QmpFailed(message["error"]["desc"])
            if "return" in message:
                return message["return"]
        raise QmpFailed("QEMU closed its control socket.")


@asynccontextmanager
async def talk(path: Path) -> AsyncIterator[Conversation]:
    """Open a conversation with QEMU. Raises QmpFailed where nobody answers."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path, limit=2**22)
            await reader.readline()  # the greeting comes once QEMU has time for us
    except (OSError, TimeoutError) as error:
        raise QmpFailed(f"QEMU is not there: {error!r}") from error
    try:
        conversation = Conversation(reader, writer)
        await conversation.execute("qmp_capabilities")
        yield conversation
    finally:
        writer.close()
