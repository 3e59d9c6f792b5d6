"""A bare page under the portal's own CSP, with files of npm packages, and a screen (RFB) behind a websocket of the same address."""

import mimetypes
import struct
import threading
from pathlib import Path

from django.conf import settings
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

ROOT = Path(__file__).resolve().parents[2]
PLACES = {"/xterm/": "node_modules/@xterm/xterm", "/novnc/": "node_modules/@novnc/novnc", "/ours/": "static/js"}
WIDTH, HEIGHT = 64, 48
RED = bytes([250, 1, 2, 255])  # as noVNC asks for: red first
FORMAT = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 0, 8, 16)


def policy() -> str:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives)


class BareSite:
    """`pages`: the text of each address that is not a package's file. With ?images a page may also show images that it makes itself."""

    def __init__(self, pages: dict[str, str]) -> None:
        self.pages = pages
        self.server = serve(self._screen, "127.0.0.1", 0, process_request=self._answer, compression=None)
        self.url = f"http://127.0.0.1:{self.server.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()

    def _answer(self, _connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == "/screen":
            return None
        body = self.pages[path].encode() if path in self.pages else self._file(path)
        kind = mimetypes.guess_type(path)[0] or "text/html"
        kind = "text/javascript" if path.endswith((".js", ".mjs")) else kind
        more = "; img-src 'self' data:" if request.path.endswith("?images") else ""
        heads = {"Content-Type": kind, "Content-Security-Policy": policy() + more, "Connection": "close"}
        return Response(
            404 if body is None else 200, "", Headers({**heads, "Content-Length": str(len(body or b""))}), body or b""
        )

    def _file(self, path: str) -> bytes | None:
        for begins, place in PLACES.items():
            file = (ROOT / place / path.removeprefix(begins)).resolve()
            if path.startswith(begins) and file.is_file():
                return file.read_bytes()
        return None

    def _screen(self, line: ServerConnection) -> None:
        """A red screen, with an arrow that the browser is to draw."""
        line.send(b"RFB 003.008\n")
        line.recv()
        line.send(b"\x01\x01")  # no password
        line.recv()
        line.send(b"\x00\x00\x00\x00")
        line.recv()
        line.send(struct.pack(">HH", WIDTH, HEIGHT) + FORMAT + struct.pack(">I", 4) + b"bare")
        red = struct.pack(">HHHHi", 0, 0, WIDTH, HEIGHT, 0) + RED * (WIDTH * HEIGHT)
        arrow = struct.pack(">HHHHi", 0, 0, 8, 8, -239) + RED * 64 + b"\xff" * 8
        line.send(b"\x00\x00" + struct.pack(">H", 2) + red + arrow)
        for _message in line:
            pass
