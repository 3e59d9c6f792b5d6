"""Every cloud's promises about users that the portal makes for owners."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from cloud.contract import CloudGone, CloudPerson, CloudRefused, MadeUser, Owner, People, Quota, UserSpec
from cloud.local_people import LocalPeople
from tests.cloud.conftest import FakeStage
from tests.cloud.local_stage import LocalStage, insist
from tests.waiting import PATIENCE

PASSWORD, ANOTHER = "Correct-horse-1", "Correct-horse-2"


def people_of(stage: Any) -> tuple[People, str] | None:
    """Return who checks passwords of this cloud, and the domain; None: nobody does."""
    if isinstance(stage, LocalStage):
        return LocalPeople(f"http://127.0.0.1:{stage.port}", seconds=PATIENCE), ""
    return None if isinstance(stage, FakeStage) else (stage.people, stage.domain)


def comes_in(stage: Any, user: UserSpec, password: str) -> bool:
    """Say whether the cloud takes this password."""
    if found := people_of(stage):
        people, domain = found
        # Keystone counts seconds: a token of the very second in which the user was changed is none. People are told to try again.
        return isinstance(insist(people.sign_in, user.name, password, domain), CloudPerson)
    row = stage.cloud.users[user.name]
    return bool(row.enabled and row.password == password)


@pytest.fixture
def lone_owner() -> Owner:
    key = str(uuid.uuid4())
    return Owner(key, "ana", Quota(2, 4, 1024))


@pytest.fixture
def user(stage: Any, lone_owner: Owner) -> Iterator[UserSpec]:
    """A user that is not made yet, and taken away in the end with what was made for it."""
    user = UserSpec(f"minga-ana-{lone_owner.key[:8]}", password=PASSWORD)
    yield user
    insist(stage.cloud.ensure_user_gone, lone_owner, replace(user, id=""))
    insist(stage.cloud.ensure_owner_gone, lone_owner)


@pytest.fixture
def make(stage: Any, lone_owner: Owner, user: UserSpec) -> Callable[..., MadeUser]:
    """Make the user, or change it: with another password, off, by its id."""

    def make(**changes: Any) -> MadeUser:
        made: MadeUser = insist(stage.cloud.ensure_user, lone_owner, replace(user, **changes))
        return made

    return make


def test_a_user_is_made_once_and_comes_in(stage: Any, user: UserSpec, make: Callable[..., MadeUser]) -> None:
    first, second = make(), make()
    assert first.id
    assert first == second
    assert comes_in(stage, user, PASSWORD)


def test_another_password_takes_the_place_of_the_first(
    stage: Any, user: UserSpec, make: Callable[..., MadeUser]
) -> None:
    made = make()
    make(id=made.id, password=ANOTHER)
    assert not comes_in(stage, user, PASSWORD)
    make(id=made.id, password="")
    assert comes_in(stage, user, ANOTHER)


def test_one_that_is_off_does_not_come_in_until_it_is_on(
    stage: Any, user: UserSpec, make: Callable[..., MadeUser]
) -> None:
    made = make()
    make(id=made.id, password="", enabled=False)
    assert not comes_in(stage, user, PASSWORD)
    make(id=made.id, password="")
    assert not comes_in(stage, user, PASSWORD)
    make(id=made.id, password="", enabled=True)
    assert comes_in(stage, user, PASSWORD)


def test_a_name_of_somebody_else_is_not_taken_over(stage: Any, user: UserSpec, make: Callable[..., MadeUser]) -> None:
    make()
    stranger = Owner(str(uuid.uuid4()), "bea", Quota(1, 1, 256))
    with pytest.raises(CloudRefused):
        insist(stage.cloud.ensure_user, stranger, replace(user, password=ANOTHER))
    insist(stage.cloud.ensure_user_gone, stranger, user)
    assert comes_in(stage, user, PASSWORD)
    insist(stage.cloud.ensure_owner_gone, stranger)


def test_one_that_is_gone_is_gone_and_another_one_can_be_made(
    stage: Any, user: UserSpec, lone_owner: Owner, make: Callable[..., MadeUser]
) -> None:
    first = make()
    for _ in range(2):
        insist(stage.cloud.ensure_user_gone, lone_owner, replace(user, id=first.id))
    with pytest.raises(CloudGone):
        make(id=first.id)
    assert make().id != first.id


def test_a_password_stands_in_no_text_of_it(user: UserSpec) -> None:
    assert PASSWORD not in repr(user)
