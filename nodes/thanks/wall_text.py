"""Check the words with which a donor wishes to be thanked: one short line that shows as it was typed, and leads nowhere."""

import re
import unicodedata

from django.utils.translation import gettext_noop as _

from lib.names import clean_name
from lib.notes import Refusal

LONGEST = 80
MOST_MARKS = 2  # accents on one letter: more of them cover the lines above and below
# Addresses of pages and of mails, also without http://: "minga.example.org", "a@b".
_ADDRESS = re.compile(r"://|\bwww\.|@|\w\w\.[^\W\d_]{2,}", re.IGNORECASE)
_TELEPHONE = re.compile(r"(?:\d[\s().+/-]*){7}")


class BadText(Refusal):
    """The refusal of words that the wall does not show."""

    status = 400
    code = "bad_text"


def clean_text(text: str) -> str:
    """Return the words in the form that is shown. Raises BadName or BadText."""
    text = clean_name(text, longest=LONGEST)
    plain = unicodedata.normalize("NFKC", text)  # full-width letters and dots are those of an address, too
    if _ADDRESS.search(plain):
        raise BadText(_("No addresses of pages or mails here: write a name or words. After a full stop comes a blank."))
    if _TELEPHONE.search(plain):
        raise BadText(_("No telephone numbers here: everybody reads them."))
    if _is_piled(text):
        raise BadText(_("There are more accents on one letter than the page can show. Type it with fewer."))
    if not any(mark.isalnum() for mark in text):
        raise BadText(_("Write a name or words, with letters."))
    return text


def _is_piled(text: str) -> bool:
    pile = 0
    for mark in unicodedata.normalize("NFD", text):
        pile = pile + 1 if unicodedata.category(mark) in ("Mn", "Me") else 0
        if pile > MOST_MARKS:
            return True
    return False
