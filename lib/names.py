"""Names that people give to things: one line, printable, not too long."""

import unicodedata

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal


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


def name_key(name: str) -> str:
    """Equal for names that people would take for the same: small and capital letters, marks that look alike."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_strange(mark: str) -> bool:
    return unicodedata.category(mark) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn")
