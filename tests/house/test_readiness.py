"""Is a service ready? Whatever stands on a service's port, the launcher gets an answer, never an exception."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.redis import Redis
from deploy.local.services import page_answers


@contextmanager
def port_that_says(words: bytes) -> Iterator[int]:
    """A listener that answers the first who asks with these words, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(1000)
                line.sendall(words)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize(
    ("words", "is_ready"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n", True),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", True),
        (b"HTTP/1.0 503 Service Unavailable\r\n\r\n", False),
        (b"-ERR wrong number of arguments for 'get' command\r\n", False),
        (b"", False),
    ],
    ids=["page", "no such page", "server error", "Redis on its port", "nothing"],
)
def test_a_page_answers_or_not(words: bytes, is_ready: bool) -> None:
    with port_that_says(words) as port:
        assert page_answers(f"http://127.0.0.1:{port}/") is is_ready


@pytest.mark.parametrize(("words", "is_ready"), [(b"+OK\r\n+PONG\r\n", True), (b"HTTP/1.0 400 Bad\r\n\r\n", False)])
def test_redis_answers_or_not(words: bytes, is_ready: bool, tmp_path: Path) -> None:
    with port_that_says(words) as port:
        assert Redis(tmp_path, port, "secret").answers() is is_ready
