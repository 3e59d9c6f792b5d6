"""What can be launched, by whom, and whether there is room: for the launch page, and for `launch` itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

import quotas.actions
from accounts.models import User
from cloud.contract import Flavor, Room
from courses.models import Template
from lib.measures import Size
from lib.notes import Note
from machines.models import Watch
from quotas.actions import Usage
from quotas.shortage import briefly


@dataclass(frozen=True, slots=True)
class Offer:
    """A template for the launch page: can this person launch it now?"""

    template: Template
    why_not: Note | None  # the cloud lacks a part of it, their own quota, or a cluster that is too small for ever
    waits: bool  # the cluster is full now: it would queue
    over_quota: Note | None = None  # in a few words, where why_not is their own quota


def offers(user: User, templates: Iterable[Template] | None = None) -> list[Offer]:
    """Every published template (or these), and why this person could not launch it. What cannot work is shown with its reason."""
    usage = quotas.actions.usage(user)
    room = Watch.the_one().room
    if templates is None:
        templates = Template.objects.published().with_parts()
    return [_offer(t, usage, room) for t in templates]


def _offer(template: Template, usage: Usage, room: dict[str, Any]) -> Offer:
    size = size_of(template)
    why_not = template.lacks or usage.why_not_new(size) or never_fits(template, room)
    return Offer(template, why_not, waits(template, room), None if template.lacks else briefly(usage, size))


def size_of(template: Template) -> Size:
    """What one machine of it takes of a quota."""
    flavor = template.flavor
    return Size(1, flavor.vcpus, flavor.ram_mb, flavor.disk_gb, len(template.services))


def never_fits(template: Template, room: dict[str, Any]) -> Note | None:
    """Why this size would wait for ever, on a cluster whose `room` (Watch.room) was told; None when it would not."""
    if not room or _room(room, empty=True).fits(flavor_of(template)):
        return None
    return Note(_("No computer of the cluster is big enough for this size. Choose a smaller one."))


def waits(template: Template, room: dict[str, Any]) -> bool:
    """Whether a launch would queue, by what was last heard of the cluster (Watch.room)."""
    return bool(room) and not _room(room).fits(flavor_of(template))


def _room(stored: dict[str, Any], *, empty: bool = False) -> Room:
    """The cluster as last heard; `empty`: as if nobody used it."""
    if empty:
        nothing = {"vcpus_used": 0, "ram_mb_used": 0, "disk_gb_used": 0}
        # A cluster is no bigger for one server than its biggest computer.
        stored = {**stored, **nothing, "biggest_free": stored.get("biggest_host", {})}
    return Room(**stored)


def flavor_of(template: Template) -> Flavor:
    f = template.flavor
    return Flavor(f.cloud_id, f.name, f.vcpus, f.ram_mb, f.disk_gb)
