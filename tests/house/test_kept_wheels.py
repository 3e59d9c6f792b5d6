"""MINGA_CACHE keeps the packages between fresh clones; pip itself is not asked here."""

from pathlib import Path

import pytest

from deploy.local import bootstrap


class Pip:
    """Stands in for pip: writes one wheel, or fails half-way."""

    def __init__(self, code: int = 0) -> None:
        self.code, self.calls = code, 0

    def __call__(self, verb: str, *arguments: str) -> int:
        self.calls += 1
        folder = Path(arguments[arguments.index("-w") + 1])
        folder.mkdir(parents=True)
        (folder / "minga.whl").touch()
        return self.code


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pip:
    pip = Pip()
    monkeypatch.setattr(bootstrap, "pip", pip)
    monkeypatch.setenv("MINGA_CACHE", str(tmp_path))
    return pip


def test_they_are_fetched_once(pip: Pip) -> None:
    first = bootstrap.kept_wheels("requirements.txt")
    assert first == bootstrap.kept_wheels("requirements.txt")
    assert first[:2] == ["--no-index", "--find-links"]
    assert [file.name for file in Path(first[2]).iterdir()] == ["minga.whl"]
    assert pip.calls == 1


def test_what_was_fetched_half_is_not_taken(pip: Pip, tmp_path: Path) -> None:
    pip.code = 1
    assert bootstrap.kept_wheels("requirements.txt") == []
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_those_of_an_older_list_go(pip: Pip, tmp_path: Path) -> None:
    old = tmp_path / "wheels" / "requirements.txt" / "older"
    old.mkdir(parents=True)
    bootstrap.kept_wheels("requirements.txt")
    assert not old.exists()


def test_a_folder_that_cannot_be_written_is_no_hindrance(
    pip: Pip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MINGA_CACHE", str(tmp_path / "file"))
    assert bootstrap.kept_wheels("requirements.txt") == []


def test_without_a_cache_nothing_is_kept(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINGA_CACHE")
    assert (bootstrap.kept_wheels("requirements.txt"), pip.calls) == ([], 0)
