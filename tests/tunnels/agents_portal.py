"""The portal as the agent sees it: a small stand-in that we can lead."""

import contextlib
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.tunnels.targets import HERE


class FakePortal(ThreadingHTTPServer):
    """Holds what we wish and keeps what the agent reports; its token is "sesame"."""

    daemon_threads = True

    def __init__(self, gateway: dict[str, Any]) -> None:
        super().__init__((HERE, 0), _Handler)
        self.gateway = gateway
        self.revision = 1
        self.ports: set[int] = set()  # all that were ever wished
        self.was_ill = False
        self.forget()
        self.news = threading.Condition()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def forget(self) -> None:
        """Forget everything that was wished, reported and asked so far."""
        self.wishes: dict[str, dict[str, Any]] = {}
        self.reports: list[dict[str, Any]] = []
        self.questions = 0
        self._is_ill = False
        self.knocks: list[tuple[str, str]] = []  # tunnel, address
        self.answer = {"wakes": True, "seconds": 5, "words": "Almost there."}  # to a knock

    @property
    def is_ill(self) -> bool:
        """Say whether everything is answered with 503."""
        return self._is_ill

    @is_ill.setter
    def is_ill(self, is_ill: bool) -> None:
        self._is_ill, self.was_ill = is_ill, True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An agent that is killed hangs up in the middle of a question: no news."""

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.server_address[1]}"

    def wish(self, port: int, target: int, *, key: str = "", **more: Any) -> str:
        """Wish a port open towards a port of ours. Returns the tunnel's id."""
        key = key or str(uuid.uuid4())
        with self.news:
            self.revision += 1
            line = {
                "id": key,
                "port": port,
                "host": HERE,
                "target_port": target,
                "scheme": "tcp",
                "allow": [],
                "probe": True,
            }
            self.wishes[key] = {**line, "since": self.revision, **more}
            self.ports.add(port)
            self.news.notify_all()
        return key

    def ask_for_counts(self) -> None:
        """A revision in which nothing is new: the agent answers it with a whole report, for which we need not wait then."""
        with self.news:
            self.revision += 1
            self.news.notify_all()

    def drop(self, *keys: str) -> None:
        with self.news:
            self.revision += 1
            for key in keys:
                del self.wishes[key]
            self.news.notify_all()

    def line(self, key: str) -> dict[str, Any]:
        """The last report's line of one tunnel."""
        lines = [report["tunnels"][key] for report in list(self.reports) if key in report["tunnels"]]
        return dict(lines[-1]) if lines else {}

    def is_open(self, *keys: str) -> bool:
        return all(self.line(key).get("state") == "open" for key in keys)

    def total(self, key: str, count: str) -> int:
        """The sum over all reports, each number of a report taken once as the portal does."""
        by_seq = {(report["boot"], report["seq"]): report["tunnels"] for report in self.reports}
        return sum(lines[key][count] for lines in by_seq.values() if key in lines)


class _Handler(BaseHTTPRequestHandler):
    server: FakePortal
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        pass

    def answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def is_admitted(self) -> bool:
        self.server.questions += 1
        if self.server.is_ill:
            self.answer(503, {})
        elif self.headers["Authorization"] != "Bearer sesame":
            self.answer(401, {})
        else:
            return True
        return False

    def do_GET(self) -> None:
        if not self.is_admitted():
            return
        portal = self.server
        known = int(self.path.partition("revision=")[2].partition("&")[0])
        with portal.news:
            portal.news.wait_for(lambda: portal.revision != known, timeout=5)
            body = {"revision": portal.revision, "gateway": portal.gateway, "tunnels": list(portal.wishes.values())}
        with contextlib.suppress(OSError):
            self.answer(200, body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_admitted():
            return
        told = json.loads(body)
        if self.path.endswith("/knock"):
            self.server.knocks.append((told["tunnel"], told["address"]))
            self.answer(200, self.server.answer)
        else:
            self.server.reports.append(told)
            self.answer(200, {})
