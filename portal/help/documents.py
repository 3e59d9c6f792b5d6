"""Pages of docs/ as HTML. Raw HTML in them stays text, so that nothing in a page can run or load anything."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import override
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from portal.help.contents import DOCS, SPANISH, Page, at
from portal.templatetags.minga import copy_button

IMAGES = DOCS / "images"  # served as static files, below this name:
IMAGES_STATIC = "docs"
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands below it, up to the next heading. Its anchor is the same in all languages."""

    anchor: str
    level: int
    title: str
    text: str
    code: tuple[tuple[int, int], ...]  # where code stands in the text: from, to


@dataclass(frozen=True, slots=True)
class Document:
    """A page in one language. `html` lacks the title, which the first section has."""

    page: Page
    language: str
    html: SafeString
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        return self.sections[0].title

    @property
    def headings(self) -> list[Section]:
        """Return the sections that the list "On this page" has."""
        return [section for section in self.sections if section.level == 2]


@cache
def document(page: Page, language: str) -> Document:
    """Return a page in a language; in English where it has not been translated."""
    if page.source(language) is None:
        language = "en"
    tokens = _parsed(page, language)
    _number_headings(tokens, [anchor for _own, anchor in _anchors(page, language)])
    with override(language):
        html = _html(_without_title(tokens), _file(page, language))
    return Document(page, language, html, sections(page, language))


@cache
def blocks(page: Page, language: str) -> tuple[str, ...]:
    """Return the outline of a page, by which a test compares its languages: headings, rows of tables, points of lists, code."""
    kinds = {"heading_open", "tr_open", "list_item_open", "fence", "code_block"}
    return tuple(f"{token.tag} {token.type}" for token in _parsed(page, language) if token.type in kinds)


def targets(page: Page, language: str) -> list[tuple[str, str | None]]:
    """Return each link and picture of a page as it is written, and its address in the portal: None where it is shown as text."""
    path = _file(page, language)
    children = [child for token in _parsed(page, language) for child in token.children or ()]
    written = [str(child.attrs[_TARGETS[child.type]]) for child in children if child.type in _TARGETS]
    return [(target, _address(target, path)) for target in written]


_TARGETS = {"link_open": "href", "image": "src"}


def _file(page: Page, language: str) -> Path:
    path = page.source(language)
    if path is None:
        raise LookupError(f"{page.name} has no text in {language}")
    return path


def _parsed(page: Page, language: str) -> list[Token]:
    return _MARKDOWN.parse(_file(page, language).read_text(encoding="utf-8"))


# ---- headings and sections ----


@cache
def sections(page: Page, language: str) -> tuple[Section, ...]:
    """Return the sections of a page in a language that it has. The title's has no anchor: it is the page."""
    found = zip(_own_sections(page, language), _anchors(page, language), strict=True)
    return tuple(replace(own, anchor="" if own.level == 1 else anchor) for own, (_own, anchor) in found)


@cache
def _own_sections(page: Page, language: str) -> tuple[Section, ...]:
    """Return the sections with the anchors that GitHub makes of their titles."""
    tokens, slugs = _parsed(page, language), list[str]()
    starts = [number for number, token in enumerate(tokens) if token.type == "heading_open"]
    found = []
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        title = _plain(tokens[start + 1])
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        slugs.append(slug if slug not in slugs else f"{slug}-{slugs.count(slug)}")
        text, code = _code_apart(" ".join(_texts(tokens[start + 3 : end])))
        found.append(Section(slugs[-1], int(tokens[start].tag[1]), title, text, code))
    return tuple(found)


def _anchors(page: Page, language: str) -> Iterator[tuple[str, str]]:
    """Yield the anchor in the text of this language, and the one in the portal: the English, for languages are switched there."""
    own, english = ([section.anchor for section in _own_sections(page, each)] for each in (language, "en"))
    yield from zip(own, english if len(own) == len(english) else own, strict=True)


def _number_headings(tokens: Sequence[Token], anchors: list[str]) -> None:
    headings = [token for token in tokens if token.type == "heading_open"]
    for token, anchor in zip(headings, anchors, strict=True):
        token.attrSet("id", anchor)


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(_in_marks(child) for child in token.children or ())
        elif token.type in ("fence", "code_block"):
            yield _in_marks(token)


def _in_marks(token: Token) -> str:
    """Return the text of a part, code between marks."""
    if token.type in ("code_inline", "fence", "code_block"):
        return f"{_CODE_BEGINS}{token.content.strip()}{_CODE_ENDS}"
    return " " if token.type == "softbreak" else token.content


_CODE_BEGINS, _CODE_ENDS = "\x02", "\x03"  # no page has these characters
_CODES = re.compile(f"{_CODE_BEGINS}(.*?){_CODE_ENDS}")


def _code_apart(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return a text on one line without the marks of code, and where code stands in it."""
    pieces = _CODES.split(" ".join(marked.split()))  # every other one is code
    ends = list(accumulate(len(piece) for piece in pieces))
    return "".join(pieces), tuple((ends[n - 1], ends[n]) for n in range(1, len(pieces), 2))


def _plain(inline: Token) -> str:
    """Return the text of a line without its marks."""
    return "".join(" " if child.type == "softbreak" else child.content for child in inline.children or ())


def _without_title(tokens: list[Token]) -> list[Token]:
    if not tokens or tokens[0].tag != "h1":
        raise ValueError("a page of docs/ begins with its title")
    return tokens[3:]


# ---- HTML ----


def _html(tokens: list[Token], path: Path) -> SafeString:
    for token in tokens:
        if token.type == "inline":
            token.children = list(_linked(token.children or [], path))
    _label_cells(tokens)
    html = _RENDERER.render(tokens, _MARKDOWN.options, {})
    # An empty head of a column is a plain cell: screen readers would announce a header without a name.
    return mark_safe(html.replace("<th></th>", "<td></td>"))  # noqa: S308  # raw HTML is off, texts are escaped


def _linked(children: list[Token], path: Path) -> Iterator[Token]:
    """Yield the children of a line with their addresses in the portal. A link to what is no help stays as text."""
    is_dropped, title = False, ""
    for child in children:
        if child.type in _TARGETS:
            target = str(child.attrs[_TARGETS[child.type]])
            address = _address(target, path)
            if child.type == "link_open":
                is_dropped, title = address is None, _title_for(target, path)
            if address is None:
                continue
            child.attrSet(_TARGETS[child.type], address)
        elif child.type == "link_close":
            title = ""
            if is_dropped:
                continue
        elif title and child.type == "text" and child.content.endswith(".md"):
            child.content = title
        yield child


def _title_for(target: str, path: Path) -> str:
    """Return the title of the page that a link leads to, which stands where the text names only its file; '' for no page."""
    page = _page_at(target, path)
    language = SPANISH if path.is_relative_to(DOCS / SPANISH) else "en"
    if page is None:
        return ""
    return _own_sections(page, language if page.source(language) else "en")[0].title


def _address(target: str, path: Path) -> str | None:
    """Return the portal's address of what a page links to; None for what the portal does not show, or not to this page's readers."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return target if parts.scheme in ("http", "https", "mailto") else None
    file = _file_at(target, path)
    if file.is_relative_to(IMAGES):
        return static(f"{IMAGES_STATIC}/{file.name}")
    page = _page_at(target, path)
    if page is None or (page.is_for_admins and not _is_for_admins(path)):
        return None
    url = reverse("help-page", args=[page.name]) if parts.path else ""
    return f"{url}#{_portal_anchor(page, file, unquote(parts.fragment))}" if parts.fragment else url


def _is_for_admins(path: Path) -> bool:
    page = at(path)
    return page is not None and page.is_for_admins


def _file_at(target: str, path: Path) -> Path:
    below = unquote(urlsplit(target).path)
    return (path.parent / below).resolve() if below else path


def _page_at(target: str, path: Path) -> Page | None:
    if urlsplit(target).scheme:
        return None
    file = _file_at(target, path)
    return at(file / "README.md" if file.is_dir() else file)


def _portal_anchor(page: Page, file: Path, anchor: str) -> str:
    language = next(name for name in (SPANISH, "en") if page.source(name) == file)
    return dict(_anchors(page, language)).get(anchor, anchor)


def _label_cells(tokens: Sequence[Token]) -> None:
    """Give each cell the title of its column, which stands before it where a narrow screen folds the table."""
    titles: list[str] = []
    column = 0
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "thead_open":
            titles = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open" and following:
            titles.append(_plain(following))
        elif token.type == "td_open":
            token.attrSet("data-label", titles[column])
            column += 1


class _Renderer(RendererHTML):
    """The library's, with what a page of the portal needs around headings, tables and code."""

    def heading_open(self, tokens: Sequence[Token], idx: int, *_others: Any) -> str:
        anchor = escape(str(tokens[idx].attrs["id"]))
        return f'<{tokens[idx].tag} id="{anchor}"><a href="#{anchor}">'

    def heading_close(self, tokens: Sequence[Token], idx: int, *_others: Any) -> str:
        return f"</a></{tokens[idx].tag}>\n"

    def table_open(self, *_others: Any) -> str:
        return '<table class="folds">\n'

    def code_inline(self, tokens: Sequence[Token], idx: int, *others: Any) -> str:
        """Return code whose long names may break after an underscore, and only there."""
        return _IN_A_NAME.sub("_<wbr>", super().code_inline(tokens, idx, *others))

    def fence(self, tokens: Sequence[Token], idx: int, *_others: Any) -> str:
        name = f"code-{idx}"
        return format_html(_CODE, name, tokens[idx].content, copy_button(name))

    def code_block(self, tokens: Sequence[Token], idx: int, *others: Any) -> str:
        return self.fence(tokens, idx, *others)


_IN_A_NAME = re.compile(r"_(?=\w)")
_CODE = '<div class="line"><pre id="{0}" tabindex="0">{1}</pre>{2}</div>\n'
_RENDERER = _Renderer()
