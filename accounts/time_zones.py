"""Time zones, by their IANA names: which are offered, and in which one a person reads times."""

from datetime import tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.utils import timezone

from accounts.models import Donor, User

# Offered first: where most who use a site like this are.
COMMON = (
    "America/Guayaquil", "America/Bogota", "America/Lima", "America/La_Paz", "America/Caracas", "America/Mexico_City",
    "America/Santiago", "America/Argentina/Buenos_Aires", "America/New_York", "Europe/Madrid", "UTC",
)  # fmt: skip
NO_PLACES = ("Etc/", "SystemV/", "posix/", "right/")


@cache
def others() -> tuple[str, ...]:
    """Return every further zone that is called after a place, also by an older name: browsers report those, too."""
    names = (name for name in available_timezones() if "/" in name and not name.startswith(NO_PLACES))
    return tuple(sorted(set(names).difference(COMMON)))


def is_offered(name: str) -> bool:
    """Say whether this is the name of a zone that a person may choose."""
    return name in COMMON or name in others()


def zone_of(person: User | Donor, browser: str = "") -> tzinfo:
    """Return the zone that a person chose, else that of their `browser` (a name that is offered), now or when it last said.

    The site's (TIME_ZONE) where nobody has said, and for one that this computer does not know.
    """
    name = person.time_zone or browser or person.browser_time_zone
    try:
        return ZoneInfo(name) if name else timezone.get_default_timezone()
    except (ZoneInfoNotFoundError, ValueError):
        return timezone.get_default_timezone()
