"""Spanish is whole, and a stored sentence is read in the reader's language."""

from pathlib import Path

import polib
import pytest
from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
from django.core.exceptions import ValidationError
from django.utils.translation import override

from accounts.models import User
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


def test_what_a_password_resembles_is_named_in_a_whole_sentence() -> None:
    with override("es"), pytest.raises(ValidationError) as refused:
        UserAttributeSimilarityValidator().validate("pérezcruz", User(last_name="Pérezcruz"))
    assert refused.value.messages == ["La contraseña se parece demasiado a un dato de tu cuenta: apellidos."]
