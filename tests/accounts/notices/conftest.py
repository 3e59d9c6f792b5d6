"""A mail server on loopback, and two kinds of notices."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.accounts.postman import Postman


@pytest.fixture(autouse=True)
def letters(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from accounts.notices import kinds
    from tests.accounts.notices.letters import use_templates

    monkeypatch.setattr(kinds, "KINDS", dict(kinds.KINDS))
    use_templates(settings, tmp_path)


@pytest.fixture
def postman(settings: Any) -> Iterator["Postman"]:
    from tests.accounts.postman import Postman, use

    server = Postman()
    use(settings, server.port)
    yield server
    server.close()
