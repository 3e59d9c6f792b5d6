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


@pytest.fixture
def office(admin: "User") -> Any:
    from tests.api.program import Program

    return Program(admin)


@pytest.fixture
def theirs(student: "User") -> Any:
    """A person with a proven address who gives."""
    from allauth.account.models import EmailAddress

    from tests.api.program import Program

    student.email = "lucia@example.org"
    student.save()
    EmailAddress.objects.filter(user=student).update(email=student.email)
    return Program(student)


@pytest.fixture
def given(theirs: Any) -> str:
    """The number of a donation of one computer."""
    from tests.api.giving import PC, offer

    reply = offer(PC, program=theirs)
    assert reply.status_code == 201, reply.content
    return str(reply.json()["number"])
