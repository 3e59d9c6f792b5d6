"""The photos of an offer's form. A browser does not send a chosen file twice, so good ones are kept until the offer is made."""

from collections.abc import Sequence

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from nodes.files import photos
from nodes.files.photo_bytes import Picture
from nodes.files.photos import MOST_OF_DONOR
from nodes.models import Photo
from portal import photo_tickets, sent_photos
from portal.presenters.shown_photos import ShownPhoto

KEPT, DROP = "photo", "drop"  # names of fields: the ticket of a photo that is kept, and of the one to leave out


class OfferPhotos:
    """The photos of one form: those that are kept, and what is wrong with others, in sentences."""

    def __init__(self, data: QueryDict | None) -> None:
        tickets = data.getlist(KEPT)[:MOST_OF_DONOR] if data is not None else []
        self.faults: list[str] = []
        self._tickets = [ticket for ticket in tickets if data is None or ticket != data.get(DROP)]

    @cached_property
    def rows(self) -> list[Photo]:
        """Return the photos that are kept; of one that no longer is, say so."""
        named = [pk for ticket in self._tickets if (pk := photo_tickets.read(ticket)) is not None]
        found = photos.waiting(named)
        if len(found) < len(self._tickets):
            self.faults.append(_("A photo is kept for a day only, and yours is gone. Choose it again."))
        return found

    def take(self, request: HttpRequest) -> None:
        """Read what was sent with the form, as far as there is room for it."""
        files = sent_photos.sent(request)
        room = max(0, MOST_OF_DONOR - len(self.rows))
        self.faults += sent_photos.take(files[:room], self._keep, before=sent_photos.counted(request))
        self.faults += [_too_many(file) for file in files[room:]]

    def leave(self, files: "Sequence[UploadedFile[bytes]]") -> None:
        """Read none of these photos, and say so of each."""
        text = _("Choose this photo again.")
        self.faults += [f"{sent_photos.name_of(file)}: {text}" for file in files]

    def _keep(self, picture: Picture) -> None:
        row = photos.keep_for_form(picture)
        if row.file.sha256 in {each.file.sha256 for each in self.rows}:  # chosen twice
            photos.remove([row])
        else:
            self.rows.append(row)

    @property
    def shown(self) -> list[tuple[str, ShownPhoto]]:
        """Return each photo with its ticket, which the form sends again."""
        tickets = [photo_tickets.ticket(row.pk) for row in self.rows]
        pairs = zip(tickets, self.rows, strict=True)
        return [(ticket, ShownPhoto(row, n, ticket)) for n, (ticket, row) in enumerate(pairs, start=1)]

    @property
    def room(self) -> int:
        """Return how many more there may be."""
        return max(0, MOST_OF_DONOR - len(self.rows))


def _too_many(file: "UploadedFile[bytes]") -> str:
    text = _("%(name)s: an offer has at most %(most)s photos.")
    return text % {"name": sent_photos.name_of(file), "most": MOST_OF_DONOR}
