"""Requests and answers as JSON over HTTP. The standard library only: a command line that imports this starts quickly."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, IncompleteRead
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from .errors import MingaError, NotSignedIn, OtherServer, Refused, Unreachable

TRIES = 4
REPEATABLE = ("GET", "POST")  # without an answer: a second DELETE would be refused, although the first was done
CHUNK = 1 << 20  # bytes of a download
LARGEST = 32 << 20  # bytes of an answer; downloads are not read through here
LONGEST_PAUSE = 60.0  # seconds; who is told to wait longer gets the refusal
_NEXT = re.compile(r'<([^>]*)>; rel="next"')


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: the JSON of its body (None for an empty one), and the address of the next page or ''."""

    data: Any
    next_page: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """No address that this client asks redirects, and a token must not follow to another host."""

    def redirect_request(self, *args: Any) -> None:
        return None


class Transport:
    """Speaks with one portal. A proxy is taken from the environment (https_proxy)."""

    def __init__(
        self, url: str, token: str, *, timeout: float, tries: int = TRIES, pause: Callable[[float], None] | None = None
    ) -> None:
        self.url, self.token, self.timeout, self.tries = url.rstrip("/"), token, timeout, tries
        self.pause = pause or time.sleep
        if not _is_address(self.url):
            raise Unreachable(f"“{url}” is no address: it begins with https://.")
        if not (token.isascii() and token.isprintable()):
            raise NotSignedIn(401, "authentication_failed", "This is no token: it has characters that none has.")
        self._opener = urllib.request.build_opener(_NoRedirect())

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """Send a request, once more where that may help, and return its answer. Raises MingaError."""
        given = {name: value for name, value in query.items() if value not in (None, "", False)}
        address = f"{self.url}/api/v1/{path}" + (f"?{urlencode(given, errors='replace')}" if given else "")
        return self._repeatedly(self._request(method, address, body))

    def follow(self, address: str) -> Answer:
        """Read a page that the one before told of: of this portal only."""
        try:
            theirs, ours = urlsplit(address), urlsplit(self.url)
        except ValueError:
            raise OtherServer("The portal's list goes on at what is no address.") from None
        return self._repeatedly(
            self._request("GET", theirs._replace(scheme=ours.scheme, netloc=ours.netloc).geturl(), None)
        )

    def open(self, path: str, *, start: int = 0) -> IO[bytes]:
        """Open a download from this byte on. Raises MingaError."""
        request = self._request("GET", f"{self.url}/api/v1/{path}", None)
        if start:
            request.add_header("Range", f"bytes={start}-")
        return self._open(request)

    def chunks(self, source: IO[bytes]) -> Iterator[bytes]:
        """Go through what comes of a download. Raises Unreachable where it breaks off."""
        try:
            while chunk := source.read(CHUNK):
                yield chunk
            if getattr(source, "length", None):  # bytes that did not come
                raise IncompleteRead(b"")
        except (HTTPException, OSError) as error:
            raise self._unreachable(error) from None

    def _request(self, method: str, address: str, body: Any) -> urllib.request.Request:
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:  # bytes are a photo, whose kind the portal reads in it
            headers["Content-Type"] = "image/jpeg" if isinstance(body, bytes) else "application/json"
        if method == "POST":  # one for all tries: what was done and not heard is not done again
            headers["Idempotency-Key"] = str(uuid4())
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return urllib.request.Request(address, data, headers, method=method)

    def _repeatedly(self, request: urllib.request.Request) -> Answer:
        for attempt in range(1, self.tries + 1):
            try:
                return self._once(request)
            except (Unreachable, Refused) as error:
                wait = _pause(error, request.get_method(), attempt) if attempt < self.tries else None
                if wait is None:
                    raise
                self.pause(wait)
        raise AssertionError("the last try returns or raises")

    def _once(self, request: urllib.request.Request) -> Answer:
        with self._open(request) as response:
            try:
                body = _whole(response)
            except (HTTPException, OSError) as error:  # the connection breaks, or says no more
                raise self._unreachable(error) from None
            return _answer(body, response.headers)  # type: ignore[attr-defined]

    def _open(self, request: urllib.request.Request) -> IO[bytes]:
        try:
            return self._opener.open(request, timeout=self.timeout)  # type: ignore[no-any-return]
        except HTTPError as error:
            raise self._refused(error) from None
        except (HTTPException, OSError, UnicodeError) as error:  # UnicodeError: a name that no network has
            raise self._unreachable(error) from None

    def _refused(self, error: HTTPError) -> MingaError:
        try:
            with error:
                return _refusal(error, _whole(error))
        except (HTTPException, OSError) as broken:
            return self._unreachable(broken)

    def _unreachable(self, error: Exception) -> Unreachable:
        why = getattr(error, "reason", None) or error
        return Unreachable(f"{self.url} does not answer ({why}). Is the network there, and the address right?")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port that is no number
        return False


def _whole(response: IO[bytes]) -> bytes:
    """Return the body, or a little more than LARGEST of it. Raises IncompleteRead, which read(n) does not."""
    body = response.read(LARGEST + 1)
    if len(body) <= LARGEST and getattr(response, "length", None):  # bytes that did not come
        raise IncompleteRead(body)
    return body


def _answer(body: bytes, headers: HTTPMessage) -> Answer:
    if len(body) > LARGEST:
        raise OtherServer("What answers at this address is no Minga: it says more than any Minga does.")
    found = _NEXT.search(headers.get("Link", ""))
    try:
        return Answer(json.loads(body) if body else None, found[1] if found else "")
    except (ValueError, RecursionError):
        raise OtherServer("What answers at this address is no Minga: it does not speak JSON.") from None


def _refusal(error: HTTPError, body: bytes) -> MingaError:
    """Read a problem detail (RFC 9457)."""
    try:
        problem = json.loads(body)
        errors = tuple((each["field"], each["detail"]) for each in problem.get("errors", []))
        ways = tuple(str(each["detail"]) for each in problem.get("ways_out", []))
        kind = NotSignedIn if error.code == 401 else Refused
        wait = error.headers.get("Retry-After", "")
        seconds = float(wait) if wait.isdigit() else None
        return kind(error.code, problem["code"], problem["detail"], errors, seconds, ways)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return OtherServer(f"What answers at this address is no Minga, or a very old one (status {error.code}).")


def _pause(error: MingaError, method: str, attempt: int) -> float | None:
    """Return after how many seconds to try again; None where that does not help."""
    if isinstance(error, Refused):  # nothing was done
        return error.retry_after if error.retry_after is not None and error.retry_after <= LONGEST_PAUSE else None
    return 0.5 * 2**attempt if method in REPEATABLE else None
