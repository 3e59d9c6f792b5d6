"""Words are made in the language and the time zone of whoever reads them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone
from django.utils.translation import override

from accounts.models import User


@contextmanager
def written_for(person: User) -> Iterator[None]:
    """Switch to the language and the time zone of a person; where they have chosen none, to the site's."""
    with override(person.language or settings.LANGUAGE_CODE), timezone.override(_zone_of(person)):
        yield


def _zone_of(person: User) -> tzinfo:
    try:
        return ZoneInfo(person.time_zone) if person.time_zone else timezone.get_default_timezone()
    except (ZoneInfoNotFoundError, ValueError):  # a name that this computer does not know
        return timezone.get_default_timezone()
