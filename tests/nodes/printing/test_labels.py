"""Labels, printed and read back by a decoder."""

from typing import Any

import pypdfium2
import pytest
from django.utils.translation import override

from nodes.models import Computer
from nodes.printing import labels
from tests.nodes.printing.printed import DPI, codes, pages

MM = DPI / 25.4


@pytest.fixture
def two(settings: Any) -> list[Computer]:
    """Two computers that are in no database; the second has a number of seven digits."""
    settings.PORTAL_URL = "https://labs.example.org"
    return [Computer(pk=127, kind="desktop"), Computer(pk=1234567, kind="laptop")]


ADDRESSES = ["https://labs.example.org/c/MNG-00127-4/"] * 3 + ["https://labs.example.org/c/MNG-1234567-0/"] * 3


def side(code: Any) -> float:
    """Return how wide a code was printed, in mm."""
    place = code.position
    return float((place.top_right.x - place.top_left.x) / MM)


def test_each_code_on_a_sheet_leads_to_its_computer(two: list[Computer]) -> None:
    found = codes(labels.sheets(two))
    assert sorted(code.text for code in found) == ADDRESSES
    assert {code.ec_level for code in found} == {"M"}
    assert min(map(side, found)) >= 18


def test_each_code_on_a_roll_leads_to_its_computer(two: list[Computer]) -> None:
    pdf = labels.roll(two)
    found = [code for page in range(6) for code in codes(pdf, page)]
    assert [code.text for code in found] == ADDRESSES
    assert min(map(side, found)) >= 18


def test_a_long_address_still_fits_with_its_white(two: list[Computer], settings: Any) -> None:
    settings.PORTAL_URL = "https://computadoras.laboratorios.universidad-nacional.example.org"
    [code] = codes(labels.roll(two[1:]), 0)
    place, white = code.position, 4 * side(code) * MM / 37
    assert min(place.top_left.x, place.top_left.y, 25 * MM - place.bottom_left.y) >= white - 3


@pytest.mark.parametrize(
    ("language", "parts"), [("en", ["Case", "Inside", "Disk"]), ("es", ["Carcasa", "Por dentro", "Disco"])]
)
def test_a_label_says_its_number_and_its_place(two: list[Computer], language: str, parts: list[str]) -> None:
    with override(language):
        assert pages(labels.roll(two[:1])) == [f"MNG 00127-4 {part}" for part in parts]


def test_a_used_sheet_is_printed_from_the_label_that_is_left(two: list[Computer]) -> None:
    pdf = labels.sheets(two, begin=23)
    assert [len(codes(pdf, page)) for page in (0, 1)] == [2, 4]
    assert min(code.position.top_left.x for code in codes(pdf)) > 70 * MM


def test_all_is_moved_for_a_printer_that_is_off(two: list[Computer]) -> None:
    straight, moved = (
        codes(labels.sheets(two[:1], **by))[0].position.top_left for by in ({}, {"right": 3.0, "down": 2.0})
    )
    assert ((moved.x - straight.x) / MM, (moved.y - straight.y) / MM) == pytest.approx((3, 2), abs=0.2)


def test_nothing_stands_where_printers_do_not_reach(two: list[Computer]) -> None:
    picture = pypdfium2.PdfDocument(labels.sheets(two * 4))[0].render(scale=DPI / 72).to_pil().convert("L")
    left, top, right, bottom = picture.point(lambda shade: 255 - shade).getbbox()
    assert min(left, top, picture.width - right, picture.height - bottom) >= 5 * MM - 2


def test_the_white_around_a_code_is_four_modules(two: list[Computer]) -> None:
    pdf = labels.roll(two[:1])
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=DPI / 72).to_pil().convert("L")
    place = codes(pdf)[0].position
    module = side(codes(pdf)[0]) * MM / 29
    gap = picture.crop((int(place.top_right.x) + 4, 0, int(place.top_right.x + 4 * module) - 2, picture.height))
    assert gap.getextrema() == (255, 255)
