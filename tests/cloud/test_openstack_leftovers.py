"""Leftovers of Neutron and Nova after somebody deleted a project by hand."""

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest
from keystoneauth1.exceptions import NotFound

from cloud.contract import Owner
from cloud.openstack.client import Client
from cloud.openstack.tenants import Tenants
from tests.cloud.scripted import ScriptedClient

OWNER = Owner("0123456789", tenant="dead:group:digest")
GROUPS = [{"id": "default"}, {"id": "minga"}]


class AfterwardsClient(ScriptedClient):
    """Keystone knows the projects `living`, and finds none by their owner's tag."""

    def __init__(self, *living: str) -> None:
        super().__init__()
        self.living = living
        self.calls: Counter[str] = Counter()
        self.answers["/security-groups"] = {"security_groups": GROUPS}

    @property
    def keystone(self) -> Any:
        return SimpleNamespace(projects=SimpleNamespace(list=self._projects, get=self._project))

    def _project(self, project: str) -> str:
        if project not in self.living:
            raise NotFound
        return project

    def sign_out(self, project: str) -> None:
        pass


def deleted(*living: str) -> list[str]:
    """Return what was deleted with the tenant of OWNER."""
    client = AfterwardsClient(*living)
    Tenants(cast("Client", client), cast("Any", SimpleNamespace(digest="digest"))).ensure_gone(OWNER)
    return [path for method, path, _wish in client.changes if method == "DELETE"]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group["id"])
def test_its_security_groups_go(group: dict[str, str]) -> None:
    assert f"/security-groups/{group['id']}" in deleted()


def test_so_do_its_quotas() -> None:
    assert {"/quotas/dead", "/os-quota-sets/dead"} <= set(deleted())


def test_of_one_that_only_lost_its_tags_everything_stays() -> None:
    assert deleted("dead") == []
