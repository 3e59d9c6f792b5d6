"""The names and the address of a new person: checked in one place, for a form, the API, a command and a list that is imported."""

import re
import unicodedata
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_noop as _

from accounts import emails
from accounts.models import User
from lib.names import MOST_READ, clean_name
from lib.notes import Refusal

LONGEST_USERNAME = 100  # of one that is made from an address; a number may follow
LONGEST_NAME, LONGEST_PART = 200, 150  # of a whole name; of each of its two columns
_USERNAME = re.compile(r"[\w.@+-]{1,150}")
# No address of the API could name the first three; in the audit log the last one stands for a command on the server.
RESERVED = (".", "..", "import", "manage.py")
SENTENCES = {
    "username": _("A username has letters, digits and @ . + - _ only, and at most 150 of them."),
    "email": _("This is not an e-mail address."),
}
TAKEN = {
    "username": _("This name is taken. Capital letters make no difference."),
    "email": _("Somebody has this e-mail address already."),
}


class BadPerson(Refusal):
    """A person who cannot be created like this, at `field`."""

    status = 400
    code = "invalid"

    def __init__(self, text: str, args: dict[str, Any] | None = None, *, field: str) -> None:
        super().__init__(text, args)
        self.field = field


def taken(field: str) -> BadPerson:
    """Return the refusal of a name or an address that somebody has."""
    return BadPerson(TAKEN[field], field=field)


def checked(*, username: str, name: str, email: str) -> dict[str, str]:
    """Return the columns of a new person. Raises BadPerson where one is wrong, or somebody has it."""
    facts = {"username": clean_username(username), "email": clean_email(email), **name_columns(name)}
    if User.objects.filter(username__iexact=facts["username"]).exists():
        raise taken("username")
    if facts["email"] and is_anybodys(facts["email"]):
        raise taken("email")
    return facts


def is_anybodys(email: str, *, but: User | None = None) -> bool:
    """Say whether somebody has this address, or has proven it beside the one that they use. but: a person who does not count."""
    people = User.objects.exclude(pk=but.pk) if but else User.objects.all()
    is_used = people.filter(email__iexact=email).exists()
    return is_used or EmailAddress.objects.filter(user__in=people, email=emails.key(email), verified=True).exists()


def free_username(email: str) -> str:
    """Return what stands before the @ of an address, with a number where somebody is called that."""
    first = name = username_of(email)
    number = 1
    while name in RESERVED or User.objects.filter(username__iexact=name).exists():
        number += 1
        name = f"{first}{number}"
    return name


def username_of(email: str) -> str:
    """Return what stands before the @ of an address, with letters, digits and . + - _ only."""
    local = unicodedata.normalize("NFKC", email.partition("@")[0][:MOST_READ])
    kept = "".join(mark for mark in local if mark.isalnum() or mark in ".+-_")
    return kept[:LONGEST_USERNAME].lower() or "person"


def clean_username(text: str) -> str:
    """Return the username in the form that is stored. Raises BadPerson."""
    name = User.normalize_username(text.strip())
    if not _USERNAME.fullmatch(name):
        raise BadPerson(SENTENCES["username"], field="username")
    if name.lower() in RESERVED:
        raise BadPerson(_("Nobody can be called that. Choose another username."), field="username")
    return name


def clean_email(text: str) -> str:
    """Return the address without blanks around it; '' for none. Raises BadPerson."""
    address = text.strip()
    if not address:
        return ""
    try:
        validate_email(address)
    except ValidationError:
        raise BadPerson(SENTENCES["email"], field="email") from None
    if len(address) > 254 or len(emails.key(address)) > 254:
        raise BadPerson(SENTENCES["email"], field="email")
    return address


def name_columns(text: str) -> dict[str, str]:
    """Return the two columns of a name: its first word, and the rest; of "Paredes, Ana" what follows the comma comes first.

    Raises BadPerson.
    """
    if not text.strip():
        return {"first_name": "", "last_name": ""}
    try:
        name = clean_name(text, longest=LONGEST_NAME)
    except Refusal as refusal:
        raise BadPerson(refusal.note.text, refusal.note.args, field="name") from None
    last, comma, first = (part.strip() for part in name.partition(","))
    if not (comma and first and last):
        first, _blank, last = name.partition(" ")
    if len(first) > LONGEST_PART or len(last) > LONGEST_PART:
        raise BadPerson(
            _("This name is too long: use at most %(longest)s characters."), {"longest": LONGEST_PART}, field="name"
        )
    return {"first_name": first, "last_name": last}
