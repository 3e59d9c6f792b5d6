"""Each thing has one name: docs/words.md says which words are refused where."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import allauth
import django.conf
import django.contrib.auth
import polib
import pytest
import rest_framework
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

from portal.help.contents import PAGES, SPANISH

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "docs" / "words.md"
CATALOGS = sorted((ROOT / "locale").rglob("*.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)|{\w*}")
NAMED = re.compile(r"%\(\w+\)[sdr]|%[sd]|{\w*}")
TICKED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Text:
    """A text that people read, with its place."""

    place: str
    said: str


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading of words.md, without its head."""
    part = WORDS.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def refused(column: int) -> list[str]:
    headings = ("Things", "Verbs and states", "Whom we speak to")
    return [word for heading in headings for row in rows(heading) for word in TICKED.findall(row[column])]


def pattern(word: str) -> re.Pattern[str]:
    """Return what finds a word: whole; with whatever follows where it ends with …; as the whole text behind an =."""
    if word.startswith("= "):
        return re.compile(rf"\A{re.escape(word[2:])}\Z", re.IGNORECASE)
    end = r"\w*" if word.endswith("…") else ""
    return re.compile(rf"(?<![\w-]){re.escape(word.removesuffix('…'))}{end}(?![\w-])", re.IGNORECASE)


def faults(words: list[str], texts: list[Text]) -> list[str]:
    return [
        f"{text.place}: “{word}”: {text.said[:120]}"
        for word in words
        for text in texts
        if pattern(word).search(PLACEHOLDER.sub("", text.said))
    ]


# ---- the texts ----


def entries() -> Iterator[tuple[str, polib.POEntry]]:
    for path in CATALOGS:
        yield from ((str(path.relative_to(ROOT)), entry) for entry in polib.pofile(str(path)) if not entry.obsolete)


def translations(entry: polib.POEntry) -> list[str]:
    return [entry.msgstr, *entry.msgstr_plural.values()]


def spanish() -> list[Text]:
    read = [(place, entry) for place, entry in entries() if "/docs/" not in place]  # those are in the pages
    return [Text(place, said) for place, entry in read for said in translations(entry)] + _docs(SPANISH)


def english() -> list[Text]:
    ours = [(place, entry) for place, entry in entries() if "libraries" not in place]
    said = [Text(place, text) for place, entry in ours for text in (entry.msgid, entry.msgid_plural) if text]
    return (
        said
        + [Text(str(path.relative_to(ROOT)), _bare(path.read_text())) for path in _templates()]
        + _docs("en")
        + _schema()
    )


def _templates() -> list[Path]:
    return [path for path in (ROOT / "templates").rglob("*") if path.is_file()]


def _bare(template: str) -> str:
    """Return what stands in a template beside tags: what they translate is in the catalog."""
    return re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}|<[^>]*>", "", template, flags=re.DOTALL)


def _docs(language: str) -> list[Text]:
    """Return the README and the pages that are help, without what stands there for programs; of Spanish pages all."""
    sources = {source for page in PAGES if (source := page.source(language))}
    spanish = {ROOT / "README.es.md", *(ROOT / "docs" / SPANISH).rglob("*.md")}
    sources |= spanish if language == SPANISH else {ROOT / "README.md"}
    return [Text(str(path.relative_to(ROOT)), _prose(path.read_text())) for path in sorted(sources)]


def _prose(text: str) -> str:
    """Leave out code and addresses. Where the text of a link names a file, help shows the title of the page."""
    return re.sub(r"```.*?```|`[^`]*`|\[[\w-]+\.md\]\([^)]*\)|\]\([^)]*\)|<[^>]*>", "", text, flags=re.DOTALL)


def _schema() -> list[Text]:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return [Text("the API's schema", said) for said in _said(schema)]


def _said(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (str(part[key]) for key in ("summary", "description") if isinstance(part.get(key), str))
        for inner in part.values():
            yield from _said(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _said(inner)


# ---- the rules ----


def test_english_texts_have_no_word_that_is_refused() -> None:
    assert faults(refused(2), english()) == []


def test_spanish_texts_have_no_word_that_is_refused() -> None:
    assert faults(refused(3), spanish()) == []


@pytest.mark.parametrize("row", rows("One English word, one Spanish word"), ids=lambda row: row[0])
def test_a_word_is_translated_in_one_way(row: list[str]) -> None:
    said, never = (TICKED.findall(row[column]) for column in (0, 2))
    about = [
        Text(place, text)
        for place, entry in entries()
        if any(pattern(word).search(f"{entry.msgid}\n{entry.msgid_plural}") for word in said)
        for text in translations(entry)
    ]
    assert about
    assert faults(never, about) == []


def of_libraries() -> Iterator[polib.MOEntry]:
    """Yield what Django's forms, its accounts and REST framework say in Spanish; of allauth what stands in its programs, for our templates are used."""
    folders = [
        Path(str(module.__file__)).parent for module in (django.conf, django.contrib.auth, rest_framework, allauth)
    ]
    programs = "".join(path.read_text() for name in ("account", "mfa") for path in (folders[-1] / name).rglob("*.py"))
    for folder in folders:
        for entry in polib.mofile(str(folder / "locale/es/LC_MESSAGES/django.mo")):
            if folder != folders[-1] or f'"{entry.msgid}"' in programs:
                yield entry


def test_no_sentence_stands_twice() -> None:
    """Look for what two branches brought: of two translations one is read, and nobody knows which."""
    times = Counter((place, entry.msgctxt, entry.msgid) for place, entry in entries())
    assert [key for key, count in times.items() if count > 1] == []


def test_what_libraries_say_has_no_placeholder_of_its_own() -> None:
    [catalog] = [path for path in CATALOGS if "libraries" in path.parts]
    wrong = [
        entry.msgid
        for entry in polib.pofile(str(catalog))
        for said in translations(entry)
        if not set(NAMED.findall(said)) <= set(NAMED.findall(entry.msgid))
    ]
    assert wrong == []


def test_libraries_speak_as_we_do() -> None:
    with translation.override("es"):
        said = [
            Text(
                entry.msgid,
                translation.ngettext(entry.msgid, entry.msgid_plural, 2)
                if entry.msgid_plural
                else translation.gettext(entry.msgid),
            )
            for entry in of_libraries()
            if entry.msgid
        ]
    assert len(said) > 300
    assert [fault for fault in faults(refused(3), said) if "DEBUG=True" not in fault] == []


@pytest.mark.parametrize(
    ("word", "said", "is_found"),
    [
        ("cupo", "Tu cupo está lleno.", True),
        ("cupo", "Nadie lo ocupó.", False),
        ("email…", "Your emails", True),
        ("= Es", "Es", True),
        ("= Es", "Es tuya.", False),
        ("VM", "a vm of yours", True),
    ],
)
def test_a_word_is_found_where_it_stands(word: str, said: str, is_found: bool) -> None:
    assert bool(faults([word], [Text("here", said)])) == is_found


def test_the_tables_are_read() -> None:
    assert {"ways in", "no way there"} <= set(refused(2))
    assert {"cupo", "clave", "usted"} <= set(refused(3))
