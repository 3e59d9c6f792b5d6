"""A sentence is stored once and read in the reader's language."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone
from django.utils.translation import override

from lib.notes import Note, Refusal, memory, moment


def test_it_comes_back_from_json() -> None:
    note = Note("Port %(port)s opened.", {"port": 80})
    assert str(Note.from_json(note.as_json())) == "Port 80 opened."


def test_an_empty_note_is_false_and_stores_nothing() -> None:
    assert not Note()
    assert Note().as_json() == {}
    assert str(Note.from_json(None)) == ""


def test_the_plural_follows_the_count() -> None:
    assert [str(Note("%(count)s day", {"count": n}, "%(count)s days")) for n in (1, 2)] == ["1 day", "2 days"]


def test_a_log_has_it_in_english() -> None:
    with override("es"):
        assert Note("Wait %(count)s second.", {"count": 2}, "Wait %(count)s seconds.").in_english() == "Wait 2 seconds."


def test_a_percent_sign_from_a_person_does_no_harm() -> None:
    assert str(Note("Renamed to “%(new)s”.", {"new": "100%s"})) == "Renamed to “100%s”."


def test_a_time_is_read_in_the_readers_zone_and_language() -> None:
    stored = Note("Until %(at)s.", {"at": moment(datetime(2026, 11, 27, 22, 40, tzinfo=UTC))}).as_json()
    with override("es"), timezone.override("America/La_Paz"):
        assert str(Note.from_json(stored)) == "Until 27\u00a0nov\u00a02026, 18:40."


def test_a_process_of_the_version_before_reads_a_time_too() -> None:
    assert moment(datetime(2026, 11, 27, 22, 40, tzinfo=UTC))["en"] == "2026-11-27 22:40 UTC"


@pytest.mark.parametrize(("language", "said"), [("en", "511.5\u00a0GB free."), ("es", "511,5\u00a0GB free.")])
def test_memory_is_read_in_the_readers_language(language: str, said: str) -> None:
    stored = Note("%(ram)s free.", {"ram": memory(523_776)}).as_json()
    with override(language):
        assert str(Note.from_json(stored)) == said


def test_a_process_of_the_version_before_reads_memory_too() -> None:
    assert memory(2048)["en"] == "2048 MB"


def test_a_refusal_carries_its_sentence_and_status() -> None:
    refusal = Refusal("No.", code="no", status=400)
    with override("es"):
        assert (str(refusal), refusal.code, refusal.status) == ("No.", "no", 400)


def test_a_word_in_two_languages_is_read_in_ones_own() -> None:
    note = Note("Launched from “%(template)s”.", {"template": {"en": "Networks", "es": "Redes"}})
    with override("es"):
        assert "Redes" in str(note)
    assert "Networks" in str(note)
    assert "Networks" in str(Note(note.text, {"template": {"en": "Networks", "es": ""}}))
