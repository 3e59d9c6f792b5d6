"""Events for programs, over a websocket: each is one text frame of JSON."""

import json
from time import monotonic
from typing import Any

from portal.live.entry import Entry, check, enter
from portal.live.hub import Hub
from portal.live.reading import read
from portal.live.sse import last_seen
from portal.live.stream import Message

FRAMES_A_SECOND, FRAMES_AT_ONCE = 20.0, 40.0  # that a program may send; nothing is read from them
CODES = {"restart": 1012, "rights": 1008, "flood": 1008, "unsure": 1013}


class Meter:
    """A limit on the frames that may come in a moment."""

    def __init__(self, a_second: float = FRAMES_A_SECOND, at_once: float = FRAMES_AT_ONCE) -> None:
        self.a_second, self.at_once = a_second, at_once
        self.left, self.at = at_once, monotonic()

    def is_beyond(self) -> bool:
        now = monotonic()
        self.left = min(self.at_once, self.left + self.a_second * (now - self.at)) - 1
        self.at = now
        return self.left < 0


async def serve(hub: Hub, scope: Any, receive: Any, send: Any) -> str:
    """Send events for as long as the program stays and may. Return why it ended. Raises Refused before it is let in."""
    await receive()  # that it would like to connect
    check(scope)
    await hub.take_turn(scope, receive)
    entry: Entry = await read(enter, scope)
    is_begun = False

    async def deliver(messages: list[Message], why: str) -> None:
        nonlocal is_begun
        if not is_begun:
            is_begun = True
            await send({"type": "websocket.accept"})
        for message in messages:
            await send({"type": "websocket.send", "text": _written(message)})
        if why:
            await send({"type": "websocket.close", "code": CODES.get(why, 1011), "reason": why})

    stream = await hub.open(entry, deliver, last_seen(scope))
    meter = Meter()
    try:
        while (await receive())["type"] == "websocket.receive":
            if meter.is_beyond():
                stream.end("flood")
    finally:
        hub.close(stream)
    return stream.ended or "left"


def _written(message: Message) -> str:
    kind, _blank, key = message.data.partition(" ")
    facts = {"kind": kind, "id": key} if message.name == "change" else {"data": message.data}
    return json.dumps({"event": message.name, **facts, **({"last": message.id} if message.id else {})})
