"""`make screens` leaves no page out: an address without a picture has a reason, and what axe found is said."""

import json
from pathlib import Path

import pytest
from django.urls import get_resolver

from tests.recording.things import Address, _patterns
from tests.screens import coverage
from tests.screens.coverage import LEFT_OUT, found_by_axe, unpictured


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(coverage, "LEFT_OUT", {"away": "Leads elsewhere.", "stale": "Once it was none."})
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "student-en-desk-light.png").touch()
    (tmp_path / "student-en.json").write_text(json.dumps({"page": [200], "away": [302], "form": [405], "new": [404]}))
    return tmp_path


def test_a_page_that_nobody_pictured_is_named(pictures: Path) -> None:
    assert unpictured(pictures) == ["new"]
    (pictures / "teacher-en.json").write_text(json.dumps({"new": [405], "form": [403]}))
    assert unpictured(pictures) == []


def test_a_reason_that_is_none_any_more_is_named(pictures: Path) -> None:
    (pictures / "stale").mkdir()
    (pictures / "stale" / "admin-en-phone-dark.png").touch()
    (pictures / "admin-en.json").write_text(json.dumps({"stale": [200], "new": [405]}))
    assert unpictured(pictures) == ["stale"]


def test_each_reason_is_of_an_address_of_the_site() -> None:
    folders = {Address(pattern, ()).folder for pattern in _patterns(get_resolver().url_patterns, "/")}
    assert set(LEFT_OUT) <= folders
    assert all(reason.endswith(".") for reason in LEFT_OUT.values())


def test_what_axe_found_is_said_once_with_its_pages(tmp_path: Path) -> None:
    fault = "region (moderate): <p>"
    (tmp_path / "admin-en.axe").write_text(json.dumps({"keys/admin-en": [fault], "manage/admin-en": []}))
    (tmp_path / "admin-es.axe").write_text(json.dumps({"keys/admin-es": [fault]}))
    assert found_by_axe(tmp_path) == {fault: ["keys/admin-en", "keys/admin-es"]}
