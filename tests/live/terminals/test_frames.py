"""Frames of a terminal: what is read, and what is told of all others; and how much is sent that nobody acknowledges."""

import pytest

from portal.live.terminals import frames, window
from portal.live.terminals.frames import Ack, BadFrame, Close, Ping, Resize
from portal.live.terminals.window import Window


def test_frames_are_read() -> None:
    assert frames.read('{"type": "resize", "cols": 132, "rows": 50}') == Resize(132, 50)
    assert frames.read('{"type": "ack", "bytes": 4096}') == Ack(4096)
    assert frames.read('{"type": "close"}') == Close()
    assert frames.read('{"type": "ping"}') == Ping()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is JSON"), ("ls -la", "is JSON"), ("[]", "object"), ("3", "object"), ("[" * 190, "is JSON"), ('{"type": "ack"}', '"bytes"'),
        ('{"type": "shut"}', "resize"), ("{}", "resize"), ('{"type": ["ack"], "bytes": 1}', "resize"), ("x" * 201, "at most 200"),
        *((f'{{"type": "resize", "cols": {cols}, "rows": 24}}', '"cols"') for cols in ("0", "-1", "100000", '"80"', "80.0", "true", "null", "1e9")),
        ('{"type": "ack", "bytes": 0}', '"bytes"'), ('{"type": "ack", "bytes": -5}', '"bytes"'), ('{"type": "ack", "bytes": NaN}', '"bytes"'),
    ],
)  # fmt: skip
def test_others_are_told_why(text: str, why: str) -> None:
    with pytest.raises(BadFrame, match=why):
        frames.read(text)


def test_a_window_is_full_at_its_limit() -> None:
    one = Window()
    one.given(window.MOST)
    assert one.is_full
    one.acknowledged(1000)
    assert not one.is_full


def test_nobody_acknowledges_more_than_was_given() -> None:
    one = Window()
    one.given(10)
    with pytest.raises(BadFrame, match="More"):
        one.acknowledged(11)
    assert one.unacknowledged == 10
