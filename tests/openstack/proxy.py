"""Small misbehaving proxies in front of the real API: one listener for each service, and rules that say what goes wrong next."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

STAMP = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"')
LISTS = re.compile(
    r"/(servers|servers/detail|os-keypairs|flavors/detail|os-hypervisors/detail|os-instance-actions|images|networks|subnets|ports"
    r"|security-groups)$"
)
HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "server"}
SERVICES = {"identity": 5000, "compute": 8774, "image": 9292, "network": 9696, "placement": 8778}


@dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Forward = Callable[[], Answer]
Behaviour = Callable[[Forward], Answer | None]  # None: nothing is answered, the line is cut


@dataclass
class Rule:
    """A rule for the next `times` calls that match."""

    service: str
    method: str
    path: str  # a regular expression, searched in path and query
    behaviour: Behaviour
    times: int = 1
    met: int = 0

    def takes(self, service: str, method: str, path: str) -> bool:
        is_it = self.met < self.times and (service, method) == (self.service, self.method)
        return is_it and bool(re.search(self.path, path))


# ---- what can go wrong ----


def says(status: int, body: str = "", **headers: str) -> Behaviour:
    """An answer of the proxy's own; the API never hears the call."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda forward: Answer(status, body.encode(), {"Content-Type": "text/html", **named})


def says_json(status: int, body: str, **headers: str) -> Behaviour:
    return says(status, body, Content_Type="application/json", **headers)


def half(forward: Forward) -> Answer:
    """Announces the whole body, sends half of it."""
    answer = forward()
    answer.headers["X-Whole-Length"] = str(len(answer.body))
    answer.body = answer.body[: len(answer.body) // 2]
    return answer


def nothing(forward: Forward) -> None:
    """The request never arrives, the line is cut."""


def loses_reply(forward: Forward) -> None:
    """The API does it; nobody hears of it."""
    forward()


def hangs(seconds: float) -> Behaviour:
    def behave(forward: Forward) -> None:
        time.sleep(seconds)

    return behave


# ---- the listeners ----


class Proxies:
    """Proxies for all five services. `rules` is read at each call; `seen` are the calls that came, as (service, method, path)."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.rules: list[Rule] = []
        self.seen: list[tuple[str, str, str]] = []
        self.shift = timedelta()  # by which the cloud's clock is off
        self.cut = 0  # rows to which every list is cut: the rest comes with further pages; 0: as it was asked
        self._lock = threading.Lock()
        self._servers = {name: _listener(self, name, port) for name, port in SERVICES.items()}

    def url(self, service: str, path: str = "") -> str:
        return f"http://127.0.0.1:{self._servers[service].server_port}{path}"

    def then(self, service: str, method: str, path: str, behaviour: Behaviour, times: int = 1) -> Rule:
        self.rules.append(Rule(service, method, path, behaviour, times))
        return self.rules[-1]

    def reset(self) -> None:
        self.rules.clear()
        self.seen.clear()
        self.shift = timedelta()
        self.cut = 0

    def calls(self, service: str, method: str, path: str) -> int:
        return sum(call[:2] == (service, method) and bool(re.search(path, call[2])) for call in self.seen)

    def rule_for(self, service: str, method: str, path: str) -> Rule | None:
        with self._lock:
            self.seen.append((service, method, path))
            rule = next((rule for rule in self.rules if rule.takes(service, method, path)), None)
            if rule:
                rule.met += 1
            return rule

    def close(self) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()


class Relay(BaseHTTPRequestHandler):
    """Pass one service's requests on, unless a rule has the proxy do something else."""

    protocol_version = "HTTP/1.1"
    proxies: Proxies
    service: str
    port: int  # of the real service

    def handle_one_request(self) -> None:
        with suppress(ConnectionError, TimeoutError, ValueError):
            super().handle_one_request()

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(length) if length else None
        rule = self.proxies.rule_for(self.service, self.command, self.path)
        said = rule.behaviour(lambda: self.forward(data)) if rule else self.forward(data)
        if said is None:
            self.close_connection = True
            return
        self.send(said)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def forward(self, data: bytes | None) -> Answer:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "content-length")}
        line = HTTPConnection(self.proxies.host, self.port, timeout=60)
        path = _shifted_query(self.path, -self.proxies.shift)
        path = _cut(path, self.proxies.cut) if self.command == "GET" else path
        line.request(self.command, path, data, {**headers, "Connection": "close"})
        said = line.getresponse()
        body = _shifted_body(said.read(), self.proxies.shift)
        kept = {k: v for k, v in said.getheaders() if k.lower() not in HOP}
        kept["Date"] = format_datetime(_date(said.getheader("Date")) + self.proxies.shift, usegmt=True)
        line.close()
        return Answer(said.status, body, kept)

    def send(self, said: Answer) -> None:
        whole = said.headers.pop("X-Whole-Length", "")
        self.send_response_only(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", whole or str(len(said.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said.body)
        self.close_connection = self.close_connection or bool(whole)

    def log_message(self, *args: object) -> None:
        pass


def _listener(proxies: Proxies, service: str, port: int) -> ThreadingHTTPServer:
    handler = type("Handler", (Relay,), {"proxies": proxies, "service": service, "port": port})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


# ---- short pages ----


def _cut(path: str, most: int) -> str:
    """Ask for so few rows at once, as a service does of itself that is set up to give no more."""
    parts = urlsplit(path)
    if not most or not LISTS.search(parts.path):
        return path
    said = parse_qsl(parts.query, keep_blank_values=True)  # some names stand there more than once
    limit = min([most, *(int(value) for name, value in said if name == "limit")])
    rest = [(name, value) for name, value in said if name != "limit"]
    return urlunsplit(parts._replace(query=urlencode([*rest, ("limit", limit)])))


# ---- a clock that is off ----


def _date(text: str | None) -> datetime:
    return parsedate_to_datetime(text) if text else datetime.now().astimezone()


def _shifted_body(body: bytes, shift: timedelta) -> bytes:
    if not shift:
        return body
    return STAMP.sub(lambda found: b'"' + _moved(found[1].decode(), shift).encode() + b'Z"', body)


def _shifted_query(path: str, shift: timedelta) -> str:
    parts = urlsplit(path)
    said = dict(parse_qsl(parts.query))
    if not shift or "changes-since" not in said:
        return path
    said["changes-since"] = _moved(said["changes-since"].removesuffix("Z"), shift) + "Z"
    return urlunsplit(parts._replace(query=urlencode(said)))


def _moved(text: str, shift: timedelta) -> str:
    return (datetime.fromisoformat(text) + shift).isoformat()
