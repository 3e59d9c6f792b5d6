"""A Keystone and a Nova on the wire that know only how to sign people in: every request is kept."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

from cloud.openstack.client import Client


class Wire(ThreadingHTTPServer):
    """`lifetime`: of the tokens it gives. `refused`: tokens that Nova answers with 401."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.lifetime = timedelta(hours=1)
        self.refused: set[str] = set()
        self.rescopes = True  # whether a token is given for a token
        self.scopes: list[tuple[str, str]] = []  # by what a token was got, and for which project
        self.used: list[str] = []  # the token of each question to Nova

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def client(self, user: str = "portal") -> Client:
        """Another process of the portal, as far as its tokens go."""
        auth = {"auth_url": f"{self.url}/v3", "username": user, "password": "p", "project_name": "service"}
        domains = {"user_domain_id": "default", "project_domain_id": "default"}
        settings: dict[str, Any] = {"load_yaml_config": False, "load_envvars": False, "region_name": "one"}
        return Client(**settings, auth={**auth, **domains})

    def sign_ins(self, project: str) -> list[str]:
        """Return by what each token for a project was got: token, password."""
        return [method for method, scope in self.scopes if scope == project]


class _Answers(BaseHTTPRequestHandler):
    server: Wire

    def do_GET(self) -> None:
        if self.path.startswith("/v3"):
            return self._say({"version": {"id": "v3.14", "status": "stable", "links": [self._link("/v3")]}})
        if self.path.rstrip("/") == "/v2.1":
            facts = {"id": "v2.1", "status": "CURRENT", "version": "2.93", "min_version": "2.1"}
            return self._say({"version": {**facts, "links": [self._link("/v2.1")]}})
        token = self.headers["X-Auth-Token"]
        self.server.used.append(token)
        is_refused = token in self.server.refused
        self._say({"error": {"message": "no"}} if is_refused else {"servers": []}, 401 if is_refused else 200)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        [method], project = asked["auth"]["identity"]["methods"], asked["auth"]["scope"]["project"]
        if method == "token" and not self.server.rescopes:
            return self._say({"error": {"message": "no"}}, 403)
        self.server.scopes.append((method, project.get("id", "")))
        ends = (datetime.now(UTC) + self.server.lifetime).isoformat()
        domain = {"id": "default", "name": "Default"}
        facts = {
            "expires_at": ends,
            "project": {"id": project.get("id", "service-project"), "name": "p", "domain": domain},
            "user": {"id": "u", "name": "u", "domain": domain},
        }
        end = {"interface": "public", "region": "one", "region_id": "one", "url": f"{self.server.url}/v2.1"}
        catalog = [{"type": "compute", "id": "n", "name": "nova", "endpoints": [end]}]
        self._say({"token": {**facts, "catalog": catalog}}, 201, {"X-Subject-Token": uuid4().hex})

    def _link(self, path: str) -> dict[str, str]:
        return {"rel": "self", "href": f"{self.server.url}{path}"}

    def _say(self, what: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(what).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def wire() -> Iterator[Wire]:
    server = Wire()
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
