"""The computers of the cluster as the worker last saw them: pages ask the cloud for nothing."""

from dataclasses import asdict
from datetime import datetime

from cloud.contract import Cloud
from portal.dashboard.findings import keep
from portal.models import Finding


def look(cloud: Cloud, now: datetime) -> None:
    """List the computers of the cluster, and keep the list. Raises CloudError: then the last one stays, with its age."""
    hosts = sorted((asdict(host) for host in cloud.hosts()), key=lambda host: str(host["name"]))
    keep({Finding.Name.HOSTS: {"hosts": hosts}}, now)
