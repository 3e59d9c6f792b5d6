"""`python -m portal.serve --host ADDRESS [--host ADDRESS] --port N`: uvicorn as every installation of the portal runs it.

Whoever takes too long over the head of a request is cut off. What a proxy says of its visitor is believed only of the proxies that
are known: on this computer, in TRUSTED_PROXIES, and with --behind-gateway (a container) this container's way out, by which the proxy
on the host comes in.
"""

import argparse
import contextlib
import ipaddress
import logging
import os
import resource
import socket
from asyncio import TimerHandle, Transport
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from lib import seldom

log = logging.getLogger("portal.serve")
HEAD_SECONDS = 10.0  # from the connection, or the first byte of a further request, to the end of its head
REST_SECONDS = 60.0  # for the rest of a body whose answer is complete: nobody reads it, but a browser that was reset may miss the answer
BACKLOG = 2048  # connections that wait to be accepted
OPEN_FILES = 65_536  # wanted: each connection costs one
ROUTES = Path("/proc/net/route")


class Impatient(H11Protocol):
    """uvicorn's protocol, with a time limit: uvicorn itself waits for the rest of a head for ever."""

    head_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watch()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        """Start or stop the clock: h11 is IDLE as long as it waits for a head, or for the rest of one."""
        theirs, ours = str(self.conn.their_state), str(self.conn.our_state)
        is_rest = (theirs, ours) == ("SEND_BODY", "DONE")
        if theirs != "IDLE" and not is_rest:
            self._stop_watch()
        elif self.head_timer is None:
            self.head_timer = self.loop.call_later(REST_SECONDS if is_rest else HEAD_SECONDS, self._cut_off)

    def _stop_watch(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def _cut_off(self) -> None:
        self.head_timer = None
        # One who has said nothing at all is a browser's spare connection, and no news.
        if self.conn.trailing_data[0]:
            text = "heads of requests were not complete after %.0f s: closed"
            seldom.warning(log, "slow heads", text, HEAD_SECONDS, memory=seldom.OWN)
            self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        self.transport.close()


def config(*, trusted: list[str], drain_seconds: int) -> uvicorn.Config:
    return uvicorn.Config(
        "portal.asgi:application", http=Impatient, ws="none", lifespan="off", server_header=False, access_log=False,
        timeout_graceful_shutdown=drain_seconds, forwarded_allow_ips=trusted,
    )  # fmt: skip


def trusted_proxies(*, behind_gateway: bool, routes: Path = ROUTES) -> list[str]:
    """Addresses and networks whose X-Forwarded-… is believed; of the hops that they name, the last stranger is the visitor."""
    further = [part.strip() for part in os.environ.get("TRUSTED_PROXIES", "").split(",") if part.strip()]
    return [
        "127.0.0.1",
        "::1",
        *([gateway] if behind_gateway and (gateway := default_gateway(routes)) else []),
        *further,
    ]


def default_gateway(routes: Path = ROUTES) -> str:
    """Return where the route to everywhere leads; '' where there is none, or the system does not tell."""
    try:
        rows = [line.split() for line in routes.read_text().splitlines()[1:]]
    except OSError:
        return ""
    found = next(
        (row[2] for row in rows if len(row) > 7 and row[1] == row[7] == "00000000" and int(row[3], 16) & 2), ""
    )
    # The kernel writes the address as a number of this computer's byte order: the lowest byte comes first.
    return str(ipaddress.ip_address(bytes.fromhex(found)[::-1])) if found else ""


def raise_open_files() -> None:
    """Let this process open as many files as it may: a shell often allows 1,024, and as many silent visitors would keep everybody out."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wish = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wish:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wish, hard))


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address. Connections have TCP_NODELAY from here: asyncio sets it only where it has made the socket itself.

    Without it a browser waits 40 ms for every answer: its end waits with the acknowledgement, and ours, for that, with the body.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def main() -> None:
    parser = argparse.ArgumentParser(prog="portal.serve", description="The pages and the API.")
    parser.add_argument("--host", action="append", required=True, help="an address to listen on; may be said twice")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--drain-seconds", type=int, default=5, help="how long open requests may take when it is told to end"
    )
    parser.add_argument(
        "--behind-gateway", action="store_true", help="the proxy comes by this container's default gateway"
    )
    arguments: Any = parser.parse_args()
    raise_open_files()
    sockets = [listen(host, arguments.port) for host in arguments.host]
    trusted = trusted_proxies(behind_gateway=arguments.behind_gateway)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config(trusted=trusted, drain_seconds=arguments.drain_seconds)).run(sockets=sockets)


if __name__ == "__main__":
    main()
