"""Answer with a printed page. Whoever calls has found by portal.access that the reader may see it."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def answer(pdf: bytes, name: str, *, is_kept: bool = False) -> HttpResponse:
    """Show a PDF under a plain file name. is_kept: it is downloaded instead. No cache keeps it: it may carry a name."""
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = str(content_disposition_header(is_kept, name))
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
