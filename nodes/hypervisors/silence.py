"""Silence of a node: how long nothing has come from it, long before the cloud calls it down.

The report's time is by the cloud's clock, which may be set wrongly: a node whose reports are new at each look is not silent, whatever
they say.
"""

from collections.abc import Collection
from datetime import timedelta

from django.db.models import F, Q

from nodes.hypervisors.models import Node

SILENT_AFTER = timedelta(seconds=40)  # reports come every 10 s; a controller that is busy may be late with two
LOOKS_APART = timedelta(seconds=20)  # see portal.celery


def silent_for(node: Node) -> timedelta | None:
    """Return since how long before the last look nothing has come from it, None where it is heard. Nothing is known of its clock."""
    if not node.listed or not node.heard_at or not node.heard_anew_at:
        return None
    unchanged = node.seen_at - node.heard_anew_at
    if unchanged <= timedelta():
        return None
    told = node.seen_at - node.heard_at
    length = told if unchanged <= told <= unchanged + LOOKS_APART + timedelta(seconds=15) else unchanged
    return length if length >= SILENT_AFTER else None


def unheard(names: Collection[str] | None = None) -> dict[str, Node]:
    """Return those of the nodes of these names that are down or silent, by name; None: of all. One query."""
    found = Node.objects.filter(Q(up=False) | Q(heard_anew_at__lt=F("seen_at")))
    found = found if names is None else found.filter(name__in=names)
    return {node.name: node for node in found if not node.up or silent_for(node)}
