"""The network that machines are put on, and the addresses from which the agent reaches it. Found once per process."""

from typing import Any

from cloud.contract import CloudError
from cloud.openstack import cluster
from cloud.openstack.client import Client


class MachineNetwork:
    """The chosen network. `wish`: its name or id, '' to choose the only shared one. `agents_wish`: CIDRs, empty to find them."""

    def __init__(self, client: Client, wish: str, agents_wish: list[str]) -> None:
        self._client = client
        self._wish = wish
        self._agents = agents_wish
        self._row: dict[str, Any] | None = None

    @property
    def id(self) -> str:
        return str(self._found["id"])

    def agents(self) -> list[str]:
        """Return where the agent's connections come from, as CIDRs."""
        if not self._agents:
            self._agents = cluster.own_address(self._client, self.id)
        return self._agents

    def known_agents(self) -> list[str]:
        """Return agents(), or [] while they cannot be found: launches and resets go on without."""
        try:
            return self.agents()
        except CloudError:
            return []

    @property
    def _found(self) -> dict[str, Any]:
        if self._row is None:
            self._row = cluster.network(self._client, self._wish)
        return self._row
