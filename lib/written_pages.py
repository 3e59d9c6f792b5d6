"""Pages of docs/ that programs write, in English and in Spanish.

The Spanish stands in locale/docs/es.po by its English sentence, so whoever changes a sentence must look at its Spanish, too.
"""

import os
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SPANISH = ROOT / "locale" / "docs" / "es.po"
WIDTH = 138
BAR = r"\|"


@dataclass(frozen=True, slots=True)
class Language:
    """A language of these pages: its folder, and the function that translates an English sentence."""

    folder: Path
    translate: Callable[[str], str]

    def paragraph(self, text: str, **values: str) -> str:
        """Return a paragraph in lines of the usual width, with values for its {names}."""
        return textwrap.fill(
            self.translate(text).format(**values), WIDTH, break_long_words=False, break_on_hyphens=False
        )

    def link(self, to: Path, page: Path) -> str:
        """Return the address, in a page of docs/, of a file: of its translation where there is one. `page` is relative to docs/."""
        own = self.folder / to.relative_to(DOCS) if to.is_relative_to(DOCS) else to
        return os.path.relpath(own if own.is_file() else to, (self.folder / page).parent)


def spanish(text: str) -> str:
    """Return the Spanish of a sentence. Raises LookupError where it has none."""
    if text not in translations():
        raise LookupError(f"{SPANISH.relative_to(ROOT)} has no Spanish of {text!r}.")
    return translations()[text]


@cache
def translations() -> dict[str, str]:
    """Return all Spanish by its English."""
    import polib  # an installation writes no pages, and does not have it

    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(SPANISH))}


LANGUAGES = {"en": Language(DOCS, str), "es": Language(DOCS / "es", spanish)}


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table as Markdown. A bar in a cell is escaped: it would begin another cell, also in code."""
    titles = list(heads)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |" for cells in lines)
