"""Check the words with which a donor wishes to be thanked: one short line that shows as it was typed, and leads nowhere."""

import re
import unicodedata

from django.utils.translation import gettext_noop as _

from lib.names import clean_name
from lib.notes import Refusal

LONGEST = 80
MOST_MARKS = 2  # accents on one letter: more of them cover the lines above and below
# Addresses of pages and of mails, also without http://: "minga.example.org", "a@b", "t.me/a". Not initials: "J.Paz".
_ADDRESS = re.compile(
    r"://|\bhttps?:|\bwww\.|@|\w\w\.[^\W\d_]{2,}|\b\w\.(?:com|net|org|me|co)\b|\w\.[^\W\d_]{2,}/|\b\d{1,3}(?:\.\d{1,3}){3}\b",
    re.IGNORECASE,
)
_TELEPHONE = re.compile(r"\d(?:[\s().+/_·•\u2010-\u2015\u2212-]{0,9}\d){6,}")
_YEAR = re.compile(r"(?:19|20)\d\d")


class BadText(Refusal):
    """The refusal of words that the wall does not show."""

    status = 400
    code = "bad_text"


def clean_text(text: str) -> str:
    """Return the words in the form that is shown. Raises BadName or BadText."""
    text = clean_name(text, longest=LONGEST)
    # Full-width letters and dots are those of an address, too, and so is the full stop of Chinese.
    plain = unicodedata.normalize("NFKC", text).replace("\u3002", ".")
    if _ADDRESS.search(plain):
        raise BadText(_("No addresses of pages or mails here: write a name or words. After a full stop comes a blank."))
    if _has_telephone(plain):
        raise BadText(_("No telephone numbers here: everybody reads them."))
    if _is_piled(text):
        raise BadText(_("There are more accents on one letter than the page can show. Type it with fewer."))
    if not any(mark.isalnum() for mark in text):
        raise BadText(_("Write a name or words, with letters."))
    return text


def _has_telephone(text: str) -> bool:
    """Say whether a telephone number stands there; some years are none: 1998-2002."""
    found = (re.findall(r"\d+", match.group()) for match in _TELEPHONE.finditer(text))
    return any(not all(_YEAR.fullmatch(digits) for digits in row) for row in found)


def _is_piled(text: str) -> bool:
    pile = 0
    for mark in unicodedata.normalize("NFD", text):
        pile = pile + 1 if unicodedata.category(mark) in ("Mn", "Me") else 0
        if pile > MOST_MARKS:
            return True
    return False
