"""The pulse of the dashboard: how far the database's clock is from ours, in words. All in memory."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from portal.dashboard.figures import Beat, pulse
from portal.dashboard.snapshot import Snapshot

NOW = datetime(2026, 11, 28, 14, 32, tzinfo=UTC)


def clock(seconds: float) -> Beat:
    [beat] = [
        beat
        for beat in pulse(Snapshot(NOW, clock_ahead=timedelta(seconds=seconds)), None)
        if "atabase" in beat.text or "datos" in beat.text
    ]
    return beat


@pytest.mark.parametrize(
    ("seconds", "text", "tone"),
    [
        (0, "the database's and ours agree", "on"),
        (1.9, "the database's and ours agree", "on"),
        (-1.9, "the database's and ours agree", "on"),
        (4, "the database's is 4 seconds ahead of ours", "on"),
        (-121, "the database's is 2 minutes behind ours", "busy"),
        (7300, "the database's is 2 hours ahead of ours", "busy"),
    ],
)
def test_the_clock_is_told_in_words(seconds: float, text: str, tone: str) -> None:
    beat = clock(seconds)
    assert (beat.text, beat.tone) == (text, tone)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "el de la base de datos y el nuestro coinciden"),
        (-121, "el de la base de datos va 2 minutos por detrás del nuestro"),
    ],
)
def test_the_clock_is_told_in_spanish(seconds: float, text: str) -> None:
    with override("es"):
        assert clock(seconds).text == text
