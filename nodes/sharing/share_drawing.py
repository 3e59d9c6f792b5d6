"""Draw the picture that a donor shares: 1200 x 630, the size that pages of others show."""

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext, override
from PIL import Image, ImageDraw, ImageFont

from nodes.printing import fonts
from nodes.sharing.share_picture import Shown

WIDTH, HEIGHT = 1200, 630
_TWICE = 2  # drawn so large, and made smaller: slanted edges become smooth
_PAPER, _INK, _SOFT, _BRAND, _GOLD, _GREEN = "#f3f4f1", "#1d232b", "#535d68", "#8c1d52", "#f5b83d", "#2f8f78"
_LEFT, _LEAST_TITLE = 72, 40
# Latin, Greek, Cyrillic and their neighbours; Vietnamese; punctuation and signs.
_ALONE = (
    range(0x590),
    range(0x1E00, 0x2000),
    range(0x2010, 0x2028),
    range(0x2030, 0x205F),
    range(0x2070, 0x20D0),
    range(0x2100, 0x2C00),
)
_MARK = [(4.5, 26), (4.5, 15.6), (10.7, 9.4), (16, 14.7), (21.3, 9.4), (27.5, 15.6), (27.5, 26), (22.5, 26), (22.5, 17.7),
         (21.3, 16.5), (16, 21.8), (10.7, 16.5), (9.5, 17.7), (9.5, 26)]  # fmt: skip
_STONE = [(16, 3.6), (19.4, 7), (16, 10.4), (12.6, 7)]


def figures(facts: Shown) -> list[tuple[str, str]]:
    """Return each number and what it counts, in the active language."""
    found = [
        (facts.computers, ngettext("computer", "computers", facts.computers)),
        (facts.hours, ngettext("hour in service", "hours in service", facts.hours)),
        (facts.people, npgettext("picture", "person", "people", facts.people)),
    ]
    return [(number_format(number, force_grouping=True), words) for number, words in found if number]


def can_draw(text: str) -> bool:
    """Say whether the font is here and has every letter, and they stand one after another: no script that joins letters, or runs to the left."""
    if fonts.missing():
        return False
    font = _font(True, 20)
    nothing = bytes(font.getmask("\U0010ffff"))
    return all(mark.isspace() or (_stands_alone(mark) and bytes(font.getmask(mark)) != nothing) for mark in text)


def _stands_alone(mark: str) -> bool:
    return any(ord(mark) in block for block in _ALONE)


@lru_cache(maxsize=64)
def png(facts: Shown) -> bytes:
    """Return the picture. Raises FontsMissing."""
    if fonts.missing():
        fonts.register()  # raises, and says so in the log
    picture = Image.new("RGB", (WIDTH * _TWICE, HEIGHT * _TWICE), _PAPER)
    draw = ImageDraw.Draw(picture)
    with override(facts.language):
        _band(draw)
        _mark(draw, _LEFT, 78, 84)
        _text(draw, (_LEFT + 106, 120), "Minga", _font(True, 46), _INK, "lm")
        _title(draw, facts.words if facts.words and can_draw(facts.words) else facts.title)
        _figures(draw, figures(facts))
        line = _("Old computers, given by many, a machine for everyone.")
        _text(draw, (_LEFT, 564), line, _font(False, _size(line, False, 30, WIDTH - 2 * _LEFT)), _SOFT, "lm")
    out = BytesIO()
    picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).quantize(128).save(out, "PNG", optimize=True)
    return out.getvalue()


def _title(draw: ImageDraw.ImageDraw, title: str) -> None:
    """Write the donor's words, or a title of ours; long ones on two lines."""
    width = WIDTH - 2 * _LEFT
    lines = [title] if _size(title, True, 56, width) >= _LEAST_TITLE else _halves(title)
    size = min(_size(line, True, 56 if len(lines) == 1 else 46, width) for line in lines)
    for place, line in enumerate(lines):
        top = 236 + (place - (len(lines) - 1) / 2) * size * 1.2
        _text(draw, (_LEFT, top), line, _font(True, size), _INK, "lm")


def _halves(text: str) -> list[str]:
    """Split a text at the blank that is nearest to its middle; a single word stays whole."""
    blanks = [at for at, mark in enumerate(text) if mark == " "]
    middle = min(blanks, key=lambda at: abs(at - len(text) / 2), default=0)
    return [text[:middle], text[middle + 1 :]] if middle else [text]


def _figures(draw: ImageDraw.ImageDraw, found: list[tuple[str, str]]) -> None:
    width = (WIDTH - 2 * _LEFT) / 3
    size = min((_size(number, True, 96, width - 48) for number, _words in found), default=0)
    for place, (number, words) in enumerate(found):
        left = _LEFT + place * width
        _text(draw, (left, 386), number, _font(True, size), _BRAND, "lm")
        _text(draw, (left, 470), words, _font(False, _size(words, False, 30, width - 32)), _INK, "lm")


def _band(draw: ImageDraw.ImageDraw) -> None:
    """Draw the woven band at the top: steps in two colours."""
    step, tall = 6, 24
    _box(draw, 0, 0, WIDTH, tall, _BRAND)
    for place, left in enumerate(range(0, WIDTH, 12 * step)):
        for row in range(4):
            _box(draw, left + row * step, tall - (row + 1) * step, left + (10 - row) * step, tall - row * step,
                 _GREEN if place % 2 else _GOLD)  # fmt: skip


def _mark(draw: ImageDraw.ImageDraw, left: float, top: float, size: float) -> None:
    scale = size / 32
    box = (left * _TWICE, top * _TWICE, (left + size) * _TWICE, (top + size) * _TWICE)
    draw.rounded_rectangle(box, 7 * scale * _TWICE, _BRAND)
    for shape, colour in ((_MARK, "#ffffff"), (_STONE, _GOLD)):
        draw.polygon(list(_moved(shape, left, top, scale)), colour)


def _moved(
    shape: Iterable[tuple[float, float]], left: float, top: float, scale: float
) -> Iterable[tuple[float, float]]:
    return (((left + x * scale) * _TWICE, (top + y * scale) * _TWICE) for x, y in shape)


def _box(draw: ImageDraw.ImageDraw, left: float, top: float, right: float, bottom: float, colour: str) -> None:
    draw.rectangle((left * _TWICE, top * _TWICE, right * _TWICE - 1, bottom * _TWICE - 1), colour)


def _text(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    font: ImageFont.FreeTypeFont,
    colour: str,
    anchor: str,
) -> None:
    draw.text((at[0] * _TWICE, at[1] * _TWICE), text, colour, font, anchor)


def _size(text: str, is_bold: bool, most: int, width: float) -> int:
    """Return the size, `most` at most, at which the text is no wider than `width`."""
    wide = _font(is_bold, most).getlength(text) / _TWICE
    return most if wide <= width else max(10, int(most * width / wide))


@lru_cache(maxsize=32)
def _font(is_bold: bool, size: int) -> ImageFont.FreeTypeFont:
    name = fonts.BOLD if is_bold else fonts.PLAIN
    return ImageFont.truetype(str(fonts.FOLDER / f"{name}.ttf"), size * _TWICE, layout_engine=ImageFont.Layout.BASIC)
