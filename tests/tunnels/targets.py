"""Servers behind the ports, and ways to visit them."""

import contextlib
import random
import socket
import threading

from tests.waiting import PATIENCE

HERE = "127.0.0.1"


class Target:
    """A service inside the cluster. kind: echo, or source (says 10 MB and ends), or sink (reads all, then tells its length)."""

    SIZE = 10_000_000

    def __init__(self, kind: str = "echo", port: int = 0) -> None:
        self.kind = kind
        self.server = socket.create_server((HERE, port))
        self.port = int(self.server.getsockname()[1])
        self.visitors = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _address = self.server.accept()
                self.visitors += 1
                threading.Thread(target=self._meet, args=(visitor,), daemon=True).start()

    def _meet(self, visitor: socket.socket) -> None:
        with contextlib.suppress(OSError), visitor:
            if self.kind == "source":
                visitor.sendall(pattern(self.SIZE))
                return
            read = 0
            while data := visitor.recv(65536):
                read += len(data)
                if self.kind == "echo":
                    visitor.sendall(data)
            visitor.sendall(str(read).encode() if self.kind == "sink" else b"")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


def pattern(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def exchange(port: int, data: bytes = b"hello", *, seconds: float = PATIENCE, source: str = HERE) -> bytes:
    """Send, say that this was all, and read to the end."""
    with socket.create_connection((HERE, port), timeout=seconds, source_address=(source, 0)) as visit:
        sender = threading.Thread(target=_send, args=(visit, data))
        sender.start()
        answer = b"".join(iter(lambda: visit.recv(65536), b""))
        sender.join()
    return answer


def _send(visit: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        visit.sendall(data)
        visit.shutdown(socket.SHUT_WR)
