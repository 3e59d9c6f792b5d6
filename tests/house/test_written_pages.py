"""Pages of docs/ that programs write are fresh in both languages, and each of their English sentences has a Spanish one."""

import re
from pathlib import Path

import pytest

from lib import written_pages
from lib.written_pages import DOCS, LANGUAGES, Language, table, translations
from machines.management.commands import states_page
from portal import settings_docs
from portal.help.contents import BY_NAME
from portal.help.documents import document

WRITERS = {"python -m portal.settings_docs": settings_docs, "manage.py states_page": states_page}
# What a translation must not lose: code, names of settings and pages, placeholders.
KEPT = re.compile(r"`[^`]+`|\b[A-Z]+_[A-Z0-9_]+|docs/\S+\.md|{\w+}|https?://|openssl rand -\w+ \d+")


@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_fresh(command: str, language: str) -> None:
    writer = WRITERS[command]
    there = LANGUAGES[language].folder / writer.PAGE
    assert there.read_text() == writer.page(LANGUAGES[language]), f"run {command}"


def test_every_sentence_has_its_spanish_and_none_is_left_over() -> None:
    said: list[str] = []
    listening = Language(DOCS, lambda text: (said.append(text), text)[1])
    for writer in WRITERS.values():
        writer.page(listening)
    assert len(said) > 400
    assert set(said) == {english for english, spanish in translations().items() if spanish}


def test_a_translation_keeps_the_names_and_the_code() -> None:
    lost = {
        english: set(KEPT.findall(english)) ^ set(KEPT.findall(spanish)) for english, spanish in translations().items()
    }
    assert {english: names for english, names in lost.items() if names} == {}


def test_a_sentence_without_spanish_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_pages, "translations", dict)
    with pytest.raises(LookupError, match=r"locale/docs/es\.po has no Spanish of 'A new one'"):
        LANGUAGES["es"].translate("A new one")


def test_a_bar_begins_no_cell() -> None:
    """Read it in help: the command and the filter were cut off at their bar once."""
    assert table(["a"], [["x | y"]]).splitlines()[-1] == r"| x \| y |"
    text = " ".join(section.text for section in document(BY_NAME["settings"], "en").sections)
    assert "openssl rand -base64 32 | tr '+/' '-_'. With keys" in text
    assert "(|(member={dn})(uniqueMember={dn})(memberUid={name})) How" in text


@pytest.mark.parametrize(("language", "address"), [("en", "mail.md"), ("es", "mail.md")])
def test_a_link_leads_to_the_page_of_its_language(language: str, address: str) -> None:
    assert LANGUAGES[language].link(DOCS / "admin/mail.md", Path("admin/settings.md")) == address


def test_a_link_leads_to_the_english_page_where_there_is_no_other(tmp_path: Path) -> None:
    untranslated = Language(tmp_path / "docs/es", str)
    assert untranslated.link(DOCS / "admin/mail.md", Path("admin/settings.md")).endswith("docs/admin/mail.md")
