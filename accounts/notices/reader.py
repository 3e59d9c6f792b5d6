"""Write texts in the language and the time zone of whoever reads them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone
from django.utils.translation import override

from accounts.models import User
from accounts.time_zones import zone_of


@contextmanager
def written_for(person: User) -> Iterator[None]:
    """Switch to the language and the time zone of a person; where they have chosen none, to the site's."""
    with override(person.language or settings.LANGUAGE_CODE), timezone.override(zone_of(person)):
        yield
