"""Make the address of a donor's picture, end it, and read what stands on the picture.

The address is a random text, and the row is there while it is open. Numbers are those of now; words are those on the wall of thanks, as long
as they stand there and the donor wants them on the picture.
"""

import secrets
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from accounts.models import Donor, SharePicture
from lib.notes import Refusal
from nodes import what_came
from nodes.hypervisors import carried
from nodes.models import Computer, ServedMonth
from nodes.thanks import wall

FEWEST_PEOPLE = 5  # fewer are not told: somebody might know them


class NothingToShow(Refusal):
    """Nothing of this donor has come."""

    code = "nothing_to_show"


@dataclass(frozen=True, slots=True)
class Shown:
    """The numbers and words of a picture. What is 0 or '' is not on it."""

    computers: int
    hours: int
    people: int
    words: str
    language: str

    @property
    def title(self) -> str:
        """Return what stands there where the donor has no words on it: nothing is at work that served no hour yet."""
        return gettext("Given, and at work") if self.hours else gettext("Given to learn with")


@transaction.atomic
def make(*, donor: Donor, with_words: bool, language: str) -> SharePicture:
    """Make a new address; the one before ends. Raises NothingToShow."""
    donor = Donor.objects.select_for_update().get(pk=donor.pk)
    if donor.erased_at or not what_came.has_given(donor):
        raise NothingToShow(_("There is a picture once a computer of yours is here."))
    SharePicture.objects.filter(donor=donor).delete()
    key = secrets.token_urlsafe(18)
    return SharePicture.objects.create(donor=donor, key=key, with_words=with_words, language=language)


def withdraw(*, donor: Donor) -> bool:
    """End the address at once. Returns False where there is none."""
    return bool(SharePicture.objects.filter(donor=donor).delete()[0])


def of_donor(donor: Donor) -> SharePicture | None:
    """Return the open picture of a donor."""
    return SharePicture.objects.filter(donor=donor).first()


def find(key: str) -> SharePicture | None:
    """Return the open picture with this key; None also while no computer of its donor is here: there is nothing to show."""
    if not key.isprintable():
        return None
    row = SharePicture.objects.filter(key=key, donor__erased_at=None).select_related("donor").first()
    return row if row and what_came.has_given(row.donor) else None


def words_of(donor: Donor) -> str:
    """Return the words with which a donor stands on the wall of thanks now; '' for none."""
    row = wall.place_of(donor) if wall.is_open() else None
    return row.text if row and row.is_on else ""


def shown(row: SharePicture) -> Shown:
    """Return what stands on a picture now."""
    ids = list(
        Computer.objects.filter(donation__donor=row.donor, state__in=what_came.CAME).values_list("pk", flat=True)
    )
    hours = sum(ServedMonth.objects.filter(computer__in=ids).values_list("seconds", flat=True)) // 3600
    people = carried.together(ids).people
    return Shown(
        len(ids),
        hours,
        people if people >= FEWEST_PEOPLE else 0,
        words_of(row.donor) if row.with_words else "",
        row.language,
    )
