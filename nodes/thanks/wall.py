"""The wall of thanks: donors choose whether they stand there, anonymous or with words that they agreed to; staff may take words off.

Donors who do not stand there are not mentioned, and sums are shown only for several donors together.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Sum, TextField, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import Donor, User, WallThanks
from lib.names import name_key
from lib.notes import Refusal
from nodes.models import Computer, ServedMonth
from nodes.thanks import taken_off_mails
from nodes.thanks.wall_text import LONGEST, BadText, clean_text
from nodes.what_came import CAME, has_given

FEWEST = 5  # donors, below which no sum is shown
ROUND = 100  # hours: so that looking twice does not tell what one computer did meanwhile


class NotYet(Refusal):
    """Nothing of this donor has come, or there is no wall here."""

    code = "not_yet"


class Changed(Refusal):
    """The words are others by now."""

    code = "changed"


@dataclass(frozen=True, slots=True)
class Together:
    """Sums of all computers that came. Of few donors nothing is said: they are 0 then."""

    computers: int = 0
    hours: int = 0  # in whole hundreds


def is_open() -> bool:
    """Say whether there is a wall here (THANKS_WALL)."""
    return bool(settings.THANKS_WALL)


def may_stand(donor: Donor) -> bool:
    """Say whether a donor may choose: one of whose computers at least has come."""
    return is_open() and has_given(donor)


def place_of(donor: Donor) -> WallThanks | None:
    """Return the place of a donor, which may be off; None where they never chose one."""
    return WallThanks.objects.filter(donor=donor).first()


@transaction.atomic
def stand(*, donor: Donor, text: str = "") -> WallThanks:
    """Put a donor on the wall, with words that they have read as they will stand there; without: anonymous.

    Raises NotYet, BadText, lib.names.BadName.
    """
    donor = _locked(donor)
    if not may_stand(donor):
        raise NotYet(_("The wall is for donors who have a computer here. Choose again once yours has come."))
    text = clean_text(text) if text else ""
    row = place_of(donor) or WallThanks(donor=donor)
    if text and name_key(text) in (name_key(row.taken_off), *row.refused.split("\n")):
        raise BadText(_("An administrator took these words off the wall. Choose others."))
    row.text, row.is_on, row.agreed_at = text, True, timezone.now()
    row.save()
    return row


@transaction.atomic
def leave(*, donor: Donor) -> None:
    """Take a donor off the wall, as they wish. Nothing says that they stood there."""
    donor = _locked(donor)
    WallThanks.objects.filter(donor=donor, taken_off="").delete()
    WallThanks.objects.filter(donor=donor).update(is_on=False, text="")


@transaction.atomic
def take_off(*, row: WallThanks, text: str, reason: str, by: User) -> None:
    """Take words off the wall, and mail the donor. text: as the administrator read them. Raises Changed where they are others by now."""
    donor = _locked(row.donor)
    theirs = WallThanks.objects.filter(donor=donor, is_on=True, text=text).exclude(text="")
    refused = Concat("refused", Value(f"{name_key(text[:LONGEST])}\n"), output_field=TextField())
    if not theirs.update(is_on=False, text="", taken_off=F("text"), refused=refused, reason=reason):
        raise Changed(_("These words do not stand there any more: the donor changed them, or somebody was faster."))
    taken_off_mails.tell(row, timezone.now())
    numbers = ", ".join(each.number for each in donor.donations.order_by("pk")[:10])
    record(
        by=by,
        verb="take_off_thanks",
        whom=donor.user_id,
        thing=Thing("donor", donor.pk, numbers),
        detail={"note": reason},
    )


def _locked(donor: Donor) -> Donor:
    donor = Donor.objects.select_for_update().get(pk=donor.pk)
    if donor.erased_at:
        raise NotYet(_("This was erased meanwhile. Nothing can be changed any more."))
    return donor


def standing() -> QuerySet[WallThanks]:
    """Select the places that are shown: of donors who were not erased, and of whose computers at least one has come."""
    came = Computer.objects.filter(donation__donor=OuterRef("donor"), state__in=CAME)
    return WallThanks.objects.filter(Exists(came), is_on=True, donor__erased_at=None)


def with_words() -> QuerySet[WallThanks]:
    """Select those with words, in the order of the alphabet: who came last is not told."""
    return standing().exclude(text="").order_by("text", "pk")


def together() -> Together:
    """Return what all computers that came gave together."""
    came = Computer.objects.filter(state__in=CAME)
    counted = came.aggregate(computers=Count("pk"), donors=Count("donation__donor", distinct=True))
    served = ServedMonth.objects.filter(computer__isnull=False, seconds__gt=0)
    donors = served.aggregate(n=Count("computer__donation__donor", distinct=True))["n"]
    hours = (served.aggregate(n=Sum("seconds"))["n"] or 0) // 3600
    return Together(
        counted["computers"] if counted["donors"] >= FEWEST else 0,
        hours // ROUND * ROUND if donors >= FEWEST else 0,
    )
