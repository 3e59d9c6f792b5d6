"""Browsers and SSH clients at the port of a machine that sleeps are told in their own protocol to wait."""

import os
import socket
import subprocess
import time

import pytest

from tests.tunnels.agent_stage import Stage
from tests.tunnels.targets import HERE, exchange
from tests.waiting import PATIENCE, quickest, until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("speaks", "words"), [("es-PE,es;q=0.9,en;q=0.5", b"despertando"), ("en", b"waking"), ("", b"waking")]
)
def test_a_browser_has_a_page_within_a_second_that_asks_again(stage: Stage, speaks: str, words: bytes) -> None:
    _key, port = stage.held(scheme="http")
    request = f"GET / HTTP/1.1\r\nHost: x\r\nAccept-Language: {speaks}\r\n\r\n".encode()
    pages = []

    def asked() -> float:
        began = time.monotonic()
        pages.append(_ask(port, request))
        return time.monotonic() - began

    assert quickest(asked, 1.5) < 1.5
    page = pages[0]
    assert page.startswith(b"HTTP/1.1 503 ")
    assert words in page
    assert b"\r\nRetry-After: 3\r\n" in page
    assert b'http-equiv="refresh" content="3"' in page
    until(lambda: 1 <= len(stage.portal.knocks) <= len(pages))


def _ask(port: int, request: bytes) -> bytes:
    """Send a request as a browser does, which keeps its side open, and return the answer."""
    with socket.create_connection((HERE, port), timeout=PATIENCE) as visit:
        visit.sendall(request)
        return b"".join(iter(lambda: visit.recv(65536), b""))


def test_a_browser_is_passed_on_once_it_is_awake(stage: Stage) -> None:
    key, port = stage.held(scheme="http")
    assert b"503" in _ask(port, b"GET / HTTP/1.1\r\n\r\n")
    stage.wake(key)
    until(lambda: stage.portal.line(key)["answered"])
    assert exchange(port, b"GET / HTTP/1.1\r\n\r\n") == b"GET / HTTP/1.1\r\n\r\n"


def _ssh(port: int) -> tuple[str, float]:
    """Return the output of OpenSSH's own client, and the seconds that it waited."""
    options = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={os.devnull}", "BatchMode=yes"]
    line = [
        "ssh",
        "-F",
        "none",
        "-p",
        str(port),
        *(word for option in options for word in ("-o", option)),
        f"lab@{HERE}",
    ]
    began = time.monotonic()
    done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    assert done.returncode == 255
    return done.stderr, time.monotonic() - began


def _told(port: int, words: str) -> float:
    """Return the seconds after which an SSH client has read these words."""
    said, took = _ssh(port)
    assert words in said
    return took


def test_an_ssh_client_that_would_wait_long_is_told_in_words(hasty: Stage) -> None:
    hasty.portal.answer = {"wakes": True, "seconds": 0.5, "words": "Tu máquina está despertando; prueba en un minuto"}
    _key, port = hasty.held(scheme="ssh")
    assert 1 <= quickest(lambda: _told(port, "Tu maquina esta despertando; prueba en un minuto"), 4) < 4


@pytest.mark.parametrize("answer", [{"wakes": True, "seconds": 600}, {"wakes": False, "seconds": 0}])
def test_an_ssh_client_is_told_at_once_when_it_takes_long_or_has_failed(
    stage: Stage, answer: dict[str, object]
) -> None:
    stage.portal.answer = {**answer, "words": "It waits for room"}
    _key, port = stage.held(scheme="ssh")
    assert quickest(lambda: _told(port, "It waits for room"), 3) < 3


def test_an_ssh_client_whom_the_portal_refuses_sees_a_closed_connection(stage: Stage) -> None:
    stage.portal.answer = {"wakes": False, "seconds": 0, "words": ""}
    _key, port = stage.held(scheme="ssh")
    said, _took = _ssh(port)
    assert "Connection closed" in said or "Connection reset" in said
