"""Programs of the cast. Django is set up after this file is read, so its parts are imported late."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from accounts.models import User


@pytest.fixture
def api(student: "User") -> Any:
    from tests.api.program import Program

    return Program(student)


@pytest.fixture
def stranger(student2: "User") -> Any:
    from tests.api.program import Program

    return Program(student2)


@pytest.fixture
def machine(student: "User") -> Any:
    from tests.factories import make_machine

    return make_machine(student)
