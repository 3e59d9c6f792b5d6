"""The cluster's sizes, images, networks, computers and their room."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

from cloud.contract import CloudBusy, CloudRefused, Flavor, Image, Room
from cloud.openstack import nova_servers, paging
from cloud.openstack.client import Client
from cloud.openstack.errors import body
from cloud.openstack.images import DEAD
from lib.names import is_login

SNAPSHOT = "minga_snapshot"  # an image property: the server it was made from
ARCHIVE = "minga_archive"  # likewise, of an image that keeps one server's disk and is no template
# Who signs in, where an image does not say it (property os_admin_user): what the distributions' own cloud images do.
LOGINS = {
    "ubuntu": "ubuntu", "debian": "debian", "fedora": "fedora", "cirros": "cirros", "centos": "cloud-user", "rhel": "cloud-user",
    "rocky": "rocky", "almalinux": "almalinux", "arch": "arch", "opensuse": "opensuse", "alpine": "alpine", "freebsd": "freebsd",
}  # fmt: skip
PAGE = 200
NO = ("no", "false", "0")

Measures = dict[str, int]  # vcpus, ram_mb, disk_gb


class NoRoute(CloudBusy):
    """Raised where this computer has no route to the machines' network. Nothing is wrong with the cloud."""


def flavors(client: Client) -> list[Flavor]:
    """List the sizes that everybody may use."""
    return [nova_servers.flavor(row) for row in paging.rows(client, "compute", "/flavors/detail", "flavors")]


def images(client: Client) -> list[Image]:
    """List public and community images and the portal's own, not those that others made of their machines."""
    own = client.project_id
    rows = (row for row in pages(client, {"limit": PAGE}))
    shown = (row for row in rows if row["visibility"] in ("public", "community") or row["owner"] == own)
    return [image(row) for row in shown if row["status"] not in DEAD and not row.get(ARCHIVE)]


def pages(client: Client, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all of Glance's images that match."""
    return paging.rows(client, "image", "/images", "images", params)


def image(row: dict[str, Any]) -> Image:
    return Image(
        id=row["id"],
        name=row["name"] or row["id"],
        ready=row["status"] == "active",
        min_ram_mb=row["min_ram"],
        min_disk_gb=row["min_disk"],
        size_bytes=row["size"] or 0,
        login=_login(row),
        can_suspend=str(row.get("minga_can_suspend", "yes")).lower() not in NO,
        disk_format=row.get("disk_format") or "",
        status="" if row["status"] == "active" else row["status"],
        checksum=_checksum(row),
    )


def _login(row: dict[str, Any]) -> str:
    """Return who signs in. Whoever uploads an image writes os_admin_user: what is no user's name counts as not said."""
    said = str(row.get("os_admin_user") or "")
    return said if is_login(said) else LOGINS.get(row.get("os_distro", ""), "")


def _checksum(row: dict[str, Any]) -> str:
    """Return Glance's secure checksum, or the MD5 of an old image."""
    if row.get("os_hash_value"):
        return f"{row.get('os_hash_algo') or 'sha512'}:{row['os_hash_value']}"
    return f"md5:{row['checksum']}" if row.get("checksum") else ""


def room(client: Client) -> Room:
    """Return the room of the computers in service, by Placement's book-keeping, which decides about launches."""
    hosts = _in_service(client)
    total, used = _sum(has for has, _ in hosts), _sum(taken for _, taken in hosts)
    free = ({name: has[name] - taken[name] for name in has} for has, taken in hosts)
    sums: dict[str, Any] = {**total, **{f"{name}_used": amount for name, amount in used.items()}}
    emptiest = max(free, key=_size, default=_sum([]))
    return Room(**sums, biggest_free=emptiest, biggest_host=max((has for has, _ in hosts), key=_size, default={}))


def _in_service(client: Client) -> list[tuple[Measures, Measures]]:
    """Return of each computer that is up and enabled what it has (with overcommit), and what of it is taken.

    Placement names only the computers with a free processor; the others count as full.
    """
    away, others = _computers(client)
    found = {key: (has, has) for key, has in others.items()}
    answer = body(client.request("placement", "GET", "/allocation_candidates", params={"resources": "VCPU:1"}))
    for key, provider in answer["provider_summaries"].items():
        if key not in away and "VCPU" in provider["resources"]:
            found[key] = _measures(provider, "capacity"), _measures(provider, "used")
    return list(found.values())


def has_room(client: Client, flavor: Flavor) -> bool:
    """Return whether Placement has a host that is up for one more server. (Placement does not know which are down.)"""
    wish = {"VCPU": flavor.vcpus, "MEMORY_MB": flavor.ram_mb, "DISK_GB": flavor.disk_gb}
    resources = ",".join(f"{name}:{amount}" for name, amount in wish.items() if amount)
    params = {"resources": resources, "required": "!COMPUTE_STATUS_DISABLED"}
    answer = body(client.request("placement", "GET", "/allocation_candidates", params=params))
    shares = [share for request in answer["allocation_requests"] for share in request["allocations"].items()]
    hosts = {host for host, share in shares if "VCPU" in share["resources"]}
    return bool(hosts and hosts - _computers(client)[0])


def network(client: Client, wish: str = "") -> dict[str, Any]:
    """Return the network that machines are put on: the one of this id or name, otherwise the only shared one.

    Of several with the name, the only shared one: a student may give any name to a network, but shares none.
    """
    rows = paging.rows(client, "network", "/networks", "networks")
    if wish:
        found = [row for row in rows if row["id"] == wish] or [row for row in rows if row["name"] == wish]
        if len(found) > 1:
            found = [row for row in found if row["shared"]] or found
    else:
        found = [row for row in rows if row["shared"] and not row.get("router:external") and row["subnets"]]
    if len(found) == 1:
        return dict(found[0])
    names = ", ".join(sorted(row["name"] for row in found or rows)) or "none"
    if wish:
        raise CloudRefused(f"OPENSTACK_NETWORK is {wish}, and {len(found)} networks are called so. There are: {names}.")
    raise CloudRefused(f"Say in OPENSTACK_NETWORK which network the machines are put on. There are: {names}.")


def own_address(client: Client, network_id: str) -> list[str]:
    """Return the addresses from which this computer reaches the network, as CIDRs: right when the agent runs here, too."""
    subnets = paging.rows(client, "network", "/subnets", "subnets", {"network_id": network_id})
    found = []
    for subnet in subnets:
        inside = ipaddress.ip_network(subnet["cidr"])
        target = subnet["gateway_ip"] or str(inside.network_address + 1)
        try:
            with socket.socket(socket.AF_INET6 if inside.version == 6 else socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))  # sends nothing: asks the routing table
                found.append(f"{probe.getsockname()[0]}/{inside.max_prefixlen}")
        except OSError:
            continue
    if not found:
        raise NoRoute("This computer has no route to the machines' network: say in AGENT_ADDRESSES where the agent is.")
    return sorted(set(found))


def _computers(client: Client) -> tuple[set[str], dict[str, Measures]]:
    """Return the ids (Placement's) of computers that are down or disabled, and the measures of each of the others."""
    away, others = set(), {}
    for row in paging.rows(client, "compute", "/os-hypervisors/detail", "hypervisors"):
        if row["state"] != "up" or row["status"] != "enabled":
            away.add(row["id"])
        else:
            others[row["id"]] = {"vcpus": row["vcpus"], "ram_mb": row["memory_mb"], "disk_gb": row["local_gb"]}
    return away, others


def _measures(provider: dict[str, Any], which: str) -> Measures:
    has = provider["resources"]
    names = {"vcpus": "VCPU", "ram_mb": "MEMORY_MB", "disk_gb": "DISK_GB"}
    return {ours: int(has.get(theirs, {}).get(which, 0)) for ours, theirs in names.items()}


def _sum(hosts: Iterable[Measures]) -> Measures:
    hosts = list(hosts)
    return {name: sum(host[name] for host in hosts) for name in ("vcpus", "ram_mb", "disk_gb")}


def _size(host: Measures) -> tuple[int, int]:
    return host["ram_mb"], host["vcpus"]
