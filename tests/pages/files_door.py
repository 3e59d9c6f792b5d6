"""A small server that keeps the contract of the files' doors (portal/live), above a folder: the pane is tried against it.

It stands at a port of its own, as the live process does in make run, so the page's requests cross origins. A test may cut its
line after some bytes, or let it hold its answers back.
"""

import hashlib
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.waiting import PATIENCE

KINDS = (("link", Path.is_symlink), ("folder", Path.is_dir), ("file", Path.is_file))
PIECE = 8 << 20


class FilesDoor:
    """`root`: what is / of the machine; `cut_after`: bytes of uploads after which the line is cut, once; `loses_end`: it is cut before the
    answer to the last piece, once; `let_on`: set unless it holds its answers, from so many bytes on (`holds_from`)."""

    def __init__(self, root: Path) -> None:
        self.root, self.home = root, root / "home/debian"
        self.home.mkdir(parents=True)
        self.asked: list[str] = []
        self.cut_after: int | None = None
        self.loses_end = False
        self.holds_from = 0
        self.taken = self.most_at_once = self.at_once = 0
        self.let_on = threading.Event()
        self.let_on.set()
        self.server = ThreadingHTTPServer(("localhost", 0), type("Door", (_Door,), {"door": self}))
        self.server.daemon_threads = True
        self.url = f"http://localhost:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self) -> None:
        self.let_on.set()
        self.server.shutdown()
        self.thread.join(PATIENCE)
        self.server.server_close()

    def place(self, path: str) -> Path:
        text = path.encode().decode("unicode_escape").encode("latin-1").decode("utf-8", "surrogateescape")
        return self.home if text in ("", "~") else self.root / text.lstrip("/")

    def path(self, place: Path) -> str:
        return "/" + _text(str(place.relative_to(self.root)).replace("\\", r"\x5c")).removeprefix(".")


def _text(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _sum(place: Path) -> str:
    return hashlib.sha256(place.read_bytes()).hexdigest()


class _Door(BaseHTTPRequestHandler):
    door: FilesDoor
    protocol_version = "HTTP/1.1"

    def log_message(self, *_of: Any) -> None:
        """Say nothing."""

    def do_OPTIONS(self) -> None:
        self._answer(204)

    def do_GET(self) -> None:
        place = self._begin()
        if "upload" in self.asks:
            return self._answer(200, {"received": self._part(place, int(self.asks["size"])).stat().st_size})
        if not place.is_dir():
            return self._answer(200, place.read_bytes()) if place.is_file() else self._fault(404, "not_found", place)
        entries = [self._entry(each) for each in sorted(place.iterdir())]
        parent = self.door.path(place.parent) if place != self.door.root else None
        facts = {"path": self.door.path(place), "parent": parent, "home": self.door.path(self.door.home)}
        self._answer(200, {**facts, "entries": entries[:2000], "more": len(entries) > 2000})

    def do_POST(self) -> None:
        place = self._begin()
        to = self.door.place(self.asks.get("to", ""))
        new = to if self.asks["do"] == "rename" else place
        if new.exists():
            return self._fault(409, "exists", new)
        place.rename(to) if self.asks["do"] == "rename" else place.mkdir()
        self._answer(201, {})

    def do_DELETE(self) -> None:
        place = self._begin()
        if "upload" in self.asks:
            self._part(place, int(self.asks["size"])).unlink()
        elif place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink()
        self._answer(200, {})

    def do_PUT(self) -> None:
        place = self._begin()
        span, total = self.headers.get("Content-Range", "bytes */0").removeprefix("bytes ").split("/")
        if place.is_file() and _sum(place) == self.asks.get("sha256"):
            self.rfile.read(int(self.headers["Content-Length"]))
            return self._answer(201, {"size": int(total), "sha256": _sum(place)})
        part = self._part(place, int(total))
        if place.exists() and "replace" not in self.asks:
            self.close_connection = True
            return self._fault(409, "exists", place)
        if span != "*" and int(span.split("-")[0]) != part.stat().st_size:
            self.close_connection = True
            return self._fault(409, "range", place)
        self.door.at_once += 1
        self.door.most_at_once = max(self.door.at_once, self.door.most_at_once)
        try:
            is_whole = self._take(part)
        finally:
            self.door.at_once -= 1
        if is_whole:
            self._finish(place, part, int(total))

    def _take(self, part: Path) -> bool:
        left = int(self.headers["Content-Length"])
        assert left <= PIECE
        with part.open("ab") as file:
            while left:
                data = self.rfile.read(min(left, 65536))
                if not data or self.door.taken == self.door.cut_after:
                    self.door.cut_after, self.close_connection = None, True
                    return False
                file.write(data)
                left -= len(data)
                self.door.taken += len(data)
        return self.door.taken <= self.door.holds_from or self.door.let_on.wait(PATIENCE)

    def _finish(self, place: Path, part: Path, total: int) -> None:
        if (received := part.stat().st_size) < total:
            return self._answer(202, {"received": received})
        part.rename(place)
        if self.door.loses_end:
            self.door.loses_end, self.close_connection = False, True
            return
        self._answer(201, {"size": total, "sha256": _sum(place)})

    def _begin(self) -> Path:
        self.asks = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        assert "sessionid=" in self.headers["Cookie"]
        self.door.asked.append(f"{self.command} {self.path}")
        return self.door.place(self.asks.get("path", ""))

    def _part(self, place: Path, total: int) -> Path:
        part = place.with_name(f".{place.name}.{total}.minga-part")
        part.touch()
        return part

    def _entry(self, place: Path) -> dict[str, Any]:
        kind = next((kind for kind, fits in KINDS if fits(place)), "other")
        facts = place.lstat()
        return {"name": _text(place.name), "path": self.door.path(place), "kind": kind, "size": facts.st_size, "modified": int(facts.st_mtime)}  # fmt: skip

    def _fault(self, status: int, code: str, place: Path) -> None:
        self._answer(status, {"code": code, "detail": f"{code}: {_text(place.name)}"})

    def _answer(self, status: int, content: dict[str, Any] | bytes = b"") -> None:
        is_file = isinstance(content, bytes)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if is_file else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", self.headers["Origin"] or "null")
        self.send_header("Access-Control-Allow-Credentials", "true")
        self.send_header("Access-Control-Allow-Methods", "GET, PUT, POST, DELETE")
        self.send_header("Access-Control-Allow-Headers", "Content-Range, Content-Type")
        self.end_headers()
        self.wfile.write(body)
