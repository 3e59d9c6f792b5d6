"""Names that people give to things: one line, printable, not too long, and without invisible differences."""

import re
import unicodedata

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal

# A user's name on Linux. It stands in lines that people copy into a shell: nothing in it may mean something there.
LOGIN = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
# Characters of a name, an address or a search that are looked at. Python normalizes a text with the square of its length, and lets no other
# thread work meanwhile: for a megabyte of accents ten minutes.
MOST_READ = 2_000
LEAST_HOST_NAME, LONGEST_HOST_NAME = 2, 63  # Nova takes no single letter; 63 is one label in DNS

ZWNJ, ZWJ = "\u200c", "\u200d"  # joiners: Persian, Indic scripts and joined emoji are written with them
# Often copied from web pages and files, without effect on one line: zero-width spaces, soft hyphens, byte order marks, fillers.
_IDLE = frozenset("\u200b\u2060\ufeff\u00ad\u034f\u17b4\u17b5")
# Unicode does not call these spaces, but they look like one: Hangul's fillers and Braille's empty pattern.
_LOOK_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_VIRAMA = 9  # the combining class of signs that suppress a vowel; a joiner after one chooses the form of the letters
_RIGHT_JOINING = frozenset("ءآأؤإاةدذرزوٱڈڑژے")  # never joined to the letter after them, so a joiner there does nothing
_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_KEYCAP = "\u20e3"
_FLAGS = re.compile(
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
# In these blocks a character that this Python does not know yet can only be a new emoji or a new ideograph (as in people's names).
_NEWER = (range(0x1F000, 0x1FB00), range(0x1FC00, 0x1FFFE), range(0x20000, 0x2FFFE), range(0x30000, 0x3FFFE))


class BadName(Refusal):
    """A name that cannot be shown on one line."""

    status = 400
    code = "bad_name"


def clean_name(text: str, *, longest: int = 60) -> str:
    """Return the name in the form that is stored. Raises BadName when it is empty, too long, or has a line break or an invisible character."""
    if len(text) > MOST_READ:
        raise _too_long(longest)
    text = unicodedata.normalize("NFC", text)
    if text.strip() and (strange := _strange(text)):
        raise _refusal(text, strange[0])
    text = _tidied(text.strip())
    if not text:
        raise BadName(_("Give it a name."))
    if len(text) > longest:
        raise _too_long(longest)
    return text


def _too_long(longest: int) -> BadName:
    return BadName(_("This name is too long: use at most %(longest)s characters."), {"longest": longest})


def made_clean(text: str, *, longest: int = 60) -> str:
    """Return a name from elsewhere (the cloud) without what cannot be shown here; '' when nothing is left of it."""
    text = unicodedata.normalize("NFC", text[:MOST_READ])
    strange = set(_strange(text))
    text = _tidied("".join(mark for at, mark in enumerate(text) if at not in strange))
    cut = text[:longest]
    # A cut may leave half of a flag, or a joiner with nothing to join.
    return cut if cut == text else made_clean(cut, longest=longest)


def _refusal(text: str, at: int) -> BadName:
    mark, before = f"U+{ord(text[at]):04X}", _tidied(text[:at])[-20:]
    if before:
        return BadName(
            _(
                "A name is one line without hidden marks, and there is one (%(mark)s) after “%(before)s”: type it again from there."
            ),
            {"mark": mark, "before": before},
        )
    return BadName(
        _("A name is one line without hidden marks, and this one begins with one (%(mark)s): type it again."),
        {"mark": mark},
    )


def _strange(text: str) -> list[int]:
    """Return the positions of line breaks, control characters, lone surrogates, and marks that change the reading direction."""
    flags = {at for flag in _FLAGS.finditer(text) for at in range(*flag.span())}
    return [at for at, mark in enumerate(text) if _is_strange(mark) and at not in flags]


def host_name(text: str, *, otherwise: str) -> str:
    """Return a name that DNS, Nova and every guest accept: 2 to 63 ASCII letters, digits and -; `otherwise` when less is left.

    “piñata 🎉” becomes pinata.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_HOST_NAME].strip("-")
    return word if len(word) >= LEAST_HOST_NAME else otherwise


def is_login(text: str) -> bool:
    """Return whether this can be a user's name on Linux."""
    return bool(LOGIN.fullmatch(text))


def check_login(text: str) -> None:
    """Raise BadName for what no user's name on Linux can be; '' is a login that nobody names."""
    if text and not is_login(text):
        raise BadName(_("The sign-in name has small letters, digits, - and _ only, and begins with a letter."))


def name_key(name: str) -> str:
    """Return a key that is equal for names that people would take for the same: capital and small letters, lookalike forms."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_strange(mark: str) -> bool:
    if mark in _IDLE or mark in (ZWNJ, ZWJ):
        return False
    category = unicodedata.category(mark)
    return category in ("Cc", "Cf", "Cs", "Zl", "Zp") or (category == "Cn" and not _is_newer(mark))


def _is_newer(mark: str) -> bool:
    return any(ord(mark) in block for block in _NEWER)


def _tidied(text: str) -> str:
    """Return the text with single plain spaces, none at the ends, and without marks that have no effect where they stand."""
    text = "".join(" " if _is_blank(mark) else mark for mark in text if mark not in _IDLE)
    kept = ""
    for at, mark in enumerate(text):
        after = text[at + 1 : at + 2]
        if mark in (ZWNJ, ZWJ) and not _joins(mark, kept, after):
            continue
        if _is_selector(mark) and not _varies(mark, kept[-1:], after):
            continue
        kept += mark
    kept = " ".join(word for word in kept.split(" ") if word)
    return unicodedata.normalize("NFC", kept)  # a removed mark may have separated a letter from its accent


def _is_blank(mark: str) -> bool:
    return mark in _LOOK_BLANK or unicodedata.category(mark) == "Zs"


def _joins(joiner: str, before: str, after: str) -> bool:
    """Return whether a joiner changes what people see. Otherwise it is dropped, or two names would look the same."""
    if _is_virama(before[-1:]) or (before[-1:].isalpha() and _is_virama(after)):
        return True
    if joiner == ZWJ:
        sign = before.rstrip("\ufe0f")
        return _is_picture(after) and _is_picture((sign[:-1] if sign[-1:] in _TONES else sign)[-1:])
    letter = before.rstrip("".join(mark for mark in set(before) if unicodedata.combining(mark)))[-1:]
    return _is_arabic(letter) and letter not in _RIGHT_JOINING and _is_arabic(after)


def _is_virama(mark: str) -> bool:
    return bool(mark) and unicodedata.combining(mark) == _VIRAMA


def _is_arabic(mark: str) -> bool:
    return bool(mark) and unicodedata.bidirectional(mark) == "AL"


def _is_picture(mark: str) -> bool:
    """Return whether the character is an emoji: a symbol, or U+2194 (used in the emoji for shaking heads), which counts as mathematics."""
    return bool(mark) and (mark == "\u2194" or unicodedata.category(mark) == "So" or ord(mark) in _NEWER[0])


def _is_selector(mark: str) -> bool:
    return "\ufe00" <= mark <= "\ufe0f" or "\U000e0100" <= mark <= "\U000e01ef" or mark in "\u180b\u180c\u180d\u180f"


def _varies(selector: str, before: str, after: str) -> bool:
    """Return whether a variation selector follows a character that has variants: a sign, a keycap digit, an ideograph, Mongolian."""
    if not before:
        return False
    if before.isascii():
        return before in "0123456789#*" and after == _KEYCAP
    if selector in "\ufe0e\ufe0f":
        return _is_picture(before) or unicodedata.category(before) in ("Sm", "Po", "Pd")
    if selector < "\ufe00":
        return "\u1800" <= before <= "\u18af"
    return "\u3400" <= before <= "\u9fff" or "\uf900" <= before <= "\ufaff" or before >= "\U00020000"


def ascii_name(text: str) -> str:
    """Return the name in small ASCII letters, digits and hyphens, for files and configurations; '' where nothing is left of it."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower()).strip("-")
