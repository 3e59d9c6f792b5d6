"""Amounts of what is counted."""

from dataclasses import replace

import pytest

from lib.measures import MEASURES, Size

ROOM = Size(1, 2, 512, 4, 3, 1, 10)


def test_a_size_fits_in_exactly_as_much() -> None:
    assert ROOM.fits_in(ROOM)


@pytest.mark.parametrize("measure", MEASURES)
def test_one_measure_too_many_does_not_fit(measure: str) -> None:
    assert not replace(ROOM, **{measure: getattr(ROOM, measure) + 1}).fits_in(ROOM)
