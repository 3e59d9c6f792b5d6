"""The fonts of printed pages: all of Latin, and a sentence where they are missing."""

from pathlib import Path

import pypdfium2
import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.platypus import PageBreak

from nodes.printing import fonts, page_furniture
from portal.ops import health


def test_they_have_the_letters_of_every_name() -> None:
    fonts.register()
    letters = "ŁąłęśćżźńĄĘŚÑñáéíóúüÜçÇãõøØåÅßğİıșțăâîđĐčČžŽőűœŒæÆẽĩũ·–—“”×°€"
    for name in (fonts.PLAIN, fonts.BOLD):
        assert set(map(ord, letters)) <= set(pdfmetrics.getFont(name).face.charToGlyph)


def test_where_one_is_missing_readyz_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert health.printing() == health.Part(health.OK)
    monkeypatch.setattr(fonts, "FOLDER", tmp_path)
    part = health.printing()
    assert (part.state, "DejaVuSans.ttf" in part.why, "deploy.local.assets" in part.why) == ("degraded", True, True)


def test_where_one_is_missing_nothing_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fonts, "FOLDER", tmp_path)
    monkeypatch.setattr(pdfmetrics, "getRegisteredFontNames", list)
    with pytest.raises(fonts.FontsMissing, match="a font is missing"):
        fonts.register()


def test_a_long_foot_ends_before_the_number_of_the_page() -> None:
    story = [page_furniture.paragraph("a"), PageBreak(), page_furniture.paragraph("b")]
    pdf = page_furniture.pdf(story, title="A", foot="Foot " * 30 + "Z")
    words = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    first, last = words.search("Page 1 of 2").get_next()[0], words.search("Z").get_next()[0]
    assert words.get_charbox(last)[2] < words.get_charbox(first)[0]


def test_only_the_words_of_a_table_are_paragraphs() -> None:
    table = page_furniture.ledger(["By", "Hours"], [["A <b>", "1"]] * 2, (0.5, 0.5))
    kinds = [[type(cell).__name__ for cell in row] for row in table._cellvalues]
    assert kinds == [["Paragraph", "Paragraph"], ["Paragraph", "str"], ["Paragraph", "str"]]
