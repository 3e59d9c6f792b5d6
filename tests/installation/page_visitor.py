"""A person with a browser, as far as a test needs one: pages over TLS through the proxy, forms filled in and sent, cookies kept."""

import re
import socket
import ssl
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.installation.answers import SITE
from tests.shell_line import ShellLine

LAUNCH_SECONDS = 300  # a guest without KVM on a busy machine


class Forms(HTMLParser):
    """The forms of a page: what is sent when nothing is changed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self.select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        if tag == "form":
            self.found.append({"action": of.get("action") or "", "fields": {}})
        if not self.found:
            return
        fields, name = self.found[-1]["fields"], of.get("name") or ""
        if tag == "input" and name and (of.get("type") not in ("checkbox", "radio") or "checked" in of):
            fields[name] = of.get("value") or ("on" if of.get("type") == "checkbox" else "")
        if tag == "textarea" and name:
            fields[name] = ""
        if tag == "select":
            self.select = name
        if tag == "option" and (self.select not in fields or "selected" in of):
            fields[self.select] = of.get("value") or ""

    def to(self, action: str, having: str) -> dict[str, str]:
        """The form that leads there (or to its own page) and has that field."""
        return next(f["fields"] for f in self.found if f["action"] in (action, "") and having in f["fields"])


class Visitor:
    def __init__(self, port: int, authority: Path) -> None:
        """`port` of this host leads to the guest's 443; `authority` signed the proxy's certificate."""
        self.port, self.trust = port, ssl.create_default_context(cafile=str(authority))
        site = {"Host": SITE, "Referer": f"https://{SITE}/"}
        self.client = httpx.Client(
            base_url=f"https://127.0.0.1:{port}", verify=self.trust, headers=site, timeout=30, trust_env=False
        )

    def ask(self, method: str, path: str, **rest: Any) -> httpx.Response:
        answer = self.client.request(method, path, extensions={"sni_hostname": SITE}, **rest)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer

    def send(self, path: str, having: str, **changes: str) -> httpx.Response:
        """Open the page, fill in the form that has the field, and send it."""
        page = self.ask("GET", path)
        answer = self.ask("POST", path, data=Forms(page.text).to(path, having) | changes)
        assert answer.status_code == 302, f"{path} was not taken: {answer.text[:2000]}"
        return answer

    def sign_in(self, name: str, password: str) -> "Visitor":
        self.send("/accounts/login/", "password", login=name, password=password)
        assert "__Host-sessionid" in {cookie.name for cookie in self.client.cookies.jar}
        return self

    def offer(self, kind: str, row: str, **changes: str) -> None:
        """Teachers may use the image or the size of that name; whatever else the cloud has stays as it is."""
        page = self.ask("GET", "/manage/catalog/").text
        links = dict(re.findall(rf'<b>([^<]*)</b>(?:(?!<li>).)*?href="(/manage/catalog/{kind}/\d+/)"', page, re.S))
        assert row in links, f"{row} is not in the catalog: {sorted(links)}"
        self.send(links[row], "name", offered="on", **changes)

    def make_a_template(self, name: str) -> None:
        self.send(
            "/lab-templates/new/",
            "summary",
            name=name,
            summary="To see that it works.",
            published="on",
            **{"form-0-name": "ssh", "form-0-port": "22", "form-0-scheme": "ssh"},
        )

    def launch(self, name: str) -> str:
        """Press the button of the first card; the id of the machine."""
        answer = self.send("/launch/", "name", name=name)
        return answer.headers["location"].rstrip("/").rpartition("/")[2]

    def events(self) -> Iterator[str]:
        """The lines of the event stream, as they come through the proxy."""
        how: dict[str, Any] = {"headers": {"Accept": "text/event-stream"}, "extensions": {"sni_hostname": SITE}}
        with self.client.stream("GET", "/live/events", **how) as answer:
            assert answer.status_code == 200
            yield from answer.iter_lines()

    def terminal(self, machine: str) -> ShellLine:
        """The first terminal of a machine, as the page opens it."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.client.cookies.jar)

        def line() -> ClientConnection:
            return connect(
                f"wss://{SITE}/live/terminal/{machine}/1", sock=socket.create_connection(("127.0.0.1", self.port)), ssl=self.trust,
                server_hostname=SITE, origin=Origin(f"https://{SITE}"), additional_headers={"Cookie": cookies}, proxy=None,
            )  # fmt: skip

        return ShellLine(line)

    def machine(self, machine: str) -> dict[str, Any]:
        return self.ask("GET", f"/api/v1/machines/{machine}/").json()

    def wait_for(self, machine: str, state: str) -> dict[str, Any]:
        until = time.monotonic() + LAUNCH_SECONDS
        while (seen := self.machine(machine))["state"] != state:
            given_up = time.monotonic() > until or seen["state"] == "failed"
            assert not given_up, f"{seen['state']}, not {state}: {seen['note']}"
            time.sleep(0.5)  # the page asks as often
        return seen
