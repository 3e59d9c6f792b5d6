"""The folder .venv is made of the best Python that the computer has, or of the one that was asked for."""

import stat
import sys
import venv
from pathlib import Path

import pytest

from deploy.local import bootstrap


def system(monkeypatch: pytest.MonkeyPatch, folder: Path, code: int) -> str:
    """Put a Python in the system's place that ends with this code when asked whether it will do."""
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\nexit {code}\n")
    python.chmod(stat.S_IRWXU)
    monkeypatch.setattr(bootstrap, "SYSTEM", str(python))
    monkeypatch.delenv("PYTHON", raising=False)
    return str(python)


def test_the_systems_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    theirs = system(monkeypatch, tmp_path, 0)
    assert bootstrap.best_python() == theirs


def test_one_that_is_too_old_or_makes_no_venv_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system(monkeypatch, tmp_path, 1)
    assert bootstrap.best_python() == sys.executable


def test_who_names_one_gets_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system(monkeypatch, tmp_path, 0)
    monkeypatch.setenv("PYTHON", "python3.13")
    assert bootstrap.best_python() == sys.executable


def test_without_a_systems_python_ours_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PYTHON", raising=False)
    monkeypatch.setattr(bootstrap, "SYSTEM", str(tmp_path / "nothing"))
    assert bootstrap.best_python() == sys.executable


def test_one_that_may_not_be_run_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Path(system(monkeypatch, tmp_path, 0)).chmod(stat.S_IRUSR)
    assert bootstrap.best_python() == sys.executable


def test_a_folder_whose_python_was_upgraded_is_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The link in it leads to the new version, which does not look where the old one kept the packages."""
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / "bin" / "python")
    venv.create(tmp_path)
    [packages] = tmp_path.glob("lib/python3.*/site-packages")
    (packages / "pip.py").touch()
    assert bootstrap.works()
    packages.rename(packages.with_name("of-before"))
    assert not bootstrap.works()
