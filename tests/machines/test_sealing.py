"""Secrets that are sealed in the database open with the keys of the file, and with nothing else."""

from pathlib import Path
from typing import Any

import pytest
from django.core import checks

from machines import sealing
from tests.machines.sealed import give_keys, write_keys


def test_what_was_sealed_opens_again(settings: Any, tmp_path: Path) -> None:
    give_keys(settings, tmp_path)
    sealed = sealing.seal(b"secret")
    assert "secret" not in sealed
    assert sealing.unseal(sealed) == b"secret"


def test_an_older_key_of_the_file_still_opens(settings: Any, tmp_path: Path) -> None:
    [old] = give_keys(settings, tmp_path)
    sealed = sealing.seal(b"secret")
    [new] = give_keys(settings, tmp_path)
    write_keys(settings, tmp_path, [new, old])
    assert sealing.unseal(sealed) == b"secret"


def test_sealed_anew_it_needs_the_older_key_no_more(settings: Any, tmp_path: Path) -> None:
    new, old = give_keys(settings, tmp_path, count=2)
    write_keys(settings, tmp_path, [old])
    sealed = sealing.seal(b"secret")
    write_keys(settings, tmp_path, [new, old])
    anew = sealing.resealed(sealed)
    write_keys(settings, tmp_path, [new])
    assert sealing.unseal(anew) == b"secret"


def test_without_the_key_that_sealed_it_nothing_opens(settings: Any, tmp_path: Path) -> None:
    give_keys(settings, tmp_path)
    sealed = sealing.seal(b"secret")
    give_keys(settings, tmp_path)
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(sealed)


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "# nothing\n", "not a key\n"])
def test_a_file_without_keys_seals_nothing(settings: Any, tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    settings.MACHINE_KEYS_FILE = str(path)
    assert not sealing.is_ready()


@pytest.mark.parametrize(("mode", "is_warned_of"), [(0o600, False), (0o640, False), (0o644, True), (0o602, True)])
@pytest.mark.parametrize("name", ["MACHINE_KEYS_FILE", "PORTAL_KEY_FILE"])
def test_a_file_that_everybody_may_read_is_warned_of(
    settings: Any, tmp_path: Path, name: str, mode: int, is_warned_of: bool
) -> None:
    path = tmp_path / "keys"
    path.write_text("x")
    path.chmod(mode)
    setattr(settings, name, str(path))
    found = [one for one in checks.run_checks(tags=["security"]) if one.id == "minga.W002"]
    assert bool(found) == is_warned_of
    assert all(f"{name}={path}" in one.msg for one in found)


@pytest.mark.parametrize("path", ["", "/nowhere/keys"])
def test_without_a_file_nothing_is_sealed(settings: Any, path: str) -> None:
    settings.MACHINE_KEYS_FILE = path
    with pytest.raises(sealing.NoKeys):
        sealing.seal(b"secret")
