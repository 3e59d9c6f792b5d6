"""Take nodes out of service and back: for maintenance, or because they are dead. Their machines are machines.emptied_nodes (docs/adr/0114)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import User
from nodes.hypervisors import hours
from nodes.hypervisors.models import Emptying, Node, NodeEvent
from nodes.step_checks import BadInput

Kind = Emptying.Kind


class NotNow(BadInput):
    """Raised where the request does not fit to what the node is now."""

    code = "wrong_state"
    status = 409


def open_one(node: Node) -> Emptying | None:
    """Return what a node is emptied for, or brought back from; None where it is not."""
    return node.emptyings.filter(settled_at=None).first()


def dead(name: str) -> Emptying | None:
    """Return the row of a node that is declared dead, by its name, once the cloud knows that nothing of it runs."""
    rows = Emptying.objects.filter(settled_at=None, ended_at=None, kind=Kind.DEAD)
    return rows.filter(node__name=name, node__fenced=True).first()


def may_be_dead(node: Node) -> bool:
    """Say whether a node can be declared dead now, be it in maintenance or not."""
    found = open_one(node)
    is_in_the_way = found is not None and (found.kind == Kind.DEAD or found.ended_at is not None)
    return node.listed and not node.up and not is_in_the_way


def is_heard(node: Node) -> bool:
    """Say whether the last look found a new report of a node: then it runs, whatever the cloud was told of it."""
    return node.heard_anew_at is not None and node.heard_anew_at >= node.seen_at


@transaction.atomic
def begin_maintenance(*, node: Node, why: str, within: timedelta, by: User, now: datetime) -> Emptying:
    """Take no new machines, and have those on it leave it within a time. Raises NotNow."""
    row = _free(node)
    if not row.up:
        raise NotNow(_("It does not answer, so nothing can be moved away from it."), field="why")
    return _begin(row, Kind.MAINTENANCE, NodeEvent.Kind.EMPTYING, why, now + within, by, now)


@transaction.atomic
def declare_dead(*, node: Node, why: str, by: User, now: datetime) -> Emptying:
    """Say that a node is off and stays so. The administrator has switched it off. Raises NotNow where the cloud hears it."""
    row = node.emptyings.filter(settled_at=None, ended_at=None, kind=Kind.MAINTENANCE).first()
    if row is not None:  # it died while it was emptied
        row.settled_at = row.ended_at = now
        row.save(update_fields=["settled_at", "ended_at"])
    locked = _free(node)
    if not locked.listed:
        raise NotNow(_("The cloud does not list it any more, so it can start nothing of it elsewhere."), field="why")
    if locked.up:
        raise NotNow(
            _("The cloud still hears it. Wait until it is listed as one that does not answer."), field="is_off"
        )
    made = _begin(locked, Kind.DEAD, NodeEvent.Kind.DEAD, why, now, by, now)
    if row is not None:
        made.was_enabled = row.was_enabled
        made.save(update_fields=["was_enabled"])
    return made


@transaction.atomic
def end(*, node: Node, by: User, now: datetime) -> None:
    """Bring a node back into service. Twice is once."""
    [locked] = hours.locked([node.pk])
    if locked.emptyings.filter(settled_at=None, ended_at=None).update(ended_at=now):
        _tell(locked, NodeEvent.Kind.BACK, "", by, now)


@transaction.atomic
def call_off(row: Emptying, why: str, now: datetime) -> None:
    """End what the cloud refuses, and write its words into the node's history."""
    if Emptying.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now):
        NodeEvent.objects.create(node=row.node, at=now, kind=NodeEvent.Kind.BACK, note=why[:500])


def _free(node: Node) -> Node:
    """Lock a node that is in service, or at least not emptied."""
    [locked] = hours.locked([node.pk])
    found = open_one(locked)
    if found and found.ended_at:
        raise NotNow(_("It is being brought back into service. Wait until that is done."), field="why")
    if found:
        raise NotNow(_("It is out of service already."), field="why")
    return locked


def _begin(
    node: Node, kind: Kind, event: NodeEvent.Kind, why: str, empty_by: datetime, by: User, now: datetime
) -> Emptying:
    made = Emptying.objects.create(
        node=node, kind=kind, why=why, began_at=now, by=by, empty_by=empty_by, was_enabled=node.enabled
    )
    _tell(node, event, why, by, now)
    return made


def _tell(node: Node, kind: NodeEvent.Kind, note: str, by: User, now: datetime) -> None:
    verbs = {"emptying": "empty_node", "dead": "declare_node_dead", "back": "bring_node_back"}
    NodeEvent.objects.create(node=node, at=now, kind=kind, by=by, note=note)
    detail = {"note": note} if note else {}
    record(by=by, verb=verbs[kind], thing=Thing("node", node.pk, node.name), detail=detail)
