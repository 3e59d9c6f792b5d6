"""Weights of hosts. Nova's scheduler reads them from host aggregates: ours are named by their weight.

https://docs.openstack.org/nova/latest/admin/scheduling.html#per-aggregate-scheduling-weight
"""

import re
from typing import Any

from cloud.openstack.client import Client
from cloud.openstack.errors import body

Row = dict[str, Any]
NAME = "minga-weight {weight:g}"
_OURS = re.compile(r"minga-weight (-?\d+(?:\.\d+)?)")
# Each of these weighers compares the room that is left: 0 for the host with the least of all that could take a server, 1 with the most.
MULTIPLIERS = ("ram_weight_multiplier", "cpu_weight_multiplier", "disk_weight_multiplier")


def weights(client: Client) -> dict[str, float]:
    """Return the weights of hosts that are not 1. Of several aggregates Nova takes the lowest."""
    found: dict[str, float] = {}
    for weight, row in _ours(client).items():
        for host in row["hosts"]:
            found[host] = min(weight, found.get(host, weight))
    return found


def set_weight(client: Client, name: str, weight: float) -> None:
    """Have a host in the aggregate of its weight alone. CloudGone where there is no such host."""
    ours = _ours(client)
    if weight != 1:
        row = _ready(client, weight, ours.get(weight))
        if name not in row["hosts"]:
            _act(client, row, "add_host", {"host": name})
    for other, row in ours.items():
        if other != weight and name in row["hosts"]:
            _act(client, row, "remove_host", {"host": name})


def _ours(client: Client) -> dict[float, Row]:
    """Return our aggregates by their weights."""
    rows = body(client.request("compute", "GET", "/os-aggregates"))["aggregates"]
    return {float(found[1]): row for row in rows if (found := _OURS.fullmatch(row["name"]))}


def _ready(client: Client, weight: float, row: Row | None) -> Row:
    """Return the aggregate of a weight, with its metadata: a kill may have come between the two."""
    if row is None:
        wish = {"aggregate": {"name": NAME.format(weight=weight)}}
        row = body(client.request("compute", "POST", "/os-aggregates", json=wish))["aggregate"]
    metadata = dict.fromkeys(MULTIPLIERS, f"{weight:g}")
    if not metadata.items() <= row.get("metadata", {}).items():
        _act(client, row, "set_metadata", {"metadata": metadata})
    return {"hosts": [], **row}


def _act(client: Client, row: Row, verb: str, wish: Row) -> None:
    client.request("compute", "POST", f"/os-aggregates/{row['id']}/action", json={verb: wish})
