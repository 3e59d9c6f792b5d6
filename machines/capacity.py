"""Sizes: how much a machine of a template takes, and whether the cluster has room for it."""

from typing import Any

from django.utils.translation import gettext_noop as _

from cloud.contract import Flavor, Room
from courses.models import Template
from lib.measures import Size
from lib.notes import Note


def size_of(template: Template) -> Size:
    """Return what one machine of this template takes of a quota."""
    flavor = template.flavor
    return Size(1, flavor.vcpus, flavor.ram_mb, flavor.disk_gb, len(template.services))


def never_fits(template: Template, room: dict[str, Any]) -> Note | None:
    """Return why this size would wait for ever on a cluster with this `room` (CloudWatch.room); None when it would not."""
    if not room or _room(room, empty=True).fits(flavor_of(template)):
        return None
    return Note(_("No computer of the cluster is big enough for this size. Choose a smaller one."))


def waits(template: Template, room: dict[str, Any]) -> bool:
    """Return whether a launch would queue, by what was last heard of the cluster (CloudWatch.room)."""
    return bool(room) and not _room(room).fits(flavor_of(template))


def _room(stored: dict[str, Any], *, empty: bool = False) -> Room:
    """Return the cluster as last heard; `empty`: as if nobody used it."""
    if empty:
        nothing = {"vcpus_used": 0, "ram_mb_used": 0, "disk_gb_used": 0}
        # A cluster is no bigger for one server than its biggest computer.
        stored = {**stored, **nothing, "biggest_free": stored.get("biggest_host", {})}
    return Room(**stored)


def flavor_of(template: Template) -> Flavor:
    f = template.flavor
    return Flavor(f.cloud_id, f.name, f.vcpus, f.ram_mb, f.disk_gb)
