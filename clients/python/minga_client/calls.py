"""Ask the portal for one thing, or for all pages of a list."""

from collections.abc import Iterator
from typing import Any, TypeVar

from .decoding import decode, decode_all
from .transport import Transport

T = TypeVar("T")


class Calls:
    """The calls that all methods of a client are made of."""

    _transport: Transport

    def _one(self, kind: type[T], method: str, path: str, body: Any = None) -> T:
        return decode(kind, self._transport.ask(method, path, body).data)

    def _all(self, model: type[T], path: str, /, **query: Any) -> Iterator[T]:
        answer = self._transport.ask("GET", path, **query)
        yield from decode_all(model, answer.data)
        while answer.next_page:
            answer = self._transport.follow(answer.next_page)
            yield from decode_all(model, answer.data)
