"""A terminal: the shell of a person in a machine, its last output, and the viewer who looks at it now, if anybody does."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncssh

from lib.small_waits import SmallEvent
from portal.live import guest_door
from portal.live.entry import PERSON, Entry
from portal.live.guest_connections import Guests, unsent
from portal.live.terminals import endings, shells, turns
from portal.live.terminals.endings import Ending
from portal.live.terminals.frames import Ack, Close, Frame, Ping, Resize
from portal.live.terminals.ring import Ring
from portal.live.terminals.turns import Turns
from portal.live.terminals.viewer import Viewer

MOST_UNREAD = 1024 * 1024  # bytes typed that the guest has not taken
# The output of a shell that nobody looks at is read at this pace, so that a flood costs no processor time for a day.
UNSEEN_SECONDS = 0.25  # between two turns
# A shell draws itself anew for a window of another size. That is no use: the question “Still using it?” on the page makes the window smaller.
REDRAW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Key:
    """The place of a terminal: a person's own names, in one machine."""

    machine: UUID
    person: int
    name: str

    @property
    def tmux_name(self) -> str:
        return f"p{self.person}-{self.name}"


class Terminal:
    """`used` is called at each input, and at output that the machine made by itself. `left_at`: on the loop's clock, since when nobody looks.

    is_unclosed: its viewer closed it, and its guest did not answer.
    """

    def __init__(
        self, key: Key, entry: Entry, size: tuple[int, int], used: Callable[[UUID], Any], its_turns: Turns
    ) -> None:
        self.key, self.size, self.used, self._turns = key, size, used, its_turns
        self.entry = entry.kept(kind=PERSON, key="")
        self.life = secrets.token_hex(4)
        self.ring = Ring()
        self.viewer: Viewer | None = None
        self.left_at = asyncio.get_running_loop().time()
        self.is_open = self.survives = self.is_unclosed = False
        self.shell = self.life  # its id: that of one in tmux is older than this terminal
        self._place = 0
        self._channel: shells.Channel | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._opening: asyncio.Task[Any] | None = None
        self._over = SmallEvent()
        self._is_paused = self._flushes = self._rests = False  # it rests until its turn
        self._since_turn = 0  # bytes printed
        self._redrawn_until = 0.0  # on the loop's clock

    # ---- the shell ----

    async def run(self, guests: Guests) -> None:
        """Open the shell, and return when it has ended. The viewer is told how."""
        key, self._opening = self.key, asyncio.current_task()
        try:
            async with guests.signed_in(self.entry, key.machine, on_cut=self._cut, on_place=self._wait) as connection:
                await self._open(connection)
                await self._over.wait()
        except Exception as error:
            self._opening = None
            self._end(endings.LOST if isinstance(error, asyncssh.Error) else endings.of(error))

    async def _open(self, connection: asyncssh.SSHClientConnection) -> None:
        self._connection = connection
        kept = await shells.kept_in_tmux(connection, self.key.tmux_name)
        self.survives, self.shell = kept is not None, kept or self.life
        shell = shells.Shell(self._printed, self._shell_is_over)
        try:
            self._channel = await shells.start(
                connection, shell, name=self.key.tmux_name, size=self.size, in_tmux=self.life if self.survives else ""
            )
        except TimeoutError:
            raise guest_door.unreachable() from None
        self.is_open, self._opening = True, None
        if kept:  # tmux draws it for a page that came back by itself, be it that nobody is there
            self._redrawn_until = asyncio.get_running_loop().time() + REDRAW_SECONDS
        if self.viewer:
            self._begin(self.viewer, "", 0)

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def _end(self, ending: Ending) -> None:
        """Tell the viewer how it ends; the first reason counts."""
        if not self.is_over:
            self._over.set()
            if self.viewer:
                self.viewer.end(ending)
            if self._opening:  # it gives up its place in the queue, or its turn
                self._opening.cancel()

    def _cut(self, why: str) -> None:
        self._end(endings.of_right(why))

    def _shell_is_over(self, has_exited: bool) -> None:
        self._end(endings.EXITED if has_exited else endings.LOST)

    def _wait(self, place: int) -> None:
        self._place = place
        if self.viewer:
            self.viewer.tell(type="wait", place=place)

    def stop(self, ending: Ending = endings.LOST) -> None:
        """End it here. In tmux the shell goes on."""
        self._end(ending)

    # ---- its viewer ----

    def attach(self, viewer: Viewer, life: str, seen: int) -> None:
        """Show it to a viewer, from where they left off where that is possible; whoever looked before is told."""
        if self.viewer:
            self.viewer.end(endings.ELSEWHERE)
        self.viewer = viewer
        if self.is_open:
            self._resize(viewer.size)
            self._begin(viewer, life, seen)
        else:
            self.size = viewer.size
            viewer.tell(type="wait", place=self._place)

    def detach(self, viewer: Viewer) -> None:
        if self.viewer is viewer:
            self.viewer = None
            self.left_at = asyncio.get_running_loop().time()
            self._resume()

    def _begin(self, viewer: Viewer, life: str, seen: int) -> None:
        output = self.ring.since(seen) if life == self.life else None
        is_fresh = output is None
        output = self.ring.replay() if output is None else output
        at = self.ring.total - len(output)
        viewer.tell(type="open", life=self.life, at=at, fresh=is_fresh, shell=self.shell, survives=self.survives)
        if output:
            viewer.show(output)
        self._resume()

    def typed(self, data: bytes) -> None:
        """Pass on what the viewer typed. Before the shell is open there is nothing that takes it."""
        if self._channel is None or self.is_over:
            return
        if not self._has_room(len(data)):
            return
        self.used(self.key.machine)
        self._channel.write(data)

    def _has_room(self, size: int) -> bool:
        """Say whether the guest takes what it is sent; otherwise end the viewer. A guest may allow gigabytes, and read none of them."""
        if not self._channel or not self._connection:
            return False
        waiting = self._channel.get_write_buffer_size() + unsent(self._connection)
        if waiting + size > MOST_UNREAD and self.viewer:
            self.viewer.end(endings.FLOOD)
        return waiting + size <= MOST_UNREAD

    async def told(self, frame: Frame) -> None:
        """Do what a frame of the viewer says. Raises BadFrame."""
        match frame:
            case Resize(cols, rows):
                self._resize((cols, rows))
            case Ack(count):
                if self.viewer:
                    self.viewer.window.acknowledged(count)
                    self._resume()
            case Ping():
                if self.viewer:
                    self.viewer.tell(type="pong")
            case Close():
                self._end(await self._close())

    async def _close(self) -> Ending:
        """End its shell for good. One in tmux may go on where the guest does not answer."""
        if not self.survives or not self._connection or await shells.kill(self._connection, self.key.tmux_name):
            return endings.EXITED
        self.is_unclosed = True
        return endings.UNCLOSED

    def _resize(self, size: tuple[int, int]) -> None:
        if size != self.size:
            self.size = size
            if self._channel and not self.is_over and self._has_room(0):
                self._redrawn_until = asyncio.get_running_loop().time() + REDRAW_SECONDS
                self._channel.change_terminal_size(*size)

    # ---- its output ----

    def _printed(self, output: bytes) -> None:
        self.ring.add(output)
        if asyncio.get_running_loop().time() >= self._redrawn_until:
            self.used(self.key.machine)
        if self.viewer and self.is_open:
            self.viewer.show(output)
        self._since_turn += len(output)
        if not self._flushes:
            self._hold()

    def _hold(self) -> None:
        """Read no more where the viewer has enough, or it is the turn of others."""
        if self.viewer and self.viewer.window.is_full:
            self._pause()
        if self._since_turn >= turns.BYTES and not self._rests:
            self._rest()

    def _rest(self) -> None:
        """Print no more until it is this terminal's turn again."""
        self._since_turn, self._rests = 0, True
        self._pause()
        if self.viewer:
            self._turns.wait(self._go_on)
        else:
            asyncio.get_running_loop().call_later(UNSEEN_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._rests = False
        self._resume()

    def _pause(self) -> None:
        if self._channel and not self._is_paused:
            self._is_paused = True
            self._channel.pause_reading()

    def _resume(self) -> None:
        if self._is_paused and self._channel and not self._rests and not (self.viewer and self.viewer.window.is_full):
            self._is_paused = False
            # asyncssh opens its window anew at the first piece it kept: paused again before the last, it would keep more each time.
            self._flushes = True
            self._channel.resume_reading()
            self._flushes = False
            self._hold()
