"""The launch page's list: every template, and why this person could not launch it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import quotas.actions
from accounts.models import User
from courses.models import Template
from lib.notes import Note
from machines.capacity import never_fits, size_of, waits
from machines.models import CloudWatch
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
    """List every published template (or these), and why this person could not launch it. What cannot work is shown with its reason."""
    usage = quotas.actions.usage(user)
    room = CloudWatch.get_solo().room
    if templates is None:
        templates = Template.objects.published().with_parts()
    return [_offer(t, usage, room) for t in templates]


def _offer(template: Template, usage: Usage, room: dict[str, Any]) -> Offer:
    size = size_of(template)
    why_not = template.lacks or usage.why_not_new(size) or never_fits(template, room)
    return Offer(template, why_not, waits(template, room), None if template.lacks else briefly(usage, size))
