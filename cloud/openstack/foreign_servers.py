"""Servers with a false tag: people who may use a project can write our tags and metadata on the servers in it."""

import logging

from cloud.contract import Owner, Server
from cloud.openstack.tenants import Tenants
from lib import seldom

log = logging.getLogger(__name__)


def is_of(server: Server, owner: Owner, project: str, tenants: Tenants) -> bool:
    """Say whether a server is in the owner's project, or in `project`. Asks Keystone only if the projects that are known say no."""
    known = tenants.known(owner)
    if server.project in (project, known and known.project) or server.project == tenants.find(owner):
        return True
    text = "server %s in project %s is tagged with machine %s of another project, and left alone"
    seldom.warning(log, f"foreign {server.id}", text, server.id, server.project, server.machine, memory=seldom.OWN)
    return False
