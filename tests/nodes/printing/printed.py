"""Printed pages, read back: their words, and the QR codes that a phone would find on them."""

from typing import Any

import pypdfium2
import zxingcpp

DPI = 300


def pages(pdf: bytes) -> list[str]:
    """Return the words of each page."""
    return [" ".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(pdf)]


def codes(pdf: bytes, page: int = 0) -> list[Any]:
    """Return the codes of a page. Their positions are in dots of 1/300 inch."""
    picture = pypdfium2.PdfDocument(pdf)[page].render(scale=DPI / 72).to_pil()
    return list(zxingcpp.read_barcodes(picture))
