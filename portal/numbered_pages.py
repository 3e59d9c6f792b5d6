"""Lists on the site's pages, a numbered page at a time: `?page=2`."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

ROWS = 25  # of one page, unless its list says otherwise


def page_of(request: HttpRequest, rows: Any, size: int = ROWS) -> Page[Any]:
    """Return the page of a list that `?page=` asks for: the first for what is no number, the last for one beyond it."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
