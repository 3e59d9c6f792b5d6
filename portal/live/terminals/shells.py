"""Shells in machines: a terminal of its own on a signed-in connection, in tmux where the guest has it."""

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import Any

import asyncssh

from lib.small_waits import SmallEvent

KIND = "xterm-256color"
# Bytes that a guest may send unasked. With asyncssh's two megabytes, twenty floods would keep forty here.
WINDOW, PACKET = 128 * 1024, 32 * 1024
SAID = 4096
LOOK_SECONDS = 5.0
START_SECONDS = 10.0
KILL_TRIES, KILL_PAUSE, UNKNOWN = 10, 0.2, 1  # seconds between them; tmux's status where it has no such session
TMUX = "tmux -u -L minga"  # a server of its own: the person's own tmux stays as it is
# The wheel scrolls, programs cannot write the clipboard, ESC comes at once. -D: a viewer of before, cut off, sets no size any more.
OPTIONS = r"set -g status off \; set -g mouse on \; set -s set-clipboard off \; set -s escape-time 20"

ID = re.compile(rb"[0-9a-f]{8}")


class _Pieces(list[tuple[bytearray, Any]]):
    """Output that waits in a paused channel, of any kind, as few pieces: asyncssh's list of a window of single bytes took seconds to be emptied."""

    __slots__ = ()

    def append(self, piece: tuple[bytes | bytearray, Any]) -> None:
        data, kind = piece
        if self and len(self[-1][0]) + len(data) <= PACKET:
            self[-1][0].extend(data)
        else:
            super().append((bytearray(data), kind))


class Shell(asyncssh.SSHClientSession[bytes]):
    """The callbacks of a terminal's channel. `printed` gets its output, `over` is called with whether the shell has ended by itself."""

    def __init__(self, printed: Callable[[bytes], Any], over: Callable[[bool], Any]) -> None:
        self._printed, self._over = printed, over
        self._has_exited = False

    def connection_made(self, chan: "Channel") -> None:
        waiting = _Pieces()
        for piece in chan._recv_buf:
            waiting.append(piece)
        chan._recv_buf = waiting  # type: ignore[assignment]
        chan._close_event = SmallEvent()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._printed(bytes(data))

    def exit_status_received(self, status: int) -> None:
        self._has_exited = True

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self._has_exited = True

    def connection_lost(self, exc: Exception | None) -> None:
        self._over(self._has_exited)


Channel = asyncssh.SSHClientChannel[bytes]


class _Asked(asyncssh.SSHClientSession[bytes]):
    """A command of which its end counts, and little of what it prints: the rest is dropped."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.said = b""
        self.over = asyncio.Event()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if datatype is None:
            self.said += bytes(data)[: SAID - len(self.said)]

    def exit_status_received(self, status: int) -> None:
        self.status = status

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set()


async def _ask(connection: asyncssh.SSHClientConnection, command: str) -> _Asked:
    """Run a command. Its `status` is None where the guest does not say it in time."""
    asked = _Asked()
    with contextlib.suppress(asyncssh.Error, OSError, TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            channel, _session = await connection.create_session(
                lambda: asked, command, request_pty=False, encoding=None, window=SAID, max_pktsize=SAID
            )
            try:
                channel.write_eof()
                await asked.over.wait()
            finally:
                channel.abort()
    return asked


async def kept_in_tmux(connection: asyncssh.SSHClientConnection, name: str) -> str | None:
    """Return the id of the shell of this name in tmux, '' where none is there yet, and None of a guest that has no tmux, or does not answer."""
    asked = await _ask(
        connection, f"command -v tmux && sh -c '{TMUX} show-options -qv -t ={name}: @shell 2>/dev/null; true'"
    )
    last = asked.said.split()[-1:]
    found = last[0].decode() if last and ID.fullmatch(last[0]) else ""
    return found if asked.status == 0 else None


async def start(
    connection: asyncssh.SSHClientConnection, shell: Shell, *, name: str, size: tuple[int, int], in_tmux: str = ""
) -> Channel:
    """Start a shell, or come back to the one of this name in tmux. Raises asyncssh.Error, TimeoutError.

    in_tmux: the id that a new one gets there; '' for a shell without tmux.
    """
    mark = f"set -oq -t '={name}:' @shell {in_tmux}"  # one that is there keeps its own
    command = f"exec {TMUX} new-session -A -D -s {name} \\; {mark} \\; {OPTIONS}" if in_tmux else None
    async with asyncio.timeout(START_SECONDS):
        channel, _session = await connection.create_session(
            lambda: shell, command, request_pty=True, term_type=KIND, term_size=size, encoding=None, window=WINDOW, max_pktsize=PACKET
        )  # fmt: skip
    return channel


async def kill(connection: asyncssh.SSHClientConnection, name: str) -> bool:
    """End the shell of this name in tmux: also one that is only about to begin, of which tmux does not know yet. Return whether the guest answered."""
    for _try in range(KILL_TRIES):
        status = (await _ask(connection, f"{TMUX} kill-session -t '={name}'")).status
        if status != UNKNOWN:
            return status is not None
        await asyncio.sleep(KILL_PAUSE)
    return True
