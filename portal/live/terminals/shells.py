"""Shells in machines: a terminal of its own on a signed-in connection, in tmux where the guest has it."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import asyncssh

KIND = "xterm-256color"
# Bytes that a guest may send unasked. With asyncssh's two megabytes, twenty floods would keep forty here.
WINDOW, PACKET = 128 * 1024, 32 * 1024
LOOK_SECONDS = 5.0
TMUX = "tmux -u -L minga"  # a server of its own: the person's own tmux stays as it is
# The wheel scrolls, programs cannot write the clipboard, ESC comes at once. -D: a viewer of before, cut off, sets no size any more.
OPTIONS = r"set -g status off \; set -g mouse on \; set -s set-clipboard off \; set -s escape-time 20"


class Shell(asyncssh.SSHClientSession[bytes]):
    """The callbacks of a terminal's channel. `printed` gets its output, `over` is called with whether the shell has ended by itself."""

    def __init__(self, printed: Callable[[bytes], Any], over: Callable[[bool], Any]) -> None:
        self._printed, self._over = printed, over
        self._has_exited = False

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._printed(data)

    def exit_status_received(self, status: int) -> None:
        self._has_exited = True

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self._has_exited = True

    def connection_lost(self, exc: Exception | None) -> None:
        self._over(self._has_exited)


Channel = asyncssh.SSHClientChannel[bytes]


async def has_tmux(connection: asyncssh.SSHClientConnection) -> bool:
    """Say whether the guest has tmux. One that does not answer has none."""
    with contextlib.suppress(asyncssh.Error, TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            return (await connection.run("command -v tmux", request_pty=False, stdin=asyncssh.DEVNULL)).exit_status == 0
    return False


async def start(
    connection: asyncssh.SSHClientConnection, shell: Shell, *, name: str, size: tuple[int, int], in_tmux: bool
) -> Channel:
    """Start a shell, or come back to the one of this name in tmux. Raises asyncssh.Error."""
    command = f"exec {TMUX} new-session -A -D -s {name} \\; {OPTIONS}" if in_tmux else None
    channel, _session = await connection.create_session(
        lambda: shell, command, request_pty=True, term_type=KIND, term_size=size, encoding=None, window=WINDOW, max_pktsize=PACKET
    )  # fmt: skip
    return channel


async def kill(connection: asyncssh.SSHClientConnection, name: str) -> None:
    """End the shell of this name in tmux."""
    with contextlib.suppress(asyncssh.Error, TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            await connection.run(f"{TMUX} kill-session -t ={name}", request_pty=False, stdin=asyncssh.DEVNULL)
