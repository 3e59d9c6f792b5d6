"""Answer with a file of people. Whoever calls has found by portal.access that the reader may see it."""

from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from nodes.files import file_store, photo_bytes
from nodes.models import StoredFile

# A page of its own, in which nothing runs and which nothing else may show: the file may have been made to do harm.
POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


def answer(file: StoredFile, name: str) -> HttpResponseBase:
    """Send a file. Photos, which are written by us and small, are shown; all else is downloaded. Raises Http404 where the bytes are lost."""
    try:
        bytes_of = file_store.opened(file)
    except FileNotFoundError:
        raise Http404 from None
    response: HttpResponseBase
    if file.media_type == photo_bytes.MEDIA_TYPE:
        with bytes_of:
            response = HttpResponse(bytes_of.read(), content_type=file.media_type)
        response["Content-Disposition"] = content_disposition_header(False, name) or "inline"
    else:
        response = FileResponse(bytes_of, as_attachment=True, filename=name, content_type=file.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = POLICY
    return response
