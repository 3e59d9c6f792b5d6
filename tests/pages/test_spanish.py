"""Spanish is whole, and a stored sentence is read in the reader's language."""

from pathlib import Path

import polib
from django.utils.translation import override

from lib.notes import Note
from machines.stepper.outcomes import QUEUE_REST

CATALOG = Path("locale/es/LC_MESSAGES/django.po")


def test_no_sentence_lacks_its_spanish() -> None:
    assert [entry.msgid for entry in polib.pofile(str(CATALOG)) if not entry.translated()] == []


def test_a_stored_sentence_counts_in_spanish() -> None:
    with override("es"):
        said = [str(Note(QUEUE_REST[0], {"count": ahead}, QUEUE_REST[1])) for ahead in (1, 3)]
    assert "1 máquina antes" in said[0]
    assert "3 máquinas antes" in said[1]
