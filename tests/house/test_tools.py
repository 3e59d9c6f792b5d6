"""The programs that the tests need, and those that are missing."""

from pathlib import Path

import pytest

from deploy.local import tools


def has_only(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> None:
    """A computer on which these commands are installed."""
    for name in names:
        (folder / name).touch(mode=0o755)
    monkeypatch.setattr(tools, "PLACES", str(folder))


@pytest.mark.parametrize("browser", ["chromium", "chromium-headless-shell"])
def test_either_chromium_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, browser: str) -> None:
    has_only(monkeypatch, tmp_path, browser, *(set(tools.TOOLS) - {"chromium"}))
    assert tools.missing_tools() == []


def test_what_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    has_only(monkeypatch, tmp_path, *(set(tools.TOOLS) - {"chromium", "ssh"}))
    assert tools.missing_tools() == ["chromium", "ssh"]
