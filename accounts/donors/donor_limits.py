"""Limit what people who need no account may send from one address: offers of computers, and photos. Counted as accounts.limits does."""

from django.utils.translation import gettext_noop as _

from accounts import limits

OFFERS = 5  # of computers, from one address within an hour
PHOTOS = 30  # from one address within an hour
LOOKS = 300  # at states of computers by the numbers on their labels, from one address: a class walks through the lab


class TooManyOffers(limits.TooManyFailures):
    sentence = _("That is a lot of offers at once. Wait %(wait)s, then offer the others.")


class TooManyPhotos(limits.TooManyFailures):
    sentence = _("That is a lot of photos at once. Wait %(wait)s, then send the others.")


class TooManyLooks(limits.TooManyFailures):
    """Too many computers were looked up from one address."""

    sentence = _("Too many numbers were looked up from here. Wait %(wait)s, then try again.")


def offer(*, address: str) -> None:
    """Count an offer of computers, which needs no account. Raises TooManyOffers after OFFERS within an hour.

    Nothing is counted where the address is unknown, as in accounts.limits.
    """
    if address:
        limits.count([_offers(address)], TooManyOffers)


def photo(*, address: str) -> None:
    """Count a photo of a donor before it is read. Raises TooManyPhotos after PHOTOS within an hour, TooManyOffers while offers wait."""
    if address:
        limits.check([_offers(address)], TooManyOffers)
        limits.count([_of_an_hour("photo", address, PHOTOS)], TooManyPhotos)


def look_up(*, address: str) -> None:
    """Count a look at the state of a computer by somebody who is not signed in. Raises TooManyLooks."""
    limits.count(limits.of_address("looks", address, LOOKS), TooManyLooks)


def _offers(address: str) -> limits.Limit:
    return _of_an_hour("offer", address, OFFERS)


def _of_an_hour(kind: str, address: str, most: int) -> limits.Limit:
    return limits.Limit(limits.key_of(kind, limits.network_of(address)), most, first_wait=limits.FORGET)
