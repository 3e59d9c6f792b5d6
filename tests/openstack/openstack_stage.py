"""A real OpenStack as a stage: the contract suite's, and what else its tests drive.

Several workers are at work on one cloud, each with a stage of its own: what a worker makes is taken away at its end, and nothing else.
"""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import openstack

from cloud.contract import CloudGone, Owner, Server, ServerSpec, Status
from cloud.openstack import OpenStackCloud
from tests import waiting
from tests.cloud.local_stage import insist
from tests.openstack import bare_image

CLOUD = os.environ.get("OS_CLOUD", "")  # the portal's own account
ADMIN = os.environ.get("OS_ADMIN_CLOUD", "labcloud-admin")  # somebody who works beside the portal, as with Horizon
NAMESPACE = os.environ.get("OPENSTACK_NAMESPACE", "labcloud")  # the only place from which guests can be reached
_OWN, _THEIRS = Path("/proc/self/ns/net"), Path("/run/netns", NAMESPACE)
IS_OUTSIDE = _THEIRS.exists() and _THEIRS.stat().st_ino != _OWN.stat().st_ino
AGENT = "10.77.0.1"  # its address there
SETTLE_SECONDS = 300.0
FLAVOR, IMAGE = "m1.nano", "lab-linux"
HUGE, HUGE_GB = "huge-", 500_000  # how sizes begin that no computer has, and their disk
# Each look is a call, and for each list Nova asks Neutron twice, which takes the bench's processor a fifth of a second.
waiting.PAUSE, waiting.LONGEST_PAUSE = 1.0, 3.0

# This worker's owners, for its next run: what one that was killed has left is taken away with the rest.
NOTES = Path(
    os.environ.get("MINGA_TEST_DATA", ".data-test"), "openstack-owners", os.environ.get("PYTEST_XDIST_WORKER", "alone")
).resolve()

Answer = TypeVar("Answer")
owners: dict[str, Owner] = {}  # of this worker, by key
made: set[str] = set()  # servers of this worker that are not deleted yet, as far as it knows
ever: set[str] = set()  # all of them


def own(owner: Owner) -> None:
    """Note that what this owner has in the cloud is this worker's from now on."""
    if owner.key not in owners:
        NOTES.parent.mkdir(parents=True, exist_ok=True)
        with NOTES.open("a") as notes:
            notes.write(f"{owner.key}\n")
    owners[owner.key] = owner


class RecordedCloud(OpenStackCloud):
    """Remembers whose and which servers were made through it, so that they can be taken away."""

    def ensure_server(self, spec: ServerSpec) -> Server:
        own(spec.owner)
        server = super().ensure_server(spec)
        made.add(server.id)
        ever.add(server.id)
        return server


def open_cloud(cloud: str | None = CLOUD, *, blocked: Sequence[str] | None = (), **settings: Any) -> RecordedCloud:
    """The portal's cloud in a connection of its own: as a new process has it.

    Where a test is not about them, no networks are blocked: for one address Neutron takes thirty rules in each project, which
    costs it seconds, and again in each list of servers. None: those that the portal finds.
    """
    return RecordedCloud(cloud, agents=[f"{AGENT}/32"], blocked=blocked, **settings)


def until(true: Callable[[], Answer], what: str, seconds: float = SETTLE_SECONDS) -> Answer:
    """Wait longer than the tests of other clouds."""
    return waiting.until(true, what, seconds)


def is_busy(server: Server) -> bool:
    """Return whether the cloud is at work on the server."""
    return bool(server.task) or server.status == Status.BUILDING


class OpenStackStage:
    """The stage of tests/cloud on OpenStack, and the eyes and hands of somebody who sees only OpenStack.

    Its servers have no guest, except those of `linux_id`.
    """

    has_serial_consoles = False  # switched off in this cloud, as in most

    def __init__(self) -> None:
        if NOTES.exists():
            owners.update({key: Owner(key, "left-behind") for key in NOTES.read_text().split()})
        self.cloud = open_cloud()
        self.admin = openstack.connect(ADMIN)
        self.image_id = os.environ[bare_image.VARIABLE]  # nothing boots in it
        self.linux_id = next(image.id for image in self.cloud.images() if image.name == IMAGE)
        flavor = next(flavor for flavor in self.cloud.flavors() if flavor.name == FLAVOR)
        self.flavor_id, self.flavor_ram_mb = flavor.id, flavor.ram_mb
        self.spare_host = self.cloud.hosts()[0].name  # for tests that run alone
        self.kept: set[str] = set()  # servers that more than one test uses
        self.pooled: set[str] = set()  # servers that no test has now: tests.openstack.pool

    def servers(self) -> list[Server]:
        """Return this worker's servers: others work on the same cloud."""
        return [one for one in insist(self.cloud.list_servers).servers if one.id in made or one.owner in owners]

    def settle(self) -> None:
        """Wait for the servers that tests have; those of the pool come up beside them."""
        for server_id in made - self.pooled:
            until(partial(self._rests, server_id), f"nothing is in progress with {server_id}")

    def _rests(self, server_id: str) -> bool:
        """Return whether nothing is in progress. A server deleted while it is built is listed for a moment after Nova has denied it."""
        found = self.find(server_id) or next((one for one in self.servers() if one.id == server_id), None)
        return found is None or not is_busy(found)

    def find(self, server_id: str) -> Server | None:
        """Ask Nova for this server alone: less work for the cloud than a list of everybody's servers."""
        try:
            return insist(self.cloud.look, server_id)
        except CloudGone:
            return None

    def listed(self, server: Server) -> Server:
        """Find the server in a list of everybody's servers."""
        return next(one for one in self.servers() if one.id == server.id)

    def look(self, server: Server) -> Server:
        found = self.find(server.id)
        assert found, server
        return found

    def row(self, server: Server) -> dict[str, Any]:
        """Return the row that Nova shows to an administrator."""
        row: dict[str, Any] = self.admin.compute.get(f"/servers/{server.id}").json()["server"]
        return row

    def reboots(self, server: Server) -> int:
        """Count the reboots in Nova's history of the server."""
        rows = self.admin.compute.get(f"/servers/{server.id}/os-instance-actions").json()["instanceActions"]
        return sum(row["action"] == "reboot" for row in rows)

    def role(self, name: str) -> str:
        """Return the id of a role."""
        found: str = self.admin.identity.get("/roles", params={"name": name}).json()["roles"][0]["id"]
        return found

    def by_hand(self, server: Server, action: str, facts: Any = None) -> None:
        """An admin does it in Horizon."""
        answer = self.admin.compute.post(f"/servers/{server.id}/action", json={action: facts})
        assert answer.status_code < 300, answer.text

    def break_server(self, server: Server) -> None:
        """`openstack server set --state error`."""
        self.by_hand(server, "os-resetState", {"state": "error"})

    def tidy(self) -> None:
        """Delete the servers that a test left."""
        for server_id in made - self.kept - self.pooled:
            insist(self.cloud.ensure_deleted, server_id)
            made.discard(server_id)

    def sweep(self) -> None:
        """The end: nothing of this worker's owners stays, whatever went wrong."""
        self.kept.clear()
        self.pooled.clear()
        self.tidy()
        for server in insist(self.cloud.list_servers).servers:
            if server.owner in owners:
                insist(self.cloud.ensure_deleted, server.id)
        until(lambda: not self.servers(), "all servers are gone")
        self._drop_snapshots()
        projects = {tag: project for project in self.admin.identity.projects(tags="minga") for tag in project.tags}
        for owner in owners.values():
            if project := projects.get(f"minga-owner-{owner.key}"):
                self._drop(owner, project.id)
        NOTES.unlink(missing_ok=True)

    def _drop_snapshots(self) -> None:
        for image in self.admin.image.images():
            if (image.properties or {}).get("minga_snapshot") in ever:
                self.admin.image.delete_image(image.id)

    def _drop(self, owner: Owner, project: str) -> None:
        for image in self.admin.image.images(owner=project):
            self.admin.image.delete_image(image.id)
        insist(self.cloud.ensure_owner_gone, owner)
