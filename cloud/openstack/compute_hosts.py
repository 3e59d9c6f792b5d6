"""Nova's computers: what each is, and whether it takes servers. Nova keeps that with the nova-compute service of each."""

import re
from datetime import UTC, datetime
from typing import Any

from cloud.contract import CloudGone, CloudRefused, Host
from cloud.openstack import host_weights, paging
from cloud.openstack.client import LIST_SECONDS, Client
from cloud.openstack.errors import BadRequest, body

Row = dict[str, Any]
REASON = 255  # characters that Nova keeps
UPTIME = "2.88"  # the version from which the list has it
LOAD = re.compile(r"load averages?: +([\d.]+),? +([\d.]+),? +([\d.]+)")


class HostVerbs:
    """The contract's verbs about hosts, for a cloud that has `client`."""

    client: Client

    def hosts(self) -> list[Host]:
        return hosts(self.client)

    def loads(self) -> dict[str, tuple[float, float, float]]:
        return loads(self.client)

    def set_host_enabled(self, name: str, enabled: bool, reason: str = "") -> None:
        set_enabled(self.client, name, enabled, reason)

    def set_host_weight(self, name: str, weight: float) -> None:
        _service(self.client, name)  # it is there
        host_weights.set_weight(self.client, name, weight)

    def set_host_fenced(self, name: str, fenced: bool) -> None:
        set_fenced(self.client, name, fenced)


def hosts(client: Client) -> list[Host]:
    rows = paging.rows(client, "compute", "/os-hypervisors/detail", "hypervisors")
    services = {row["host"]: row for row in _services(client)}
    weights = host_weights.weights(client)
    return [
        Host(
            name=row["service"]["host"],
            up=row["state"] == "up",
            enabled=row["status"] == "enabled",
            note=row["service"].get("disabled_reason") or "",
            vcpus=row["vcpus"],
            vcpus_used=row["vcpus_used"],
            ram_mb=row["memory_mb"],
            ram_mb_used=row["memory_mb_used"],
            disk_gb=row["local_gb"],
            disk_gb_used=row["local_gb_used"],
            servers=row["running_vms"],
            heard_at=_utc((service := services.get(row["service"]["host"], {})).get("updated_at")),
            fenced=bool(service.get("forced_down")),
            weight=weights.get(row["service"]["host"], 1.0),
        )
        for row in rows
    ]


def loads(client: Client) -> dict[str, tuple[float, float, float]]:
    """Read the loads from what each host says to `uptime`. Nova asks those that are up, one after the other."""
    answer = client.request("compute", "GET", "/os-hypervisors/detail", version=UPTIME, seconds=LIST_SECONDS)
    said = ((row["service"]["host"], LOAD.search(row.get("uptime") or "")) for row in body(answer)["hypervisors"])
    return {host: (float(found[1]), float(found[2]), float(found[3])) for host, found in said if found}


def set_enabled(client: Client, name: str, enabled: bool, reason: str = "") -> None:
    wish = {"status": "enabled"} if enabled else {"status": "disabled", "disabled_reason": reason[:REASON] or "–"}
    _write(client, _service(client, name), wish)


def set_fenced(client: Client, name: str, fenced: bool) -> None:
    """Write Nova's forced_down. Nova itself refuses to take it back before the service has removed what was evacuated."""
    service = _service(client, name)
    if bool(service["forced_down"]) == fenced:
        return
    if fenced and service["state"] == "up":
        raise CloudRefused(f"Host {name} is up: switch it off first.")
    try:
        _write(client, service, {"forced_down": fenced})
    except BadRequest as error:
        raise CloudRefused(f"Start nova-compute on {name} first: {error}") from error


def is_fenced(client: Client, name: str) -> bool:
    """Say whether a host is said to be off. One that Nova does not have any more is not: that says nothing of its servers."""
    try:
        return bool(_service(client, name)["forced_down"])
    except CloudGone:
        return False


def _write(client: Client, service: Row, wish: Row) -> None:
    client.request("compute", "PUT", f"/os-services/{service['id']}", json=wish)


def _service(client: Client, name: str) -> Row:
    for row in _services(client, {"host": name}):
        if row["host"] == name:
            return row
    raise CloudGone(f"Nova has no computer {name}.")


def _services(client: Client, wanted: Row | None = None) -> list[Row]:
    """Return Nova's services on the computers. Each writes its row every 10 s (report_interval)."""
    params = {"binary": "nova-compute", **(wanted or {})}
    rows: list[Row] = body(client.request("compute", "GET", "/os-services", params=params))["services"]
    return rows


def _utc(text: str | None) -> datetime | None:
    """Read a time of Nova's, which is UTC and does not say so."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
