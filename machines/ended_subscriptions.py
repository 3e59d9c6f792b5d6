"""Owners whose subscription has ended: which of their machines may run, and why one may not be woken.

What runs must fit into the sum of their live grants, in machines, processors and memory; what sleeps is kept all the same. Nobody without
a subscription that has ended is looked at: they may run what they have, as ever (docs/adr/0111).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.actions
from accounts.models import Subscription, User
from accounts.subscriptions.standing import grace
from courses.models import Lesson
from lib.measures import MEASURES, Size
from lib.notes import Note, Refusal, day
from machines.models import Machine, MachineQuerySet
from machines.states import State, Wanted
from machines.verbs import Verb
from quotas.models import Reservation
from quotas.usage_of_many import limits

RUN = ("machines", "vcpus", "ram_mb")  # the measures of what runs

_FULL = _(
    "Your subscription ended on %(day)s. This machine does not fit beside those of yours that run: put one of them to sleep first."
    " After a renewal it can be woken here; it does not wake by itself. Its disk is kept, and your work can be downloaded."
)
_NO_ROOM = _(
    "Your subscription ended on %(day)s, and what is left of your quota is too small for this machine."
    " After a renewal it can be woken here; it does not wake by itself. Its disk is kept, and your work can be downloaded."
)
_THEIRS = _(
    "The subscription of %(owner)s ended on %(day)s, and this machine does not fit into what is left of their quota."
    " After a renewal it can be woken; it does not wake by itself. Its disk is kept, and the work can be downloaded."
)


class SubscriptionEnded(Refusal):
    """A machine may not run: its owner's subscription ended, and it does not fit into the rest of their quota."""

    code = "subscription_ended"


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of somebody's subscriptions, of those that have ended the last."""

    at: datetime

    @property
    def kept_until(self) -> datetime:
        """Return until when nothing is deleted."""
        return self.at + grace()


@dataclass(frozen=True, slots=True)
class Running:
    """A machine that runs, or is to. is_kept: a lesson of its course is on."""

    pk: UUID
    size: Size  # of what runs
    used_at: datetime
    is_kept: bool = False


def ended(owners: Collection[int] | None, now: datetime) -> dict[int, Ended]:
    """Return the last end of these people's subscriptions that have ended; nothing of those without one. None: of all people. One query.

    Nor of those who were removed: what they left is erased in its usual time.
    """
    theirs = Q() if owners is None else Q(user__in=owners) | Q(donor__user__in=owners)
    rows = Subscription.objects.filter(theirs, ends_at__lte=now, withdrawn_at=None, user__removed_at=None).order_by()
    by_owner = rows.values(owner=Coalesce("user_id", "donor__user_id")).annotate(last=Max("ends_at"))
    return {row["owner"]: Ended(row["last"]) for row in by_owner if row["owner"]}


def running_of_ended(now: datetime) -> MachineQuerySet:
    """Select machines that run, or are to, of people with a subscription that has ended."""
    rows = Subscription.objects.filter(ends_at__lte=now, withdrawn_at=None)
    theirs = Q(owner__in=rows.values("user")) | Q(owner__in=rows.values("donor__user"))
    return _running().filter(theirs, owner__removed_at=None)


def _running() -> MachineQuerySet:
    return Machine.objects.alive().filter(wanted=Wanted.RUNNING, binned_at=None).exclude(state=State.FAILED)


def too_many(machines: MachineQuerySet, now: datetime) -> dict[UUID, int]:
    """Return which of these machines do not fit any more, with their owners, those used longest ago first. Four queries at most.

    machines: all that run of some people, for each person is judged by them.
    """
    found: dict[int, list[Running]] = {}
    for owner, one in _read(machines, now):
        found.setdefault(owner, []).append(one)
    room = limits(list(User.objects.filter(pk__in=found))) if found else {}
    excess = [(one, owner) for owner, some in found.items() for one in that_do_not_fit(some, room[owner])]
    return {one.pk: owner for one, owner in sorted(excess, key=lambda each: (each[0].used_at, str(each[0].pk)))}


def that_do_not_fit(running: Iterable[Running], limit: Size) -> list[Running]:
    """Choose from one person's machines, pure: those in a lesson stay, then those used last, as far as they fit."""
    left, rest = _of_running(limit), []
    for one in sorted(running, key=lambda each: (each.is_kept, each.used_at, str(each.pk)), reverse=True):
        if one.is_kept or one.size.fits_in(left):
            left = _minus(left, one.size)
        else:
            rest.append(one)
    return rest[::-1]


def lock(machine: Machine, verb: Verb) -> bool:
    """Lock the owner's Allowance where a verb would let a machine run again and a subscription has ended. Returns whether it did."""
    if verb not in (Verb.WAKE, Verb.RETRY, Verb.RESET) or not ended([machine.owner_id], timezone.now()):
        return False
    quotas.actions.lock(machine.owner_id)
    return True


def require_room(machine: Machine, verb: Verb, by: User | None) -> None:
    """Raise SubscriptionEnded where a locked machine may not run again by this verb. The owner's Allowance is locked."""
    is_waking = verb in (Verb.WAKE, Verb.RESTORE)
    is_tried_again = machine.state == State.FAILED and (verb == Verb.RESET or machine.wanted == Wanted.RUNNING)
    if not (is_waking or is_tried_again):
        return
    if why := why_asleep([machine], by, timezone.now()).get(machine.pk):
        raise SubscriptionEnded(why.text, why.args)


def why_asleep(
    machines: Sequence[Machine],
    reader: User | None,
    now: datetime,
    known: Mapping[int, Ended] | None = None,
) -> dict[UUID, Note]:
    """Say of each machine that does not fit why it may not run. One query where no subscription has ended, else five.

    known: the ends of the owners' subscriptions, where they were read already.
    """
    ends = ended({machine.owner_id for machine in machines}, now) if known is None else known
    rows = [machine for machine in machines if machine.owner_id in ends]
    if not rows:
        return {}
    owners = list({machine.owner_id: machine.owner for machine in rows}.values())
    room, others = limits(owners), list(_read(_running().filter(owner__in=owners), now))
    sizes = _sizes([machine.pk for machine in rows], {})
    found = {}
    for machine in rows:
        running = [one for owner, one in others if owner == machine.owner_id and one.pk != machine.pk]
        size = sizes.get(machine.pk) or _of_flavor(machine)
        left = _of_running(room[machine.owner_id])
        for one in running:
            left = _minus(left, one.size)
        if not size.fits_in(left):
            fits_alone = size.fits_in(_of_running(room[machine.owner_id]))
            found[machine.pk] = _words(machine, ends[machine.owner_id], reader, fits_alone=fits_alone)
    return found


def _words(machine: Machine, end: Ended, reader: User | None, *, fits_alone: bool) -> Note:
    if owner := machine.owner_for(reader):
        return Note(_THEIRS, {"owner": owner, "day": day(end.at)})
    return Note(_FULL if fits_alone else _NO_ROOM, {"day": day(end.at)})


# ---- sizes ----


def _read(machines: MachineQuerySet, now: datetime) -> Iterable[tuple[int, Running]]:
    """Read machines with their owners. Two queries."""
    lesson = Lesson.objects.filter(course=OuterRef("template__course"), starts_at__lte=now, ends_at__gt=now)
    size = ("template__flavor__vcpus", "template__flavor__ram_mb")
    columns = machines.order_by().annotate(in_lesson=Exists(lesson))
    rows: list[Any] = list(columns.values_list("pk", "owner_id", "used_at", "in_lesson", *size))
    usual = {pk: Size(machines=1, vcpus=vcpus, ram_mb=ram_mb) for pk, _owner, _at, _is_kept, vcpus, ram_mb in rows}
    sizes = _sizes(list(usual), usual)
    return [(owner, Running(pk, sizes[pk], used_at, is_kept)) for pk, owner, used_at, is_kept, *_size in rows]


def _sizes(machines: Collection[UUID], usual: Mapping[UUID, Size]) -> dict[UUID, Size]:
    """Return what each takes while it runs, by its share of the quota: a size that was changed since holds for new machines."""
    if not machines:
        return {}
    shares = Reservation.objects.filter(holder__in=machines, closed_at=None, machines__gt=0)
    return {**usual, **{holder: Size(*amounts) for holder, *amounts in shares.values_list("holder", *RUN)}}


def _of_flavor(machine: Machine) -> Size:
    flavor = machine.template.flavor
    return Size(machines=1, vcpus=flavor.vcpus, ram_mb=flavor.ram_mb)


def _of_running(size: Size) -> Size:
    return Size(**{measure: getattr(size, measure) for measure in RUN})


def _minus(left: Size, size: Size) -> Size:
    return Size(**{measure: max(0, getattr(left, measure) - getattr(size, measure)) for measure in MEASURES})
