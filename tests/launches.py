"""Launches from memory. The first of its kind in a process is a real one, and the rows that it leaves are kept; then they are put there.

A kind is all that decides what a launch leaves, but for keys, names, ports and times. Nothing is asked that could refuse a launch:
tests of that call machines.actions.launch.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Template
from lib import doorbell, events
from lib.names import clean_name, name_key
from machines import actions, machine_names
from tests import rows
from tests.rows import Row, Tables
from tunnels.ports import roomiest

MACHINES, TUNNELS, USERS = "machines_machine", "tunnels_tunnel", "accounts_user"
# The tables in which a launch leaves rows, and those that it reads. Others are not looked at: a thread of the test may write there.
LEFT = ("machines_event", MACHINES, "machines_watch", "quotas_allowance", "quotas_reservation", TUNNELS)
READ = ("catalog_flavor", "catalog_image", "courses_template", "quotas_grant", "tunnels_gateway")
DICE = secrets.SystemRandom()
# All that a launch needs to know, in one question.
SIGHT = """
    SELECT
        (
            SELECT jsonb_build_array(t.id, t.services, t.name, t.name_es, f.vcpus, f.ram_mb, f.disk_gb)
            FROM courses_template t JOIN catalog_flavor f ON f.id = t.flavor_id WHERE t.slug = %(slug)s
        )::text,
        EXISTS (SELECT FROM tunnels_gateway WHERE name = 'vps'),
        EXISTS (SELECT FROM tunnels_gateway) OR EXISTS (SELECT FROM catalog_image) OR EXISTS (SELECT FROM catalog_flavor),
        EXISTS (SELECT FROM quotas_grant WHERE user_id = %(owner)s OR role = ANY (%(roles)s)),
        (SELECT jsonb_agg(cloud_identity) FROM machines_watch)::text,
        EXISTS (SELECT FROM quotas_allowance WHERE user_id = %(owner)s),
        (SELECT jsonb_agg(jsonb_build_array(id, first_port, last_port)) FROM tunnels_gateway WHERE enabled)::text,
        ARRAY (SELECT port FROM tunnels_tunnel UNION ALL SELECT port FROM tunnels_blockedport)::int[],
        (
            SELECT coalesce(jsonb_agg(jsonb_build_array(name, name_key)), '[]') FROM machines_machine
            WHERE owner_id = %(owner)s AND wanted <> 'gone'
        )::text
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows that a launch left, and the keys of those that were there before it."""

    new: Tables
    machine: str
    texts: list[str]  # keys of the new rows that are UUIDs
    owner: int
    template: int
    gateway: int


_KEPT: dict[tuple[object, ...], Kept] = {}
_GROUND: Tables = {}  # likewise: a row of each table that a launch reads


class Sight:
    """Everything that a person's launch finds in the tables."""

    def __init__(self, owner: User, slug: str) -> None:
        self.owner = owner
        with connection.cursor() as cursor:
            cursor.execute(SIGHT, {"owner": owner.pk, "roles": list(owner.roles), "slug": slug})
            template, has_vps, has_any, has_grant, identity, has_allowance, gateways, self.taken, names = (
                cursor.fetchone()
            )
        self.has_grant, self.has_nothing = has_grant, not (has_any or has_grant)
        self.has_ground = bool(template and has_vps and has_grant)
        if not self.has_ground:
            return
        self.template, self.services, *facts = json.loads(template)
        self.kind = (json.dumps(self.services), *facts, identity, has_allowance)
        self.gateways = json.loads(gateways or "[]")
        self.names = {key for both in json.loads(names) for key in (name_key(both[0]), both[1]) if key}

    def gateway(self) -> tuple[int, int, int]:
        """Return the gateway's key and its first and last port."""
        if len(self.gateways) == 1:
            return tuple(self.gateways[0])
        best = roomiest()
        return best.pk, best.first_port, best.last_port

    def free_name(self, name: str) -> str:
        tries = (machine_names._numbered(name, number) for number in count(1))
        return next(one for one in tries if name_key(one) not in self.names)


def launch(sight: Sight, pk: UUID, name: str, facts: Mapping[str, Any], of_tunnels: Mapping[str, Any]) -> None:
    """Launch a machine, with these columns of its row and of its tunnels changed afterwards."""
    gateway, first, last = sight.gateway()
    kept = _KEPT.get(sight.kind) or _KEPT.setdefault(sight.kind, _keep(sight))
    now = timezone.now()
    named = machine_names.columns(sight.free_name(clean_name(name)))
    ports = DICE.sample(sorted(set(range(first, last + 1)) - set(sight.taken)), len(sight.services))
    new = {table: [_anew(table, row, now) for row in found] for table, found in kept.new.items()}
    machine = new[MACHINES][0]
    screen = {"vnc_password": secrets.token_urlsafe(6)} if machine["vnc_password"] else {}
    machine.update(named, **screen, **facts)
    for row, port in zip(new.get(TUNNELS, []), ports, strict=True):
        row.update(of_tunnels, port=port)
    keys = {
        (USERS, kept.owner): sight.owner.pk,
        ("courses_template", kept.template): sight.template,
        ("tunnels_gateway", kept.gateway): gateway,
    }
    rows.put(new, {}, keys, {kept.machine: str(pk), **{text: str(uuid4()) for text in kept.texts}})
    events.publish("machine", pk)
    doorbell.ring("machines.tasks.advance", pk, slow=True)


def lay_ground(owner: User, make: Callable[[], object]) -> None:
    """Put there what `make` makes, one row of each table that a launch reads, with other keys and times. None of it may be there."""
    if not _GROUND:
        before = rows.read(READ)
        with transaction.atomic():
            make()
            _GROUND.update(rows.difference(before, rows.read(READ))[0], **{USERS: [{"id": owner.pk}]})
            transaction.set_rollback(True)
    now = timezone.now()
    new = {table: [_anew(table, row, now)] for table, [row] in _GROUND.items() if table != USERS}
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"nextval('{table}_id_seq')" for table in new))
        numbers = {USERS: owner.pk, **dict(zip(new, cursor.fetchone(), strict=True))}
    rows.put(new, {}, {(table, _GROUND[table][0]["id"]): number for table, number in numbers.items()}, {})


def _anew(table: str, row: Row, now: Any) -> Row:
    return {**row, **{column: now for column in rows.times(table) if row[column] is not None}}


def _keep(sight: Sight) -> Kept:
    """Launch for real, keep what that leaves, and undo it."""
    template = Template.objects.get(pk=sight.template)
    before = rows.read(LEFT)
    with transaction.atomic():
        machine = actions.launch(owner=sight.owner, template=template, name="for all others", by=sight.owner)
        new, changed = rows.difference(before, rows.read(LEFT))
        transaction.set_rollback(True)
    assert not changed, "A launch changes a row that was there before, which is not kept."
    gateway = new[TUNNELS][0]["gateway_id"] if TUNNELS in new else 0
    texts = [row["id"] for row in new.get(TUNNELS, [])]
    return Kept(rows.without_numbers(new), str(machine.pk), texts, sight.owner.pk, template.pk, gateway)
