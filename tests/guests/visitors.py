"""Visitors of a guest by way of the agent: owner and strangers, all from one address."""

import asyncio
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from tests.installation.network import inside

PATIENCE_SECONDS = 90  # fifty sign-ins at once on a busy computer
REFUSED = (asyncssh.Error, OSError)


@dataclass(frozen=True)
class Visitors:
    namespace: Path
    address: str
    host: str
    login: str
    key: asyncssh.SSHKey

    async def owner_gets_in(self) -> bool:
        """Return whether the owner's key signs in, up to the answer of a command."""
        try:
            async with await self._connect(client_keys=[self.key]) as ssh:
                return bool((await ssh.run("echo in", timeout=PATIENCE_SECONDS)).stdout == "in\n")
        except REFUSED:
            return False

    async def owners_get_in(self, number: int) -> int:
        """Count those who get in, of so many who knock at the same moment."""
        return sum(await asyncio.gather(*(self.owner_gets_in() for _one in range(number))))

    async def strangers_guess(self, number: int) -> None:
        """Connect with a wrong password so many times. All at once: sshd forgives five seconds in five seconds."""
        await asyncio.gather(*(self._stranger_guesses() for _one in range(number)))

    async def _stranger_guesses(self) -> None:
        try:
            ssh = await self._connect(password="123456", client_keys=None, preferred_auth="password")
        except REFUSED:
            return
        ssh.close()
        raise AssertionError("a guessed password was right")

    async def _connect(self, **how: Any) -> asyncssh.SSHClientConnection:
        door = await asyncio.to_thread(inside, self.namespace, socket.socket)
        try:
            door.setblocking(False)
            door.bind((self.address, 0))
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(door, (self.host, 22)), PATIENCE_SECONDS)
        except OSError:  # a firewall, too
            door.close()
            raise
        return await asyncssh.connect(
            sock=door,
            username=self.login,
            known_hosts=None,
            config=None,
            agent_path=None,
            login_timeout=PATIENCE_SECONDS,
            **how,
        )
