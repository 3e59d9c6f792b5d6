"""All that is kept of a donor, for themselves: a ZIP with minga-donor.json and their photos as files, made while it is sent.

No more than a part of one file is in memory, however many photos there are.
"""

from collections.abc import Iterator
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.utils import timezone

from accounts.models import Donor
from nodes.files import file_store
from nodes.models import Photo
from portal.presenters.donor_data import batches, file_name, kept

TEXT = "minga-donor.json"
CHUNK = 64 * 1024  # bytes


class _Outlet:
    """The end at which a ZIP comes out: a file that is only written to, and never gone back in."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: `take` is asked whenever there may be something."""

    def take(self) -> Iterator[bytes]:
        """Yield what was written since the last time; nothing where that is nothing."""
        found, self._parts = b"".join(self._parts), []
        if found:
            yield found


def zipped(donor: Donor) -> Iterator[bytes]:
    """Yield the parts of the ZIP, none of them empty."""
    out = _Outlet()
    with ZipFile(out, "w") as archive:  # type: ignore[call-overload]  # it asks for no more than write and flush
        with archive.open(_entry(TEXT, timezone.now(), ZIP_DEFLATED), "w") as file:
            for part in kept(donor):
                file.write(part.encode())
                yield from out.take()
        for photo in batches(Photo.objects.filter(donation__donor=donor, is_donors=True).select_related("file")):
            yield from _photo(archive, photo, out)
    yield from out.take()


def _photo(archive: ZipFile, photo: Photo, out: _Outlet) -> Iterator[bytes]:
    """Write a photo; none where FILES_DIR lacks it, as the text says too."""
    try:
        source = file_store.opened(photo.file)
    except FileNotFoundError:
        return
    with source, archive.open(_entry(file_name(photo), photo.added_at, ZIP_STORED), "w") as file:
        while chunk := source.read(CHUNK):
            file.write(chunk)
            yield from out.take()


def _entry(name: str, at: datetime, how: int) -> ZipInfo:
    year, month, day, hour, minute, second = timezone.localtime(at).timetuple()[:6]
    entry = ZipInfo(name, (max(year, 1980), month, day, hour, minute, second))  # a ZIP knows no year before
    entry.compress_type, entry.external_attr = how, 0o644 << 16
    return entry
