"""A trial whose launch nobody heard the answer of: it is watched for before the trial says that nothing is left."""

from typing import Any

import pytest

from cloud.contract import CloudBusy, CloudRefused, Owner, Server, Status
from cloud.openstack.doctor import trial

SERVER = Server("s", trial.MACHINE, trial.OWNER_KEY, "minga-check", Status.BUILDING)


class LateCloud:
    """The launch is done, its answer lost; the server is seen only after some looks."""

    def __init__(self, looks: int, refuses: int = 0) -> None:
        self.looks, self.refuses = looks, refuses
        self.deleted: list[str] = []
        self.left: list[str] = []

    def find_server(self, machine: str, owner: Owner) -> Server | None:
        self.looks -= 1
        return SERVER if self.looks <= 0 and not self.deleted else None

    def ensure_deleted(self, server_id: str) -> None:
        self.deleted.append(server_id)

    def ensure_owner_gone(self, owner: Owner) -> None:
        self.refuses -= 1
        if self.refuses >= 0:
            raise CloudRefused("Project p still has ports in it.")
        self.left.append(owner.key)

    def flavors(self) -> list[Any]:
        raise CloudBusy("timed out")


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock on which each pause is a second; in truth it takes none."""
    now = [0.0]
    monkeypatch.setattr(trial.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(trial.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + 1))


def test_a_server_that_appears_late_is_deleted() -> None:
    cloud: Any = LateCloud(looks=20)
    assert trial.clean_up(cloud, trial.LATE_SECONDS).ok == "right"
    assert (cloud.deleted, cloud.left) == (["s"], [trial.OWNER_KEY])


def test_the_project_goes_when_its_last_port_has_gone() -> None:
    cloud: Any = LateCloud(looks=1, refuses=50)
    assert trial.clean_up(cloud).ok == "right"


def test_what_cannot_be_deleted_is_said_with_how_to_find_it() -> None:
    cloud: Any = LateCloud(looks=1, refuses=1000)
    row = trial.clean_up(cloud)
    assert (row.ok, trial.MACHINE in row.mend) == ("wrong", True)


def test_a_cloud_that_breaks_it_off_leaves_nothing() -> None:
    cloud: Any = LateCloud(looks=1)
    assert [row.ok for row in trial.trial(cloud)] == ["wrong", "right"]
    assert cloud.deleted == ["s"]
