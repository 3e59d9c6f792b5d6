"""Keep the portal's cookies from students' machines where both are on one computer: nobody gets through under the portal's name.

`make run` has the portal at http://localhost:PORT and the machines' ports at http://127.0.0.1:PORT. The two names lead to the same
place, and a browser sends the cookies of `localhost` to every port of it. So a request for `localhost` at a machine's port, which a
link of a fellow student may well be, is answered here and never passed on. Imports nothing of ours: the embedded VPS uses it.
"""

import re
from typing import Final

PORTAL_NAMES: Final = ("localhost", "localhost.")
MOST: Final = 65_536  # bytes of a head; browsers send less
METHODS: Final = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"OPTIONS ")
REQUEST_LINE: Final = re.compile(rb"[A-Z]+ (\S+) HTTP/1\.[01]\r?\n")
HOST: Final = re.compile(rb"\r?\nhost:[ \t]*([^\r\n]*)", re.IGNORECASE)
END: Final = re.compile(rb"\r?\n\r?\n")
TLS_HELLO: Final = b"\x16\x03"
# How a TLS client names the host it wants: the length of the name, then the name.
TLS_NAMES: Final = tuple(len(name).to_bytes(2) + name.encode() for name in PORTAL_NAMES)
PASS, CUT = b"pass", b"cut"


def verdict(head: bytes, port: int) -> bytes | None:
    """Decide on a visitor who has sent `head` so far: PASS, CUT, an answer in place of the machine's; None = wait for more."""
    if head[:2] == TLS_HELLO[: len(head[:2])]:
        return _of_tls(head)
    if not any(head[: len(method)] == method[: len(head)] for method in METHODS):
        return PASS
    if b"\n" in head and not REQUEST_LINE.match(head):
        return PASS  # another protocol of lines: HELO, SET
    if not END.search(head):
        return CUT if len(head) > MOST else None
    named = [name.decode("latin-1") for name in HOST.findall(head[: END.search(head).start()])]  # type: ignore[union-attr]
    return _elsewhere(head, port) if any(_host_of(name) in PORTAL_NAMES for name in named) else PASS


def _of_tls(head: bytes) -> bytes | None:
    """Decide on a TLS client by the name in its first message, which stands there in clear: cookies travel over https as well."""
    if len(head) < 5 or len(head) < 5 + int.from_bytes(head[3:5]):
        return CUT if len(head) > MOST else None
    return CUT if any(name in head.lower() for name in TLS_NAMES) else PASS


def _host_of(text: str) -> str:
    return text.strip().lower().partition(":")[0]


def _elsewhere(head: bytes, port: int) -> bytes:
    """Lead a reader to the machine's own address. A form is not sent on: it may hold what was meant for the portal."""
    match = REQUEST_LINE.match(head)
    target = match[1] if match else b"/"
    if not head.startswith((b"GET ", b"HEAD ")) or not target.startswith(b"/"):
        return _answer(b"421 Misdirected Request", b"")
    return _answer(b"307 Temporary Redirect", b"Location: http://127.0.0.1:%d%s\r\n" % (port, target))


def _answer(status: bytes, headers: bytes) -> bytes:
    text = b"This port is a machine's. Its address begins with http://127.0.0.1, not with http://localhost.\n"
    facts = b"Content-Type: text/plain\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: %d\r\n" % len(
        text
    )
    return b"HTTP/1.1 " + status + b"\r\n" + headers + facts + b"\r\n" + text
