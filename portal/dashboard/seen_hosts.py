"""The computers of the cluster as the worker last saw them: pages ask the cloud for nothing."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from cloud.contract import Cloud
from portal.dashboard.findings import keep
from portal.models import Finding


def look(cloud: Cloud, now: datetime) -> None:
    """List the computers of the cluster, and keep the list. Raises CloudError: then the last one stays, with its age."""
    last = Finding.objects.filter(name=Finding.Name.HOSTS).first()
    before = {row["name"]: row for row in last.data["hosts"]} if last else {}
    hosts = sorted((asdict(host) for host in cloud.hosts()), key=lambda host: str(host["name"]))
    for host in hosts:
        host["since"] = _since(host, before.get(host["name"]), now)
    keep({Finding.Name.HOSTS: {"hosts": hosts}}, now)


def _since(host: dict[str, Any], before: dict[str, Any] | None, now: datetime) -> str:
    """Return since when a computer is in service or not, as now; '' where it was so when it was first seen."""
    if before is None:
        return ""
    is_same = all(before.get(fact, True) == host[fact] for fact in ("up", "enabled"))
    return str(before.get("since", "")) if is_same else now.isoformat()
