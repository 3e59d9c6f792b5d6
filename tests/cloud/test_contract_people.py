"""Every cloud's promises about people who sign in with an account of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from cloud.contract import AppCredential, CloudPerson, CloudRefused, Denial, People
from cloud.local_people import LocalPeople
from tests.cloud.conftest import open_stage
from tests.cloud.fake_people import FakePeople
from tests.cloud.local_stage import LocalStage
from tests.waiting import PATIENCE

PASSWORD = "correct horse"


class PeopleStage(Protocol):
    """People of a cloud, and the way to make one there. `tells`: why it lets nobody in, as far as it says so."""

    people: People
    domain: str
    tells: frozenset[Denial]

    def add(self, name: str, password: str, *, denied: Denial | None = None, **facts: Any) -> None: ...

    def credentials(self, name: str) -> list[str] | None:
        """Return the labels of a person's credentials; None where the cloud has none."""


class _Fake:
    domain, tells = "", frozenset(Denial)

    def __init__(self) -> None:
        self.people = FakePeople()
        self.add = self.people.add

    def credentials(self, name: str) -> list[str]:
        return self.people.credentials.get(name, [])


class _Local:
    domain, tells = "", frozenset(Denial)

    def __init__(self, stage: LocalStage) -> None:
        self._cloud = stage.cloud
        self.people = LocalPeople(f"http://127.0.0.1:{stage.port}", seconds=PATIENCE)

    def add(self, name: str, password: str, *, denied: Denial | None = None, **facts: Any) -> None:
        known = {**facts, "roles": sorted(facts.get("roles", ())), "password": password, "denied": denied or ""}
        self._cloud._request("PUT", f"/people/{name}", json=known)

    def credentials(self, name: str) -> None:
        return None


@pytest.fixture(
    scope="module", params=["fake", pytest.param("local", marks=pytest.mark.xdist_group("contract-simulated"))]
)
def cast(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeopleStage]:
    if request.param == "fake":
        yield _Fake()
        return
    folder: Path = tmp_path_factory.mktemp("people") / "data"
    stage = open_stage(folder, "simulated")
    yield _Local(stage)
    stage.clean_up()


def test_a_name_and_a_password_make_a_person(cast: PeopleStage) -> None:
    cast.add("ana", PASSWORD, email="ana@example.org", roles=frozenset({"member", "reader"}))
    found = cast.people.sign_in("ana", PASSWORD, cast.domain)
    assert isinstance(found, CloudPerson)
    assert (found.name, found.email) == ("ana", "ana@example.org")
    assert found.roles >= {"member", "reader"}


def test_a_person_keeps_their_id(cast: PeopleStage) -> None:
    cast.add("iris", PASSWORD)
    first, second = (cast.people.sign_in("iris", PASSWORD, cast.domain) for _ in range(2))
    assert isinstance(first, CloudPerson)
    assert first == second
    assert first.id


@pytest.mark.parametrize(("name", "password"), [("bea", "another"), ("nobody", PASSWORD), ("bea", "Correct horse")])
def test_a_wrong_name_or_password_is_said_to_be_wrong(cast: PeopleStage, name: str, password: str) -> None:
    cast.add("bea", PASSWORD)
    assert cast.people.sign_in(name, password, cast.domain) is Denial.WRONG


@pytest.mark.parametrize("denied", [Denial.SECOND_FACTOR, Denial.LOCKED, Denial.EXPIRED])
def test_a_right_password_that_is_not_enough_says_why(cast: PeopleStage, denied: Denial) -> None:
    cast.add(f"carla-{denied}", PASSWORD, denied=denied)
    said = denied if denied in cast.tells else Denial.WRONG
    assert cast.people.sign_in(f"carla-{denied}", PASSWORD, cast.domain) is said


@pytest.mark.parametrize("denied", [Denial.SECOND_FACTOR, Denial.EXPIRED])
def test_a_wrong_password_does_not_learn_what_else_is_missing(cast: PeopleStage, denied: Denial) -> None:
    cast.add(f"dora-{denied}", PASSWORD, denied=denied)
    assert cast.people.sign_in(f"dora-{denied}", "another", cast.domain) is Denial.WRONG


def test_what_a_try_without_an_answer_left_over_goes_with_the_next(cast: PeopleStage) -> None:
    cast.add("luz", PASSWORD, roles=frozenset({"member"}))
    if cast.credentials("luz") is None:
        with pytest.raises(CloudRefused):
            cast.people.make_credential("luz", PASSWORD, cast.domain, label="new", leftovers=["lost"])
        return
    for label in ("kept", "lost"):
        assert isinstance(cast.people.make_credential("luz", PASSWORD, cast.domain, label=label), AppCredential)
    leftovers = ["lost", "never made"]
    made = cast.people.make_credential("luz", PASSWORD, cast.domain, label="new", leftovers=leftovers)
    assert isinstance(made, AppCredential)
    assert sorted(cast.credentials("luz") or ()) == ["kept", "new"]
