"""Lives from memory. In a world that is the same to the last column a machine comes up in the same way.

So the first life of a kind in a process is a real one, and all that it leaves is kept: rows, cloud and clock. Then they are put there, with
keys of their own. Whatever is unusual (settings, a cloud with a mind of its own, machines that are there already) is lived.
"""

import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from django.conf import UserSettingsHolder, settings
from django.db import connection
from django.utils import timezone

from machines import host_keys
from machines.models import Machine
from machines.stepper import outcomes, worker
from tests import launches, rows
from tests.cloud.fake import FakeCloud
from tests.rows import Tables

if TYPE_CHECKING:
    from tests.machines.world import World

NOT_COPIED = ("_lock", "_numbers")  # of the cloud: a lock is nobody else's, and no number is given twice
LEFT = {*launches.LEFT, "tunnels_gateway", "machines_portalkey"}
GROUND = ("quotas_grant", "tunnels_gateway")
OF_LIVES = ("machines_", "quotas_", "tunnels_")
# All rows that a life depends on, without their keys: there is one of each.
SIGHT = """
    SELECT gateway.id, jsonb_build_array(
        to_jsonb(person) - '{{id, uuid, password}}'::text[],
        to_jsonb(gateway) - '{{id}}'::text[],
        to_jsonb(template) - '{{id, image_id, flavor_id}}'::text[],
        to_jsonb(image) - '{{id}}'::text[],
        to_jsonb(flavor) - '{{id}}'::text[],
        (SELECT jsonb_agg(to_jsonb(g) - '{{id, user_id}}'::text[] ORDER BY id) FROM quotas_grant g WHERE user_id = person.id OR role <> ''),
        (SELECT jsonb_agg(public_key ORDER BY id) FROM accounts_sshkey WHERE user_id = person.id)
    )::text
    FROM accounts_user person, tunnels_gateway gateway, courses_template template
    JOIN catalog_image image ON image.id = image_id JOIN catalog_flavor flavor ON flavor.id = flavor_id
    WHERE person.id = %(person)s AND template.id = %(template)s AND NOT ({others})
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows that a life left, and the keys that it found."""

    machine: str
    person: str
    keys: dict[str, int]
    new: Tables
    changed: Tables
    uuids: set[str]
    cloud: bytes
    ended: datetime


_KEPT: dict[object, Kept] = {}


def first_of_its_kind(world: "World", life: Callable[[], Machine]) -> Machine:
    """Live a machine's life, or recall it where a world like this one has seen it."""
    kind, keys = _kind(world)
    if kind is None:
        return life()
    if kind not in _KEPT:
        before = rows.read()
        machine = life()
        new, changed = rows.difference(before, rows.read())
        if new.keys() | changed.keys() <= LEFT:  # a host key, as one of the others, is made of the machine's own key
            _KEPT[kind] = _keep(world, machine, keys, new, changed)
        return machine
    return _recall(world, _KEPT[kind], keys)


def _kind(world: "World") -> tuple[object, dict[str, int]]:
    """Return all that decides how a life goes, None where that is more than we see; and the keys of what is there."""
    if type(world.cloud) is not FakeCloud or world.cloud.calls or not world.agent_works or world.silent:
        return None, {}
    if world.patches is None or _has_changed(world.patches) or isinstance(settings._wrapped, UserSettingsHolder):
        return None, {}
    with connection.cursor() as cursor:
        cursor.execute(_sight(), {"person": world.student.pk, "template": world.template.pk})
        found = cursor.fetchall()
    if len(found) != 1:
        return None, {}
    keys = {"accounts_user": world.student.pk, "courses_template": world.template.pk, "tunnels_gateway": found[0][0]}
    try:
        return (found[0][1], facts_of(world.cloud), repr(world.cloud._numbers), timezone.now()), keys
    except (pickle.PicklingError, AttributeError, TypeError):  # a part of it was replaced by a test's own
        return None, {}


def _has_changed(patches: pytest.MonkeyPatch) -> bool:
    """Return whether a test has replaced anything, but for what watches every life."""
    ours = (outcomes, worker, sys.modules[__name__])
    return bool(patches._setitem) or any(
        not any(owner is one for one in ours) for owner, _name, _was in patches._setattr
    )


def _sight() -> str:
    others = [table for table in rows.models() if table.startswith(OF_LIVES) and table not in GROUND]
    return SIGHT.format(others=" OR ".join(f"EXISTS (SELECT FROM {table})" for table in others))


def facts_of(cloud: FakeCloud) -> bytes:
    return pickle.dumps({name: fact for name, fact in vars(cloud).items() if name not in NOT_COPIED})


def _keep(world: "World", machine: Machine, keys: dict[str, int], new: Tables, changed: Tables) -> Kept:
    facts, person = facts_of(world.cloud), str(world.student.uuid)
    uuids = set(rows.UUIDS.findall(repr(new))) - {person, str(machine.pk)}
    return Kept(str(machine.pk), person, keys, rows.without_numbers(new), changed, uuids, facts, world.clock.now)


def _recall(world: "World", kept: Kept, keys: dict[str, int]) -> Machine:
    pk = uuid4()
    texts = {kept.machine: str(pk), kept.person: str(world.student.uuid), **{one: str(uuid4()) for one in kept.uuids}}
    rows.put(kept.new, kept.changed, {(table, then): keys[table] for table, then in kept.keys.items()}, texts)
    _recall_cloud(world.cloud, kept, texts)
    world.clock.set(kept.ended)
    return Machine.objects.get(pk=pk)


def _recall_cloud(cloud: FakeCloud, kept: Kept, texts: dict[str, str]) -> None:
    facts = kept.cloud
    for then, now in texts.items():
        facts = facts.replace(then.encode(), now.encode())  # of the same length
    vars(cloud).update(pickle.loads(facts))
    for row in cloud._rows.values():
        row.spec = replace(row.spec, host_key=host_keys.private_file(UUID(row.spec.machine), 0))
        next(cloud._numbers)
