"""The pages of docs/ have what people look for."""

import re
from pathlib import Path

import pytest

from portal.api.inputs import TemplateIn

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
# Pages that tell how things are now: adr/ and testing-*/ name files as they were.
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("admin/*.md"))]
FILE = re.compile(r"`((?:[\w.-]+/)+[\w-]+\.(?:py|md|js|html|yml|po|sh))`")
# What happened on the cluster itself, as an administrator would search for it.
ON_THE_CLUSTER = (
    "## When Nova says ERROR",
    "Reset State to active",
    "Reset State to error",
    "| a student's project, while servers are in it |",
    "| an image |",
    "| a size (flavor) |",
)


@pytest.mark.parametrize("words", ON_THE_CLUSTER)
def test_the_page_about_horizon_tells_what_follows(words: str) -> None:
    assert words in (DOCS / "admin" / "horizon.md").read_text()


def test_the_api_page_names_each_field_of_a_template() -> None:
    table = (DOCS / "api.md").read_text().partition("\n## Make a template\n")[2].partition("\n## ")[0]
    assert [field for field in TemplateIn().fields if f"`{field}`" not in table] == []


@pytest.mark.parametrize(
    "words",
    [
        "The bench forwards only 5000, 6080, 8000,",
        "with another `PORT=` than 8000",
        "`up --with-debian` (or `add-debian` later)",
    ],
)
def test_developers_read_what_the_bench_forwards_and_needs(words: str) -> None:
    assert words in (DOCS / "developers.md").read_text()


def test_administrators_are_led_to_what_to_do_when_somebody_leaves() -> None:
    assert "](people.md)" in (DOCS / "admin" / "README.md").read_text()
    assert "manage.py people block" in (DOCS / "admin" / "people.md").read_text()


def test_each_file_of_ours_that_a_page_names_is_there() -> None:
    named = [(page.name, Path(name)) for page in PAGES for name in FILE.findall(page.read_text())]
    ours = [(page, path) for page, path in named if (ROOT / path.parts[0]).is_dir()]
    assert [(page, path) for page, path in ours if not (ROOT / path).exists()] == []
    assert ours
