"""Room for Python's frames, taken once for a whole request.

CPython keeps frames in chunks of 16 KiB. Where a chunk happens to end within a loop (of templates or of queries, some ninety
calls below the server), each turn of the loop asks the system for a chunk and gives it back: up to a thousand page faults and
two thirds of a page's processor time. How deep that is depends on the server and on the page.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Of 8 bytes, so the chunk has 128 KiB: what this frame leaves is room for some three hundred further ones.
SLOTS = 9_000


class StackRoom:
    """Must be the outermost, so that the whole request runs in the one chunk."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)  # type: ignore[no-any-return]


# A frame that claims so large a stack gets a chunk that is larger than it. No memory is touched that is not used.
StackRoom.__call__.__code__ = StackRoom.__call__.__code__.replace(co_stacksize=SLOTS)
