"""Names of the cloud's users that the portal makes: minga-ana-8a18d021."""

import re

from accounts.models import User

PREFIX = "minga"
LONGEST_PART = 40  # characters of the username in the name
_OURS = re.compile(rf"{PREFIX}-[a-z0-9._-]{{0,{LONGEST_PART}}}-[0-9a-f]{{8}}", re.IGNORECASE)


def name_for(person: User) -> str:
    """Return a name that nobody else's can be, as that of their project. The last part never changes."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in person.username)
    return f"{PREFIX}-{plain[:LONGEST_PART].lower()}-{person.uuid.hex[:8]}"


def is_ours(name: str) -> bool:
    """Say whether the portal makes such names. It may have forgotten whose it is: a restored database is older than the cloud."""
    return _OURS.fullmatch(name) is not None
