"""Weights by which the cloud's scheduler prefers nodes: new machines go last to a node whose disks are not for them."""

import logging
from collections.abc import Iterable
from datetime import datetime

from cloud.contract import Cloud, CloudError, Host
from lib import seldom
from nodes.hypervisors.models import Node, NodeEvent, NodeTie
from nodes.intake.disk_faults import bad_disks
from nodes.intake.models import MeasuredDisk

log = logging.getLogger(__name__)

USUAL, LAST = 1.0, -1.0  # see cloud.contract.Hosts.set_host_weight


def settle(cloud: Cloud, hosts: Iterable[Host], now: datetime) -> None:
    """Give each host the weight that it should have. What the cloud refuses is tried again at the next look. Three queries."""
    ill = _ill_nodes()
    for host in hosts:
        wish = LAST if host.name in ill else USUAL
        if host.weight == wish:
            continue
        try:
            cloud.set_host_weight(host.name, wish)
        except CloudError as error:
            seldom.warning(log, "the weights", "the weight of %s stays %g: %s", host.name, host.weight, error)
            continue
        _tell(host.name, wish, ill.get(host.name, []), now)


def _ill_nodes() -> dict[str, list[MeasuredDisk]]:
    """Return the nodes that have disks which are not for machines' disks, by name."""
    ties = dict(NodeTie.objects.filter(until=None, node__listed=True).values_list("computer_id", "node__name"))
    return {ties[computer]: disks for computer, disks in bad_disks(ties).items()}


def _tell(name: str, weight: float, disks: Iterable[MeasuredDisk], now: datetime) -> None:
    Node.objects.filter(name=name).update(weight=weight)
    kind = NodeEvent.Kind.LAST if weight == LAST else NodeEvent.Kind.USUAL
    names = ", ".join(disk.name for disk in disks)[:500]
    NodeEvent.objects.bulk_create(
        NodeEvent(node=node, at=now, kind=kind, note=names) for node in Node.objects.filter(name=name)
    )
