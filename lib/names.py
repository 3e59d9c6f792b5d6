"""Names that people give to things: one line, printable, not too long."""

import re
import unicodedata

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal

LONGEST_HOST_NAME = 63  # of one label in DNS


class BadName(Refusal):
    """A name that cannot be shown on one line."""

    status = 400
    code = "bad_name"


def clean_name(text: str, *, longest: int = 60) -> str:
    """The name without blanks around it. Raises BadName when it is empty, too long, or has a line break or control mark."""
    text = unicodedata.normalize("NFC", text).strip(" ")
    if not text.strip():
        raise BadName(_("Give it a name."))
    if len(text) > longest:
        raise BadName(_("This name is too long: use at most %(longest)s characters."), {"longest": longest})
    # Cc control, Cf invisible format marks (they can turn the reading direction of a page), Zl/Zp line separators, Cs halves.
    if any(_is_strange(c) for c in text):
        raise BadName(_("A name is one line of ordinary characters: take out line breaks and invisible marks."))
    return text


def made_clean(text: str, *, longest: int = 60) -> str:
    """A name that others gave, as far as it can be shown here; '' when nothing is left of it."""
    text = "".join(c for c in unicodedata.normalize("NFC", text) if not _is_strange(c))
    return text.strip(" ")[:longest].strip()


def host_name(text: str, *, otherwise: str) -> str:
    """A name as DNS and every guest take it: letters of ASCII, digits and -, at most 63; `otherwise` when nothing is left.

    “piñata 🎉” becomes pinata.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_HOST_NAME].strip("-")
    return word or otherwise


def _is_strange(mark: str) -> bool:
    return unicodedata.category(mark) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn")
