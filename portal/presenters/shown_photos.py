"""Photos as pages show them: a small picture that leads to the large one."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from nodes.files.photo_bytes import SMALL_SIDE
from nodes.models import Photo
from portal import photo_tickets


@dataclass(frozen=True, slots=True)
class ShownPhoto:
    """A photo, the addresses of its two pictures, and the words for whoever does not see it. `ticket`: of whoever has no account."""

    row: Photo
    number: int  # in its list
    ticket: str = ""

    @property
    def url(self) -> str:
        return reverse("photo-by-link", args=[self.ticket]) if self.ticket else reverse("photo", args=[self.row.pk])

    @property
    def small_url(self) -> str:
        if self.ticket:
            return reverse("photo-by-link-small", args=[self.ticket])
        return reverse("photo-small", args=[self.row.pk])

    @property
    def words(self) -> str:
        if self.row.computer:
            return _("Photo %(number)s: %(computer)s") % {"number": self.number, "computer": self.row.computer.name}
        return _("Photo %(number)s") % {"number": self.number}

    @property
    def width(self) -> int:
        """Return the width of the small picture in pixels, so that nothing moves when it comes."""
        return self._small(self.row.width)

    @property
    def height(self) -> int:
        return self._small(self.row.height)

    def _small(self, side: int) -> int:
        longest = max(self.row.width, self.row.height)
        return side if longest <= SMALL_SIDE else max(1, round(side * SMALL_SIDE / longest))


def shown(rows: Iterable[Photo], *, by_link: bool = False) -> list[ShownPhoto]:
    """Return these photos as they are shown; with tickets for whoever has no account."""
    return [ShownPhoto(row, n, photo_tickets.ticket(row.pk) if by_link else "") for n, row in enumerate(rows, start=1)]
