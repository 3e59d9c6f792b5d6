"""Visitors and targets that behave as badly as they can, beside a pair whose stream must stay whole."""

import contextlib
import random
import socket
import struct
import threading
import time
from collections.abc import Callable

from tests.tunnels.targets import HERE
from tests.waiting import PATIENCE

PIECE = 4096
SLOW_SECONDS = 0.05
PATIENCE_SECONDS = 0.2
HUGE = bytes(300_000)
MOST_HUGE = 12  # more than any window on the way takes
Move = Callable[[socket.socket, random.Random], None]


def instant_close(end: socket.socket, dice: random.Random) -> None:
    """Do nothing: the caller closes the socket."""


def six_bytes(end: socket.socket, dice: random.Random) -> None:
    end.sendall(b"GET /\n")


def reset(end: socket.socket, dice: random.Random) -> None:
    end.sendall(dice.randbytes(dice.randrange(1, 500)))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_close(end: socket.socket, dice: random.Random) -> None:
    end.sendall(b"that was all")
    end.shutdown(socket.SHUT_WR)
    end.recv(PIECE)


def half_close_first(end: socket.socket, dice: random.Random) -> None:
    end.shutdown(socket.SHUT_WR)
    end.recv(PIECE)


def deaf(end: socket.socket, dice: random.Random) -> None:
    end.shutdown(socket.SHUT_RD)
    end.sendall(HUGE)


def slow(end: socket.socket, dice: random.Random) -> None:
    for _turn in range(dice.randrange(1, 5)):
        end.sendall(dice.randbytes(1))
        time.sleep(SLOW_SECONDS)


def huge(end: socket.socket, dice: random.Random) -> None:
    end.sendall(HUGE)


def huge_unread(end: socket.socket, dice: random.Random) -> None:
    """Everything is sent that fits, and nothing read. Against somebody who reads it all it ends, too."""
    end.settimeout(SLOW_SECONDS)
    with contextlib.suppress(OSError):
        for _turn in range(MOST_HUGE):
            end.sendall(HUGE)


def garbage(end: socket.socket, dice: random.Random) -> None:
    for _turn in range(dice.randrange(1, 20)):
        end.sendall(dice.randbytes(dice.randrange(1, 3000)))


def greedy(end: socket.socket, dice: random.Random) -> None:
    while end.recv(PIECE):
        pass


MOVES: list[Move] = [
    instant_close, six_bytes, reset, half_close, half_close_first, deaf, slow, huge, huge_unread, garbage, greedy,
]  # fmt: skip


def play(end: socket.socket, dice: random.Random, move: Move | None = None) -> None:
    """Make one or two moves, then close."""
    with contextlib.suppress(OSError), end:
        end.settimeout(PATIENCE_SECONDS)
        for one in [move] if move else dice.sample(MOVES, dice.randrange(1, 3)):
            one(end, dice)


class MadTarget:
    """A service that does with each visitor whatever comes into its mind, or one `move`."""

    def __init__(self, seed: int, move: Move | None = None) -> None:
        self.dice, self.move = random.Random(seed), move
        self.server = socket.create_server((HERE, 0), backlog=256)
        self.port = int(self.server.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _address = self.server.accept()
                dice = random.Random(self.dice.random())
                threading.Thread(target=play, args=(visitor, dice, self.move), daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


class Steady:
    """A connection to an echo, over which a known stream goes for as long as wanted."""

    def __init__(self, port: int) -> None:
        self.visit = socket.create_connection((HERE, port), timeout=PATIENCE)
        self.sent, self.got = random.Random(7), random.Random(7)
        self.passed = 0

    def go(self) -> None:
        """Send one piece and have it back, as it was. Raises OSError or AssertionError."""
        self.visit.sendall(self.sent.randbytes(PIECE))
        back = b""
        while len(back) < PIECE and (part := self.visit.recv(PIECE - len(back))):
            back += part
        assert back == self.got.randbytes(PIECE), f"after {self.passed} bytes the stream is not what it was"
        self.passed += PIECE

    def __enter__(self) -> "Steady":
        return self

    def __exit__(self, *_error: object) -> None:
        self.visit.close()


class Crowd:
    """Visitors that make random moves at some ports, a few at a time, until told to stop."""

    def __init__(self, ports: list[int], seed: int, at_once: int = 8) -> None:
        self.ports, self.dice = ports, random.Random(seed)
        self.over, self.visits, self.refused = threading.Event(), 0, 0
        self.threads = [threading.Thread(target=self._visit, args=(self.dice.random(),)) for _each in range(at_once)]
        for thread in self.threads:
            thread.start()

    def _visit(self, seed: float) -> None:
        dice = random.Random(seed)
        while not self.over.is_set():
            try:
                visit = socket.create_connection((HERE, dice.choice(self.ports)), timeout=PATIENCE)
            except OSError:
                self.refused += 1
                self.over.wait(0.01)
                continue
            self.visits += 1
            play(visit, dice)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE)
