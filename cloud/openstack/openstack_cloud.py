"""OpenStackCloud: the contract on a real OpenStack (Zed or newer)."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import requests

from cloud.contract import (
    CloudBusy,
    CloudError,
    CloudGone,
    CloudRefused,
    Diagnostics,
    Flavor,
    Image,
    Listing,
    Owner,
    Room,
    Server,
    ServerSpec,
    Status,
)
from cloud.openstack import cluster, images, nova_servers, paging, userdata
from cloud.openstack.archives import Archives
from cloud.openstack.client import LIST_SECONDS, Client, as_iso, cloud_time
from cloud.openstack.compute_hosts import HostVerbs
from cloud.openstack.console_verbs import ConsoleVerbs
from cloud.openstack.egress import WayOut
from cloud.openstack.errors import Conflict, body
from cloud.openstack.faults import Faults
from cloud.openstack.foreign_servers import is_of
from cloud.openstack.launches import Launches
from cloud.openstack.machine_network import MachineNetwork
from cloud.openstack.owner_users import OwnerUsers, UserVerbs
from cloud.openstack.repairs import Repairs
from cloud.openstack.security_groups import SecurityGroups
from cloud.openstack.server_actions import ServerActions
from cloud.openstack.server_addresses import Addresses
from cloud.openstack.tenants import Tenants

PAGE = 500  # servers asked for at once; Nova may give fewer
# Nova's times are whole seconds from several computers' clocks, written a moment before they can be read.
OVERLAP = timedelta(seconds=3)
DIAGNOSTICS_SECONDS = 5.0  # a host that takes longer is unknown
AT_ONCE = 8  # hosts asked for diagnostics side by side
STRIPES = 64


def _began(answer: requests.Response, asked: float) -> datetime | None:
    """Return the time of the cloud's clock at which a question of ours began (`asked`, on time.monotonic()).

    The date in the answer is later than the reading of the list, by all the seconds that a loaded Nova took to write it.
    """
    sent_at = cloud_time(answer)
    return sent_at - timedelta(seconds=time.monotonic() - asked) if sent_at else None


class OpenStackCloud(ConsoleVerbs, HostVerbs, UserVerbs):
    """An OpenStack behind the contract. Forks of a process may share it: see Client.

    `cloud`: its name in clouds.yaml, None for what OS_CLOUD or OS_* say. `network` and `agents` ('' or CIDRs) are found when empty.

    `blocked`: networks (CIDR) to which guests open no connections; None: found.
    """

    kind = "openstack"

    def __init__(
        self,
        cloud: str | None = None,
        *,
        network: str = "",
        agents: Sequence[str] = (),
        blocked: Sequence[str] | None = None,
        **settings: Any,
    ) -> None:
        self.client = Client(cloud, **settings)
        self.network = MachineNetwork(self.client, network, list(agents))
        self.addresses = Addresses(self.client, lambda: self.network.id)
        egress = None if blocked is None else list(blocked)
        self.way_out = WayOut(self.client, egress, self.network.agents, lambda: self.network.id)
        self.security_groups = SecurityGroups(self.client, self.network.agents, self.way_out, agents_given=bool(agents))
        self.tenants = Tenants(self.client, self.security_groups)
        self.users = OwnerUsers(self.client, self.tenants)
        self.actions = ServerActions(self.client, self.network.known_agents)
        self.launches = Launches(self.client, self.network, self.tenants, self.actions)
        self.repairs = Repairs(self.client, self.actions)
        self.archives = Archives(self.client, self.actions)
        self.faults = Faults(self.client)
        self._stripes = [threading.Lock() for _ in range(STRIPES)]

    @classmethod
    def from_environment(
        cls, *, network: str = "", agents: Sequence[str] = (), blocked: Sequence[str] | None = None
    ) -> "OpenStackCloud":
        return cls(None, network=network, agents=agents, blocked=blocked)

    @property
    def identity(self) -> str:
        return f"openstack:{self.client.catalogue_id}"

    def close(self) -> None:
        self.client.close()

    # ---- lists ----

    def flavors(self) -> list[Flavor]:
        return cluster.flavors(self.client)

    def images(self) -> list[Image]:
        return cluster.images(self.client)

    def room(self) -> Room:
        return cluster.room(self.client)

    def has_room(self, flavor: Flavor) -> bool:
        return cluster.has_room(self.client, flavor)

    def list_servers(self, changes_since: str | None = None) -> Listing:
        """List the servers of all projects. The cursor is the cloud's own time, a little earlier.

        One call per 500, one per server in ERROR, and one per 100 with new addresses.
        """
        params: dict[str, Any] = {"all_tenants": 1, "limit": PAGE}
        if changes_since:
            params["changes-since"] = changes_since
        rows: list[dict[str, Any]] = []
        began, asked = None, time.monotonic()
        answers = paging.pages(self.client, "compute", "/servers/detail", "servers", params, seconds=LIST_SECONDS)
        for answer, page in answers:
            began = began or _began(answer, asked)
            rows += page
        if began is None:
            raise CloudBusy("Nova's answer has no date.")
        self.faults.fill(rows)
        addresses = self.addresses.of(rows)
        found = [nova_servers.server_or_unknown(row, addresses[row["id"]]) for row in rows]
        return Listing(found, as_iso(began, minus=OVERLAP), whole=changes_since is None)

    def find_server(self, machine: str, owner: Owner, project: str = "") -> Server | None:
        tags = nova_servers.machine_tag(machine)
        params = {"all_tenants": 1, "tags": tags, "sort_key": "created_at", "sort_dir": "asc"}
        rows = paging.rows(self.client, "compute", "/servers/detail", "servers", params)
        addresses = self.addresses.of(rows)
        found = (nova_servers.server(row, addresses[row["id"]]) for row in rows)
        # A server that was adopted since may still have this tag: the metadata decide.
        ours = (one for one in found if one.machine == machine and one.status != Status.DELETED)
        return next((one for one in ours if not one.is_going and is_of(one, owner, project, self.tenants)), None)

    def look(self, server_id: str) -> Server:
        """Ask Nova about one server. Raises CloudGone."""
        row = self.actions.get(server_id)
        return nova_servers.server(row, self.addresses.of([row])[server_id])

    # ---- making a server ----

    def ensure_server(self, spec: ServerSpec) -> Server:
        """Make one call for a new machine of a known student, and a search before it for a machine that was asked for before."""
        with self._stripes[hash(spec.machine) % STRIPES]:
            if not spec.is_new and (found := self.find_server(spec.machine, spec.owner)):
                return found
            return self.launches.launch(spec)

    # ---- verbs of a server ----

    def takes_host_key(self, spec: ServerSpec) -> bool:
        return bool(spec.host_key) and userdata.takes_host_key(spec.user_data)

    def ensure_running(self, server_id: str) -> None:
        self.actions.run(server_id)

    def ensure_suspended(self, server_id: str) -> None:
        self.actions.suspend(server_id)

    def ensure_stopped(self, server_id: str) -> None:
        self.actions.stop(server_id)

    def ensure_shelved(self, server_id: str) -> None:
        self.actions.shelve(server_id)

    def ensure_restarted(self, server_id: str, number: int) -> None:
        self.actions.restart(server_id, number)

    def ensure_hard_restarted(self, server_id: str, number: int) -> None:
        self.repairs.restart_hard(server_id, number)

    def ensure_rescued(self, server_id: str) -> None:
        self.repairs.rescue(server_id)

    def ensure_moved(self, server_id: str, number: int) -> None:
        self.repairs.move(server_id, number)

    def ensure_evacuated(self, server_id: str, number: int) -> None:
        self.repairs.evacuate(server_id, number)

    def ensure_rebuilt(self, server_id: str, spec: ServerSpec, number: int) -> None:
        self.actions.rebuild(server_id, spec, number)

    def ensure_deleted(self, server_id: str) -> None:
        try:
            self.client.request("compute", "DELETE", f"/servers/{server_id}")
        except CloudGone:
            return

    def ensure_renamed(self, server_id: str, name: str) -> str:
        kept = nova_servers.kept_name(name, server_id)
        self.client.request("compute", "PUT", f"/servers/{server_id}", json={"server": {"name": kept}})
        return kept

    def ensure_ports(self, server_id: str, ports: frozenset[int]) -> None:
        """Check only that the server exists: the agent reaches every port of every guest, and tunnels decide which are public."""
        self.actions.get(server_id)

    def ensure_snapshot(self, server_id: str, name: str) -> Image:
        return cluster.image(self.actions.snapshot(server_id, name))

    def ensure_archived(self, server_id: str, name: str) -> Image:
        return cluster.image(self.archives.ensure(server_id, name))

    def ensure_not_archived(self, server_id: str, name: str) -> None:
        self.archives.undo(server_id, name)

    def kept_image(self, server_id: str) -> Image | None:
        row = self.archives.shelved(self.actions.get(server_id))
        return cluster.image(row) if row else None

    def ensure_image_deleted(self, image_id: str) -> None:
        self.archives.delete(image_id)

    def image_size(self, image_id: str) -> int:
        return images.size(self.client, image_id)

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        return images.read(self.client, image_id, start, length)

    def ensure_adopted(self, server_id: str, machine: str, owner: Owner) -> None:
        """Tag the server, which stays in its project. CloudRefused while it is shelved, since Nova tags no shelved server."""
        row = self.actions.get(server_id)
        try:
            self.actions.write_metadata(server_id, nova_servers.metadata(machine, owner.key, owner.name, {}))
            self.client.request(
                "compute", "PUT", f"/servers/{server_id}/tags", json={"tags": nova_servers.retagged(row, machine)}
            )
        except Conflict as error:
            if row["OS-EXT-STS:task_state"]:
                raise
            raise CloudRefused(f"A server that is {row['status']} cannot be tagged: start it first.") from error
        self.tenants.let_agent_in(server_id, row["tenant_id"])

    # ---- tenants ----

    def ensure_quota(self, owner: Owner) -> None:
        self.tenants.ensure_quota(owner)

    def ensure_rules(self, owner: Owner) -> str:
        return self.tenants.ensure_rules(owner)

    def ensure_owner_gone(self, owner: Owner) -> None:
        self.tenants.ensure_gone(owner)

    # ---- counters ----

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(self._diagnostics, server_ids)
            return {key: facts for key, facts in zip(server_ids, found, strict=True) if facts}

    def _diagnostics(self, server_id: str) -> Diagnostics | None:
        try:
            answer = self.client.request(
                "compute", "GET", f"/servers/{server_id}/diagnostics", seconds=DIAGNOSTICS_SECONDS
            )
            facts = body(answer)
        except CloudError:
            return None
        return nova_servers.diagnostics(facts)
