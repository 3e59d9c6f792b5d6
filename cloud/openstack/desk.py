"""What one process has open: its connection, its verbs, and what it has found out about the cloud."""

from typing import Any

from cloud.contract import CloudError
from cloud.openstack import cluster, paging
from cloud.openstack.archives import Archives
from cloud.openstack.egress import WayOut
from cloud.openstack.faults import Faults
from cloud.openstack.repairs import Repairs
from cloud.openstack.tenants import Tenants
from cloud.openstack.verbs import Verbs
from cloud.openstack.walls import Walls
from cloud.openstack.wire import Wire


class Desk:
    """One for each process: see OpenStackCloud.desk."""

    def __init__(
        self,
        cloud: str | None,
        network_wish: str,
        agents_wish: list[str],
        egress_wish: list[str] | None,
        settings: dict[str, Any],
    ) -> None:
        self.wire = Wire(cloud, **settings)
        self.way_out = WayOut(self.wire, egress_wish, self.agents, lambda: str(self.network["id"]))
        self.walls = Walls(self.wire, self.agents, self.way_out, agents_told=bool(agents_wish))
        self.tenants = Tenants(self.wire, self.walls)
        self.verbs = Verbs(self.wire, self.exempt)
        self.repairs = Repairs(self.verbs)
        self.archives = Archives(self.wire, self.verbs)
        self.faults = Faults(self.wire)
        self._network_wish = network_wish
        self._agents_wish = agents_wish
        self._network: dict[str, Any] | None = None

    @property
    def network(self) -> dict[str, Any]:
        if self._network is None:
            self._network = cluster.network(self.wire, self._network_wish)
        return self._network

    @property
    def network_name(self) -> str:
        """A list must not fail because the network cannot be chosen."""
        try:
            return str(self.network["name"])
        except CloudError:
            return self._network_wish

    def agents(self) -> list[str]:
        """From where the agent comes, as CIDRs."""
        if not self._agents_wish:
            self._agents_wish = cluster.own_address(self.wire, self.network["id"])
        return self._agents_wish

    def exempt(self) -> list[str]:
        """The same for the guests' sshd. A server is made and reset also while it cannot be found out."""
        try:
            return self.agents()
        except CloudError:
            return []

    def let_agent_in(self, server_id: str, project: str) -> None:
        """Our security group on the ports of a server that somebody else made."""
        group = self.tenants.group_of(project)
        for port in paging.rows(self.wire, "network", "/ports", "ports", {"device_id": server_id}):
            if group not in port["security_groups"] and port.get("port_security_enabled", True):
                groups = {"security_groups": [*port["security_groups"], group]}
                self.wire.ask("network", "PUT", f"/ports/{port['id']}", json={"port": groups})
