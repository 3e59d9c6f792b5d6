"""Is a service ready? Each question is short and never raises."""

import http.client
import socket
import urllib.error
import urllib.request
from pathlib import Path

ANSWER_SECONDS = 0.5  # for an answer to "are you ready?"
WEB_SECONDS = 5.0  # the same of web: its first page compiles templates


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


def database_answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def redis_answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as line:
            line.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answers = b""
            while b"+PONG" not in answers and (more := line.recv(100)):
                answers += more
            return b"+PONG" in answers
    except OSError:
        return False


def page_answers(url: str) -> bool:
    """Return whether web answers with anything but a server error. (Strangers are sent to the sign-in page.)"""
    try:
        with urllib.request.urlopen(url, timeout=WEB_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, http.client.HTTPException):  # the latter: a stranger on its port speaks no HTTP
        return False


def log_says(log: Path, since: int, words: bytes) -> bool:
    """Return whether the process wrote these words after the byte `since` of its log."""
    try:
        with log.open("rb") as lines:
            lines.seek(since)
            return words in lines.read()
    except OSError:
        return False
