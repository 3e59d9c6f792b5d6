"""The network around a server: the agent reaches it, by port and by address, and nobody else does."""

from typing import Protocol

from cloud.contract.identity import Owner


class Networks(Protocol):
    """See Cloud for what each call may raise."""

    def ensure_ports(self, server_id: str, ports: frozenset[int]) -> None:
        """Let the agent reach exactly these TCP ports of the guest. A cloud whose agent reaches all of them does nothing."""

    def ensure_rules(self, owner: Owner) -> str:
        """Bring what the owner's tenant lets in and out in line with the settings. Return the tenant's note for Owner.tenant; '': no tenant."""
