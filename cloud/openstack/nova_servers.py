"""Nova's servers in the contract's words."""

import logging
import unicodedata
from datetime import datetime
from math import ceil
from typing import Any

from cloud.contract import Diagnostics, Flavor, Server, Status
from lib import seldom

log = logging.getLogger(__name__)
PREFIX = "minga_"  # of the metadata keys that are ours
# SHELVED still holds its host (its image is made, the offload comes); PAUSED is asleep in its host's memory.
STATUS = {
    "BUILD": Status.BUILDING,
    "REBUILD": Status.BUILDING,
    "ACTIVE": Status.ACTIVE,
    "REBOOT": Status.ACTIVE,
    "HARD_REBOOT": Status.ACTIVE,
    "PASSWORD": Status.ACTIVE,
    "MIGRATING": Status.ACTIVE,
    "RESIZE": Status.ACTIVE,
    "VERIFY_RESIZE": Status.ACTIVE,
    "REVERT_RESIZE": Status.ACTIVE,
    "SUSPENDED": Status.SUSPENDED,
    "PAUSED": Status.SUSPENDED,
    "SHUTOFF": Status.STOPPED,
    "SHELVED": Status.STOPPED,
    "SHELVED_OFFLOADED": Status.SHELVED,
    "RESCUE": Status.RESCUED,
    "ERROR": Status.ERROR,
    "DELETED": Status.DELETED,
    "SOFT_DELETED": Status.DELETED,
}
NO_ROOM = (
    "No valid host was found",
)  # not "exhausted all hosts": so it says, too, when a build failed for another reason


def machine_tag(machine: str) -> str:
    """Return the tag of a machine's server. Tags can be searched for, metadata cannot; both are written with the server itself."""
    return f"minga-{machine}"


def retagged(row: dict[str, Any], machine: str) -> list[str]:
    """Return the server's tags, with this machine's instead of another's."""
    others = (tag for tag in row.get("tags") or [] if not tag.startswith("minga-"))
    return [*others, machine_tag(machine)]


def kept_name(text: str, number: str) -> str:
    """Return as much of a name as Nova takes: printable characters of 16 bits, so no emoji; what nothing is left of is named by its number."""
    plain = "".join(c for c in text if ord(c) < 0xFFFF and unicodedata.category(c)[0] != "C")
    return " ".join(plain.split()) or f"machine-{number[:8]}"


def metadata(machine: str, owner_key: str, owner_name: str, labels: dict[str, str]) -> dict[str, str]:
    """Return what stands on a server for people who see only Horizon, and for us. Values of at most 255 characters."""
    ours = {"machine": machine, "owner": owner_key, "owner_name": owner_name, **labels}
    return {PREFIX + key: value[:255] for key, value in ours.items() if value}


def server(row: dict[str, Any], network: str = "") -> Server:
    """Read a row of servers/detail. A cell that is down gives only id, status UNKNOWN, project and times."""
    said = row.get("metadata") or {}
    fault = row.get("fault") or {}
    message = str(fault.get("message", ""))
    return Server(
        id=row["id"],
        machine=said.get(f"{PREFIX}machine", ""),
        owner=said.get(f"{PREFIX}owner", ""),
        name=row.get("name", ""),
        status=STATUS.get(row.get("status", ""), Status.UNKNOWN),
        task=row.get("OS-EXT-STS:task_state") or "",
        address=address(row.get("addresses") or {}, network),
        host=row.get("OS-EXT-SRV-ATTR:host") or "",
        fault=f"{fault.get('code', '')} {message}".strip(),
        full=any(words in message for words in NO_ROOM),
        resets=number_of(said.get(f"{PREFIX}resets")),
        restarts=number_of(said.get(f"{PREFIX}restarts")),
        moves=number_of(said.get(f"{PREFIX}moves")),
        project=row.get("tenant_id", ""),
        flavor=flavor_of(row.get("flavor") or {}),
        created_at=_time(row.get("created")),
        updated_at=_time(row.get("updated")),
    )


def server_or_unknown(row: dict[str, Any], network: str = "") -> Server:
    """Read one row of a list. One that cannot be understood must neither hide the others nor pass for a server that is gone."""
    try:
        return server(row, network)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        seldom.warning(
            log, f"server {row['id']}", "server %s is told in a way that is not understood: %r", row["id"], error
        )
        return Server(row["id"], "", "", "", Status.UNKNOWN)


def address(networks: dict[str, list[dict[str, Any]]], preferred: str = "") -> str:
    """Return the server's fixed address in the preferred network, IPv4 before IPv6; else any fixed one."""
    rows = [
        (name != preferred, entry["version"], entry["addr"])
        for name, entries in networks.items()
        for entry in entries
        if entry.get("OS-EXT-IPS:type", "fixed") == "fixed"
    ]
    return min(rows)[2] if rows else ""


def flavor(row: dict[str, Any]) -> Flavor:
    """Read a row of flavors/detail."""
    return Flavor(row["id"], row["name"], row["vcpus"], row["ram"], *_disks(row))


def flavor_of(row: dict[str, Any]) -> Flavor | None:
    """Read a flavor as a server carries it: without its id."""
    if "vcpus" not in row:
        return None
    return Flavor(row.get("id", ""), row.get("original_name", ""), row["vcpus"], row["ram"], *_disks(row))


def _disks(row: dict[str, Any]) -> tuple[int, int | None]:
    """Return (GiB of all disks, GiB of the root) as Placement counts them: root, ephemeral, and swap (in MiB; '' for none), rounded up."""
    root, ephemeral = int(row["disk"]), int(row.get("ephemeral", row.get("OS-FLV-EXT-DATA:ephemeral")) or 0)
    total = root + ephemeral + ceil(int(row.get("swap") or 0) / 1024)
    return total, None if root == total else root


def number_of(text: str | None) -> int:
    """Read a counter in the metadata; what somebody wrote there by hand counts for nothing."""
    return int(text) if text and text.isdigit() else 0


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def diagnostics(said: dict[str, Any]) -> Diagnostics:
    times = [cpu["time"] for cpu in said.get("cpu_details", []) if cpu.get("time") is not None]
    return Diagnostics(
        cpu_seconds=sum(times) / 1e9 if times else None,  # Nova tells nanoseconds
        disk_read_bytes=_sum(said.get("disk_details"), "read_bytes"),
        disk_write_bytes=_sum(said.get("disk_details"), "write_bytes"),
        nic_rx_bytes=_sum(said.get("nic_details"), "rx_octets"),
        nic_tx_bytes=_sum(said.get("nic_details"), "tx_octets"),
    )


def _sum(rows: list[dict[str, Any]] | None, name: str) -> int | None:
    values = [row[name] for row in rows or [] if row.get(name) is not None]
    return sum(values) if values else None
