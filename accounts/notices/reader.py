"""Write texts in the language and the time zone of whoever reads them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone
from django.utils.translation import override

from accounts.models import Donor, User
from accounts.time_zones import zone_of


@contextmanager
def written_for(person: User | Donor) -> Iterator[None]:
    """Switch to the language and the time zone of a person; where they have chosen none, to their browser's, else to the site's."""
    with override(person.mail_language), timezone.override(zone_of(person)):
        yield
