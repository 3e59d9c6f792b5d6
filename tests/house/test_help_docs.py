"""Pages of docs/ hold as help: links lead somewhere on disk and in the portal, and both languages say the same."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.urls import resolve

from portal.help.contents import BY_NAME, DOCS, PAGES, SPANISH, Page
from portal.help.documents import _MARKDOWN, _linked, _parsed, blocks, document, targets

ROOT = Path(__file__).resolve().parents[2]
MUST_BE_SPANISH = ("students", "teachers", "donors")
TEXTS = [(page, language) for page in PAGES for language in ("en", SPANISH) if page.source(language)]
TAGS_OF_MARKDOWN = "a blockquote br code em h2 h3 h4 hr img li ol p pre strong table tbody td th thead tr ul"
IDS = [f"{page.name}-{language}" for page, language in TEXTS]
TRANSLATED = [page for page in PAGES if page.source(SPANISH)]
LINK_TO_HELP = re.compile(r"""(?:_how\.html" with page="|'help-page' ')([\w-]+)(?:" at="|"|' %}#|' %})([\w-]*)""")
COMMENT = re.compile(r"(?:^|\s+)#.*")
SENTENCE = re.compile(r'(?<="detail": ")[^"]*')  # of an answer of the API: in the reader's language
TO_FILL_IN = re.compile(r"[A-ZÁÉÍÓÚÑ]{2,}(?:[-' ][A-ZÁÉÍÓÚÑ]+)*")  # as THE-PASSWORD: translated, too
# METRICS_TOKEN, --until, file_name
NAMES = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|(?<![\w-])--[a-z][\w-]+|\b[a-z]+(?:_[a-z]+)+\b")
SAMPLE = Page("sample", PAGES[0].audience, "sample.md")


def test_every_page_for_a_reader_of_the_portal_is_help() -> None:
    written = {str(path.relative_to(DOCS)) for folder in ("admin", "students") for path in (DOCS / folder).glob("*.md")}
    written |= {"student.md", "teacher.md", "donor.md", "api.md", "command-line.md", "security.md", "states.md"}
    assert {page.file for page in PAGES} == written


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(PAGES)


# ---- links ----


@pytest.mark.parametrize(("page", "language"), TEXTS, ids=IDS)
def test_links_and_pictures_exist_on_disk(page: Page, language: str) -> None:
    source = page.source(language)
    assert source
    inside = [urlsplit(target) for target, _address in targets(page, language)]
    broken = [
        link.path
        for link in inside
        if not link.scheme and link.path and not (source.parent / unquote(link.path)).exists()
    ]
    assert broken == []


@pytest.mark.parametrize(("page", "language"), TEXTS, ids=IDS)
def test_links_and_their_anchors_exist_in_the_portal(page: Page, language: str) -> None:
    for _target, address in targets(page, language):
        if address is None or urlsplit(address).scheme or address.startswith("/static/"):
            continue
        parts = urlsplit(address)
        there = BY_NAME[resolve(parts.path).kwargs["name"]] if parts.path else page
        if parts.fragment:
            assert f'id="{parts.fragment}"' in document(there, language).html, address


def test_the_links_of_pages_to_their_help_lead_to_a_heading() -> None:
    texts = [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    linked = [found for text in texts for found in LINK_TO_HELP.findall(text)]
    anchors = {(page.name, section.anchor) for page in PAGES for section in document(page, "en").sections}
    assert [link for link in linked if link not in anchors] == []
    assert len(linked) > 9


def test_a_page_for_all_leads_nobody_to_one_that_they_may_not_read() -> None:
    for_all = [(page, language) for page, language in TEXTS if not page.is_for_admins]
    addresses = [address for page, language in for_all for _target, address in targets(page, language)]
    names = [found[1] for address in addresses if address and (found := re.match(r"/help/([\w-]+)/", address))]
    assert names
    assert [name for name in names if BY_NAME[name].is_for_admins] == []


def test_nothing_in_a_page_is_raw_html() -> None:
    """Look for tags that Markdown does not make: a page may write of `<name>`, and it must stay text."""
    made = f"{TAGS_OF_MARKDOWN} button div span svg use wbr".split()
    for page, language in TEXTS:
        assert set(re.findall(r"<(\w+)", document(page, language).html)) <= set(made), page.name


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](data:text/plain,1)", "data:"),
        ("[code](../manage.py)", "<p>code</p>"),
        ("`A_NAME`, `_x`, `a<b_`", "<code>A_<wbr>NAME</code>, <code>_<wbr>x</code>, <code>a&lt;b_</code>"),
        ("[x](https://example.org/)", '<a href="https://example.org/">x</a>'),
        ("![three clicks](images/three-clicks.png)", 'src="/static/docs/three-clicks.png" alt="three clicks"'),
    ],
)
def test_what_a_page_may_not_do(text: str, html: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.help.contents.DOCS", tmp_path)
    monkeypatch.setattr("portal.help.documents.IMAGES", tmp_path / "images")
    (tmp_path / SAMPLE.file).write_text(f"# Title\n\n{text}\n")
    shown = document.__wrapped__(SAMPLE, "en").html
    assert html in shown
    assert not re.search(r'href="(data|javascript):', shown)


def test_a_link_that_names_a_file_has_its_title_and_the_rest_of_the_line_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.help.documents._title_for", lambda target, path: "Keys" if target else "")
    [line] = _MARKDOWN.parseInline("[keys.md](#keys), unlike other.md; [![one](one.png)](#two) last")
    shown = list(_linked(line.children or [], DOCS / "student.md"))
    texts = [child.content for child in shown if child.type == "text"]
    assert texts == ["Keys", ", unlike other.md; ", " last"]
    assert [child.type for child in shown].count("link_close") == 2


# ---- languages ----


def test_what_students_teachers_and_donors_read_is_there_in_both_languages() -> None:
    assert [page.name for page in PAGES if page.audience in MUST_BE_SPANISH and page not in TRANSLATED] == []


@pytest.mark.parametrize("page", TRANSLATED, ids=lambda page: page.name)
def test_a_page_has_the_same_headings_rows_points_and_commands_in_both_languages(page: Page) -> None:
    """Hold the languages in step: whoever adds a section, a row, a point or a block of code to one adds it to the other."""
    assert blocks(page, SPANISH) == blocks(page, "en")


def commands(page: Page, language: str) -> list[str]:
    """Return the lines of a page's code without what is translated: comments, answers, words to fill in, drawings."""
    code = [token.content for token in _parsed(page, language) if token.type in ("fence", "code_block")]
    lines = [line for text in code for line in _typed(text.splitlines()) if "─" not in line]
    return [TO_FILL_IN.sub("…", SENTENCE.sub("…", COMMENT.sub("", line))) for line in lines]


def _typed(lines: list[str]) -> list[str]:
    """Return what is typed: of a session at a terminal the lines with a prompt, for its answers are translated."""
    typed = [line for line in lines if line.startswith("$ ")]
    return typed or lines


@pytest.mark.parametrize("page", TRANSLATED, ids=lambda page: page.name)
def test_commands_are_the_same_in_both_languages(page: Page) -> None:
    assert commands(page, SPANISH) == commands(page, "en")


@pytest.mark.parametrize("page", TRANSLATED, ids=lambda page: page.name)
def test_a_page_names_the_same_settings_options_and_fields_in_both_languages(page: Page) -> None:
    """Hold the facts in step: a setting that one language has gained or lost is missing in the other, or wrong there."""
    english, spanish = (set(NAMES.findall(_text(page, language))) for language in ("en", SPANISH))
    assert (english - spanish, spanish - english) == (set(), set())


def _text(page: Page, language: str) -> str:
    source = page.source(language)
    assert source
    return source.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", TRANSLATED, ids=lambda page: page.name)
def test_a_spanish_page_leads_to_spanish_pages(page: Page) -> None:
    """Look for links that a new translation has left behind. The portal finds the reader's language by itself; who reads files does not."""
    source = page.source(SPANISH)
    assert source
    assert [
        target for target, _address in targets(page, SPANISH) if _has_spanish(source.parent / urlsplit(target).path)
    ] == []


def _has_spanish(path: Path) -> bool:
    """Return whether a file is an English page of which there is a Spanish one."""
    below = path.resolve().relative_to(DOCS) if path.resolve().is_relative_to(DOCS) else Path()
    return below.parts[:1] != (SPANISH,) and (DOCS / SPANISH / below).is_file()


def test_no_translation_stands_alone() -> None:
    spanish = {str(path.relative_to(DOCS / SPANISH)) for path in (DOCS / SPANISH).rglob("*.md")}
    assert spanish == {page.file for page in TRANSLATED}
    assert spanish


# ---- what an installation carries ----


def test_the_image_carries_the_pages() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "!docs" in lines
    left_out = [line for line in lines if line.startswith("docs/")]
    sources = [f"docs/{page.source(language).relative_to(DOCS)}" for page, language in TEXTS]  # type: ignore[union-attr]
    assert [
        path for path in sources if any(Path(path).match(rule) or path.startswith(f"{rule}/") for rule in left_out)
    ] == []
