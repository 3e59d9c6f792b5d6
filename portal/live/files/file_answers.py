"""Answers about files: JSON, and for whatever was refused a code, a status, and a sentence in the person's language."""

import json
from typing import Any

from django.utils.translation import gettext_noop as _
from django.utils.translation import override

from lib.notes import Note, Refusal
from machines.guest_files.file_faults import FileFault
from portal.live.entry import Refused
from portal.live.files.pace import Pace
from portal.live.sse import for_origin

STATUS = {
    "not_found": 404, "no_permission": 403, "disk_full": 507, "name_too_long": 400, "odd_name": 400, "refused_name": 400, "bad_range": 400,
    "bad_size": 400, "bad_sum": 400, "bad_verb": 400, "no_answer": 504, "cut": 503, "failed": 502, "too_large": 413, "slow": 408,
    "other_sum": 422,
}  # fmt: skip
USUAL_STATUS = 409
READER_SECONDS = 300.0  # the longest pause of who reads an answer. The system keeps up to some MB, of which a slow line takes minutes
SENTENCES = {
    401: _("You are signed out, or this link was used already. Sign in and try again."),
    403: _("You may not do this."),
    404: _("There is no such machine."),
    405: _("This address takes no requests of this kind."),
    429: _("That was too much at once. Try again in a moment."),
    503: _("Minga cannot do this just now. Try again in a moment."),
}
WRONG = _("This request cannot be understood.")
SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),  # a file of a guest is never shown as a page
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
]
PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, PUT, POST, DELETE"),
    (b"access-control-allow-headers", b"content-range, content-type"),
    (b"access-control-max-age", b"600"),
    (b"content-length", b"0"),
]


class Answering:
    """The answer to one request. `origin`: the headers for a page at another address of ours; set once that was checked."""

    def __init__(self, send: Any, request_id: str) -> None:
        self._send, self._request_id = send, request_id
        self.language = "en"
        self.is_let_in = False
        self.is_page = False  # it is shown to a person as it comes
        self.origin: list[tuple[bytes, bytes]] = []
        self.has_begun = self.is_complete = False
        self._pace = Pace(READER_SECONDS)

    def let_page_read(self, scope: Any) -> None:
        """Let the page that asks read the answer. The caller has checked that it is one of ours."""
        self.origin = for_origin(scope)

    async def json(self, status: int, facts: dict[str, Any], *headers: tuple[bytes, bytes]) -> None:
        body = json.dumps(facts, ensure_ascii=False).encode()
        await self.begin(
            status, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *headers
        )
        await self.go_on(body, more=False)

    async def begin(self, status: int, *headers: tuple[bytes, bytes]) -> None:
        self.has_begun = True
        those = [*headers, *SAFE, *self.origin, (b"x-request-id", self._request_id.encode())]
        await self._send({"type": "http.response.start", "status": status, "headers": those})

    async def go_on(self, body: bytes, *, more: bool = True) -> None:
        """Send a part, when the reader has taken those before it. Raises FileFault for one who takes next to nothing."""
        self.is_complete = not more
        try:
            await self._pace.wait(self._send({"type": "http.response.body", "body": body, "more_body": more}))
        except TimeoutError:
            self.is_complete = False
            raise FileFault("slow") from None
        self._pace.moved(len(body))

    async def refuse(self, error: Exception) -> str:
        """Say why not, unless an answer has begun: that one is left without its end, so that nobody takes it for whole. Return the code."""
        status, code, note, facts = _meaning(error)
        if not self.has_begun:
            with override(self.language):
                detail = str(note)
            retry = [(b"retry-after", b"2")] if status in (408, 429, 503) else []
            if self.is_page:
                return await self._say(status, detail, code)
            await self.json(status, {"code": code, "detail": detail, **facts}, *retry)
        return code

    async def _say(self, status: int, sentence: str, code: str) -> str:
        body = f"{sentence}\n".encode()
        kind = (b"content-type", b"text/plain; charset=utf-8")
        await self.begin(status, kind, (b"content-length", b"%d" % len(body)))
        await self.go_on(body, more=False)
        return code


def _meaning(error: Exception) -> tuple[int, str, Note, dict[str, Any]]:
    if isinstance(error, FileFault):
        return STATUS.get(error.code, USUAL_STATUS), error.code, error.note, error.facts
    if isinstance(error, Refusal):
        return error.status, error.code, error.note, {}
    status, code = (error.status, error.reason) if isinstance(error, Refused) else (503, "error")
    return status, code, Note(SENTENCES.get(status, WRONG)), {}
