"""Servers as a list of the cloud tells them, for tests without a cloud."""

from typing import Any

from cloud.contract import Server, Status
from machines.models import Machine


def server_of(machine: Machine, **facts: Any) -> Server:
    """Return a machine's server as its row knows it, but for `facts`."""
    known = {
        "id": machine.server_id, "machine": str(machine.pk), "owner": "", "name": machine.cloud_name, "status": Status.ACTIVE,
        "task": machine.cloud_task, "address": machine.address, "host": machine.host, "project": machine.project,
        "port_map": {int(port): reached for port, reached in machine.port_map.items()},
        "resets": machine.cloud_resets, "restarts": machine.cloud_restarts, "moves": machine.cloud_moves,
    }  # fmt: skip
    return Server(**{**known, **facts})
