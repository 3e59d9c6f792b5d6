"""Visitors who may wake a sleeping machine by a connection: its owner and its class, from where they signed in within a day.

Each of its ports on a gateway has the list, so that everybody else is refused there and costs nothing here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import tunnels.actions
from accounts.failures import Failures
from accounts.models import SignIn
from courses.models import Enrolment
from machines.models import Machine, MachineQuerySet
from machines.states import State, Wanted
from tunnels.models import Tunnel
from tunnels.states import Wanted as Port
from tunnels.wake_rules import homes_of

LOOP = "tunnels"  # of accounts.failures
ASLEEP = (State.SUSPENDED, State.SHELVED)
MOST_AT_ONCE = 200  # machines whose shut ports are held in one turn; the next does the rest
MOST = 64  # networks of one machine: its owner's first, then its teachers'; all are sent to the agent for each port


def hold(machine: Machine, now: datetime) -> bool:
    """Hold the ports of a sleeping machine for visitors. True when that was new."""
    return tunnels.actions.hold_all(holder=machine.pk, knock=networks_of([machine], now)[machine.pk])


def expect(machine: Machine) -> None:
    """Open the ports of a machine that slept before the cloud is listed: its address is the same, so visitors pass once it answers.

    One that was put away may come back on another computer and with another address; its ports wait until that is known.
    """
    if machine.state == State.SUSPENDED and machine.address:
        port_map = {int(port): reached for port, reached in machine.port_map.items()}
        tunnels.actions.open_all(holder=machine.pk, address=machine.address, port_map=port_map)


def follow(now: datetime, *, owner_id: int | None = None) -> int:
    """Bring the lists of held ports up to date: all of them, or one owner's. Returns how many changed."""
    alive = Machine.objects.alive().not_held().select_related("owner", "template")
    machines = alive if owner_id is None else alive.filter(owner_id=owner_id)
    asleep = machines.filter(state__in=ASLEEP, wanted__in=ASLEEP, owner__is_active=True)
    shut = asleep.filter(pk__in=_holders(Port.CLOSED))
    # They slept before ports were held, or turned round on the way to the archive.
    if shut.exists():
        _hold_all(shut, now)
    held = list(machines.filter(pk__in=_holders(Port.HELD)))
    return tunnels.actions.knockers_of(networks_of(held, now))


def _hold_all(shut: MachineQuerySet, now: datetime) -> None:
    failures = Failures(LOOP, now)
    for machine in shut.exclude(pk__in=failures.resting)[:MOST_AT_ONCE]:
        with failures.at(machine.pk, holder=machine.pk):
            hold(machine, now)


def _holders(wanted: Port) -> Any:
    return Tunnel.objects.live().filter(wanted=wanted).values("holder")


def networks_of(machines: Collection[Machine], now: datetime) -> dict[UUID, list[str]]:
    """Return the networks from which each machine may be woken. Two queries, however many machines."""
    courses = {m.template.course_id for m in machines if m.template.course_id}
    members = _members(courses)
    people = {m.owner_id for m in machines} | {user for users in members.values() for user in users}
    homes = _homes(people, now)
    classes = {course: _joined(homes, users) for course, users in members.items()}
    lists: dict[UUID, list[str]] = {}
    for machine in machines:
        mates = classes.get(machine.template.course_id or 0, [])
        known = dict.fromkeys([*homes.get(machine.owner_id, []), *mates])
        lists[machine.pk] = list(known)[:MOST] if may_be_woken(machine) else []
    return lists


def may_be_woken(machine: Machine) -> bool:
    """Return whether a visitor may wake it. A machine without a server would take room and quota again: a person must ask for that."""
    away = machine.state in (State.ARCHIVING, State.ARCHIVED) or machine.wanted in (Wanted.ARCHIVED, Wanted.GONE)
    return machine.owner.is_active and machine.binned_at is None and not away


def _members(courses: Collection[int]) -> dict[int, list[int]]:
    """Return the people of each course, teachers first, in a stable order."""
    found: dict[int, list[int]] = defaultdict(list)
    enrolments = Enrolment.objects.filter(course_id__in=courses, user__is_active=True)
    for course, user in enrolments.order_by("-role", "user_id").values_list("course_id", "user_id"):
        found[course].append(user)
    return found


def _homes(people: Collection[int], now: datetime) -> dict[int, list[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for user, address in SignIn.objects.recent(now).filter(user_id__in=people).values_list("user_id", "address"):
        found[user].update(homes_of(address))
    return {user: sorted(networks) for user, networks in found.items()}


def _joined(homes: dict[int, list[str]], users: Iterable[int]) -> list[str]:
    """Join the networks of a class, no more than one machine takes: a class of hundreds is not gone through for each machine."""
    known: dict[str, None] = {}
    for user in users:
        known.update(dict.fromkeys(homes.get(user, [])))
        if len(known) >= MOST:
            break
    return list(known)
