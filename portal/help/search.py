"""Search over the sections of all pages of help, in both languages at once.

A section is found by its words in either language, and shown in the reader's: "ssh key denied" leads a reader of Spanish to the
Spanish text. Words are compared without accents and capital letters, and by their stems: "keys" finds "key".
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from threading import Lock

import snowballstemmer
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.help.contents import PAGES, SPANISH, Page
from portal.help.documents import Document, Section, document, sections

MOST_SHOWN, MOST_ASKED = 12, 200  # sections; characters
EXTRACT = 190  # characters
TITLE_WEIGHT, PAGE_TITLE_WEIGHT = 4, 2  # a word in a title counts as so many in the text
_WORD = re.compile(r"\w+")
_STEMMERS = {"en": snowballstemmer.stemmer("english"), SPANISH: snowballstemmer.stemmer("spanish")}
_ONE_AT_A_TIME = Lock()  # a stemmer keeps the word that it is at in itself, and each request has a thread of its own
# Words that tell nothing of what is looked for.
_EMPTY_ENGLISH = "a an and are can cannot do does for from how i in is it me my not of on or the to what when where which why with you your"
_EMPTY_SPANISH = (
    "al como con cual cuando de del donde el en es la las lo los me mi no o para por que se si su te tu un una y yo"
)
_EMPTY = frozenset(f"{_EMPTY_ENGLISH} {_EMPTY_SPANISH}".split())


@dataclass(frozen=True, slots=True)
class Found:
    """A section that answers, with the page in the reader's language."""

    document: Document
    section: Section
    extract: SafeString


def search(asked: str, *, language: str, may_read: Callable[[Page], bool]) -> list[Found]:
    """Return the sections that have the words that were asked for, the best first. Pages that may not be read have none."""
    terms = _terms(asked)
    ranked = sorted(_scores(terms).items(), key=lambda pair: (-pair[1], pair[0]))
    places = [
        (page, number) for (page, number) in (_index().places[place] for place, _score in ranked) if may_read(page)
    ]
    return [_found(page, number, language, terms) for page, number in places[:MOST_SHOWN]]


# ---- words ----


def _folded(text: str) -> str:
    """Return a text in small letters without accents."""
    return "".join(each for each in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(each))


def _stemmed(word: str, language: str) -> str:
    with _ONE_AT_A_TIME:
        return str(_STEMMERS[language].stemWord(word))


_stem = cache(_stemmed)  # for the words of the pages: those that people ask for have no end


def _stems(text: str, language: str) -> Iterator[str]:
    return (_stem(word, language) for word in _WORD.findall(_folded(text)))


def _terms(asked: str) -> list[frozenset[str]]:
    """Return for each word that was asked for its stems: nobody says in which language they ask."""
    words = list(dict.fromkeys(_WORD.findall(_folded(asked))))
    telling = [word for word in words if word not in _EMPTY] or words
    return [frozenset(_stemmed(word, language) for language in _STEMMERS) for word in telling]


# ---- the index ----


@dataclass(frozen=True, slots=True)
class Index:
    """The stems of all sections: in which places each stands, and how often."""

    places: list[tuple[Page, int]]
    counts: dict[str, dict[int, int]]


@cache
def _index() -> Index:
    places = [(page, number) for page in PAGES for number in range(len(sections(page, "en")))]
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    for place, (page, number) in enumerate(places):
        for stem, count in _counted(page, number).items():
            counts[stem][place] = count
    return Index(places, dict(counts))


def _counted(page: Page, number: int) -> Counter[str]:
    counted: Counter[str] = Counter()
    for language in _STEMMERS:
        shown = sections(page, language) if page.source(language) else ()
        if number < len(shown):
            counted.update(_stems(shown[number].text, language))
            counted.update(list(_stems(shown[number].title, language)) * TITLE_WEIGHT)
            counted.update(list(_stems(shown[0].title, language)) * PAGE_TITLE_WEIGHT)
    return counted


def _scores(terms: list[frozenset[str]]) -> dict[int, float]:
    """Return the score of each place with at least half of the terms. Rare words weigh more, and so does having them all."""
    index = _index()
    scores: dict[int, float] = defaultdict(float)
    had: Counter[int] = Counter()
    for stems in terms:
        found = _found_in(index, stems)
        weight = math.log(1 + len(index.places) / (len(found) or 1))
        for place, count in found.items():
            scores[place] += weight * (1 + math.log(count))
            had[place] += 1
    least = (len(terms) + 1) // 2
    return {place: score * had[place] for place, score in scores.items() if had[place] >= least}


def _found_in(index: Index, stems: Iterable[str]) -> dict[int, int]:
    found: dict[int, int] = {}
    for stem in stems:
        for place, count in index.counts.get(stem, {}).items():
            found[place] = max(count, found.get(place, 0))
    return found


# ---- what is shown ----


def _found(page: Page, number: int, language: str, terms: list[frozenset[str]]) -> Found:
    shown = document(page, language)
    section = shown.sections[min(number, len(shown.sections) - 1)]
    return Found(shown, section, _extract(section, frozenset().union(*terms)))


def _extract(section: Section, stems: frozenset[str]) -> SafeString:
    """Return the part of a section around the first word that was asked for, with such words marked, and code as code."""
    text = section.text
    first = next((word.start() for word in _WORD.finditer(text) if _is_asked(word[0], stems)), 0)
    start = text.rfind(" ", 0, max(0, first - EXTRACT // 3)) + 1
    end = len(text) if len(text) <= start + EXTRACT else text.rfind(" ", start, start + EXTRACT)
    parts = _code_and_rest(section, start, end if end > start else start + EXTRACT)
    body = format_html_join("", "{}", ((_marked(part, stems, is_code),) for part, is_code in parts if part))
    return format_html("{}{}{}", "… " if start else "", body, " …" if end < len(text) else "")


def _code_and_rest(section: Section, start: int, end: int) -> Iterator[tuple[str, bool]]:
    """Yield this part of a section's text in pieces, each with whether it is code."""
    at = start
    for begins, ends in section.code:
        if begins < end and ends > start:
            yield section.text[at : max(begins, start)], False
            at = min(ends, end)
            yield section.text[max(begins, start) : at], True
    yield section.text[at:end], False


def _marked(part: str, stems: frozenset[str], is_code: bool) -> SafeString:
    pieces = ((_MARK if _is_asked(piece, stems) else "{}", piece) for piece in re.split(r"(\w+)", part))
    marked = format_html_join("", "{}", ((format_html(mark, piece),) for mark, piece in pieces))
    return format_html("<code>{}</code>", marked) if is_code else marked


_MARK = "<mark>{}</mark>"


def _is_asked(word: str, stems: frozenset[str]) -> bool:
    return any(_stem(_folded(word), language) in stems for language in _STEMMERS)
