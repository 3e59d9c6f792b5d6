"""Read the photos that a form sent: each is taken, or has a sentence with its name; none stops another."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.donors import donor_limits
from lib.notes import Refusal
from nodes.files import photo_bytes
from nodes.files.photo_bytes import Picture
from portal.request_facts import address_of

FIELD = "photos"
MOST_BYTES = 46_000_000  # of a form: three photos as they come from a camera, and what is typed
MOST_SHOWN = 60  # characters of a file's name


def take(
    files: "Iterable[UploadedFile[bytes]]", keep: Callable[[Picture], Any], *, before: Callable[[], None] | None = None
) -> list[str]:
    """Read each photo and hand it to `keep`. Returns a sentence for each that was refused, by either.

    before: is called before each is read, and may refuse it.
    """
    return [f"{name_of(file)}: {why}" for file in files if (why := _take(file, keep, before))]


def _take(file: "UploadedFile[bytes]", keep: Callable[[Picture], Any], before: Callable[[], None] | None) -> str:
    try:
        if before is not None:
            before()
        keep(photo_bytes.read(file.read(photo_bytes.MOST_BYTES + 1)))
    except Refusal as refusal:
        return str(refusal)
    return ""


def counted(request: HttpRequest) -> Callable[[], None]:
    """Return what counts a photo of a donor for their network address, and refuses beyond the limit."""
    address = address_of(request)
    return lambda: donor_limits.photo(address=address)


def name_of(file: "UploadedFile[bytes]") -> str:
    """Return the name of a file as people read it, without what would break a line or reverse it."""
    name = "".join(c for c in file.name or "" if c.isprintable()).strip() or _("A photo")
    return name if len(name) <= MOST_SHOWN else f"{name[: MOST_SHOWN - 1]}…"


def sent(request: HttpRequest) -> "list[UploadedFile[bytes]]":
    """Return the photos of a form; a field that stayed empty sends none."""
    return [
        file for file in request.FILES.getlist(FIELD) if isinstance(file, UploadedFile) and (file.size or file.name)
    ]
