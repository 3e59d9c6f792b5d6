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
GONE = tuple(word for word, status in STATUS.items() if status == Status.DELETED)
MOST_DIGITS = 9  # in a counter; ten may not fit our integer column
# Not "exhausted all hosts": Nova says that also when a build failed for another reason.
NO_ROOM = ("No valid host was found",)


def machine_tag(machine: str) -> str:
    """Return the tag by which a server is found. Nova searches by tags, not by metadata; both are written at creation."""
    return f"minga-{machine}"


def retagged(row: dict[str, Any], machine: str) -> list[str]:
    """Return the server's tags with this machine's in place of any other machine's."""
    others = (tag for tag in row.get("tags") or [] if not tag.startswith("minga-"))
    return [*others, machine_tag(machine)]


def kept_name(text: str, number: str) -> str:
    """Return the part of a name that Nova takes: printable characters of 16 bits, so no emoji. Nothing left: a name of the number."""
    plain = "".join(c for c in text if ord(c) < 0xFFFF and unicodedata.category(c)[0] != "C")
    return " ".join(plain.split()) or f"machine-{number[:8]}"


def metadata(machine: str, owner_key: str, owner_name: str, labels: dict[str, str]) -> dict[str, str]:
    """Return the metadata of a server: ours, and labels for people who see only Horizon. Values have at most 255 characters."""
    ours = {"machine": machine, "owner": owner_key, "owner_name": owner_name, **labels}
    return {PREFIX + key: value[:255] for key, value in ours.items() if value}


def server(row: dict[str, Any], address: str | None) -> Server:
    """Read a row of servers/detail. A cell that is down gives only id, status UNKNOWN, project and times.

    address: where the server is reached, '' for nowhere (cloud.openstack.server_addresses). None: that is not known now, so its
    status is UNKNOWN, too, and nothing is concluded from this row.
    """
    facts = row.get("metadata") or {}
    fault = row.get("fault") or {}
    message = str(fault.get("message", ""))
    return Server(
        id=row["id"],
        machine=_text(facts.get(f"{PREFIX}machine")),
        owner=_text(facts.get(f"{PREFIX}owner")),
        name=row.get("name", ""),
        status=Status.UNKNOWN if address is None else STATUS.get(row.get("status", ""), Status.UNKNOWN),
        task=row.get("OS-EXT-STS:task_state") or "",
        address=address or "",
        host=row.get("OS-EXT-SRV-ATTR:host") or "",
        fault=f"{fault.get('code', '')} {message}".strip(),
        full=any(words in message for words in NO_ROOM),
        resets=number_of(facts.get(f"{PREFIX}resets")),
        restarts=number_of(facts.get(f"{PREFIX}restarts")),
        moves=number_of(facts.get(f"{PREFIX}moves")),
        project=row.get("tenant_id", ""),
        flavor=flavor_of(row.get("flavor") or {}),
        created_at=_time(row.get("created")),
    )


def server_or_unknown(row: dict[str, Any], address: str | None) -> Server:
    """Read one row of a list. A row that cannot be read must neither hide the others nor count as a deleted server."""
    try:
        return server(row, address)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        seldom.warning(log, f"server {row['id']}", "the row of server %s cannot be read: %r", row["id"], error)
        return Server(row["id"], "", "", "", Status.UNKNOWN)


def flavor(row: dict[str, Any]) -> Flavor:
    """Read a row of flavors/detail."""
    return Flavor(row["id"], row["name"], row["vcpus"], row["ram"], *_disks(row))


def flavor_of(row: dict[str, Any]) -> Flavor | None:
    """Read a server's copy of its flavor, which has no id."""
    if "vcpus" not in row:
        return None
    return Flavor(row.get("id", ""), row.get("original_name", ""), row["vcpus"], row["ram"], *_disks(row))


def _disks(row: dict[str, Any]) -> tuple[int, int | None]:
    """Return GiB of all disks, as Placement counts them (root, ephemeral, swap; rounded up), and of the root disk."""
    root, ephemeral = int(row["disk"]), int(row.get("ephemeral", row.get("OS-FLV-EXT-DATA:ephemeral")) or 0)
    total = root + ephemeral + ceil(int(row.get("swap") or 0) / 1024)
    return total, None if root == total else root


def number_of(text: str | None) -> int:
    """Read a counter in the metadata; 0 for anything that we would not write, since people can write there too."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0


def _text(text: str | None) -> str:
    """Read a text in the metadata. PostgreSQL keeps no NUL, and a server must not be hidden by one."""
    return (text or "").replace("\0", "")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def diagnostics(answer: dict[str, Any]) -> Diagnostics:
    times = [cpu["time"] for cpu in answer.get("cpu_details", []) if cpu.get("time") is not None]
    return Diagnostics(
        cpu_seconds=sum(times) / 1e9 if times else None,  # Nova gives nanoseconds
        disk_read_bytes=_sum(answer.get("disk_details"), "read_bytes"),
        disk_write_bytes=_sum(answer.get("disk_details"), "write_bytes"),
        nic_rx_bytes=_sum(answer.get("nic_details"), "rx_octets"),
        nic_tx_bytes=_sum(answer.get("nic_details"), "tx_octets"),
    )


def _sum(rows: list[dict[str, Any]] | None, name: str) -> int | None:
    amounts = [row[name] for row in rows or [] if row.get(name) is not None]
    return sum(amounts) if amounts else None
