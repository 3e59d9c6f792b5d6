"""The two READMEs say the same, as far as a program can tell."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, SPANISH = ((ROOT / name).read_text() for name in ("README.md", "README.es.md"))


def outline(text: str) -> list[str]:
    """Headings and rows, without their words."""
    return [line.split(" ")[0] for line in text.splitlines() if line.startswith(("#", "|"))]


@pytest.mark.parametrize("pattern", [r"`[^`]+`", r"\]\((?!README)([^)]+)\)", r"^    make \w+"])
def test_both_name_the_same(pattern: str) -> None:
    found = [sorted(set(re.findall(pattern, text, re.MULTILINE))) for text in (ENGLISH, SPANISH)]
    assert found[0] == found[1]


def test_both_have_the_same_parts() -> None:
    assert outline(ENGLISH) == outline(SPANISH)


def test_what_they_link_to_is_there() -> None:
    links = re.findall(r"\]\(([^)]+)\)", ENGLISH + SPANISH)
    assert [link for link in links if not _is_there(*link.partition("#"))] == []


def _is_there(file: str, _hash: str, anchor: str) -> bool:
    """Say whether there is such a file or folder, and in it the heading that the anchor names."""
    path = ROOT / file
    headings = re.findall(r"^#+ (.+)", path.read_text(), re.MULTILINE) if anchor else []
    slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    return path.exists() and (not anchor or anchor in slugs)
