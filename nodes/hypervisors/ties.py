"""Say which given computer a node is. Hours and machines of the time count for the computer, also when it is said later."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import User
from lib.notes import day
from nodes.hypervisors import carried, hours
from nodes.hypervisors.models import Node, NodeEvent, NodeSpell, NodeTie
from nodes.models import Computer
from nodes.states import HERE
from nodes.step_checks import BadInput

DAY = timedelta(days=1)  # people say days: one that two computers share is divided where the first ended


class NotTied(BadInput):
    """The computer is another node, is not here, or the time is wrong. `field`: "computer" or "since"."""

    code = "not_tied"


@transaction.atomic
def tie(*, node: Node, computer: Computer, since: datetime, by: User, now: datetime) -> NodeTie:
    """Say that a node is this computer, from a time of the day `since` on. Raises NotTied.

    What the node is said to be until now gives way from then on: so a mistake, in the computer or in the day, is corrected.
    """
    [row] = hours.locked([node.pk])
    computer = Computer.objects.select_for_update(of=("self",)).get(pk=computer.pk)
    _check(row, computer, since, now)
    since = _free_at(row, computer, since)
    old = row.ties.filter(until=None).select_related("computer").first()
    if old and (old.computer_id, old.since) == (computer.pk, since):
        return old
    changed_from = _make_way(row, old, computer, since)
    if old:
        _tell(row, NodeEvent.Kind.UNTIED, old.computer, by, now)
    made = NodeTie.objects.create(node=row, computer=computer, since=since)
    if changed_from < since:
        carried.count_for(row.pk, None, since=changed_from)
    carried.count_for(row.pk, computer.pk, since=since)
    _tell(row, NodeEvent.Kind.TIED, computer, by, now, since=since)
    hours.work_out_all([row.pk])
    return made


@transaction.atomic
def untie(*, node: Node, by: User, now: datetime) -> None:
    """Say that a node is no given computer any more, from now on. What it did stays with the computer."""
    [row] = hours.locked([node.pk])
    _end(NodeTie.objects.filter(node=row), by=by, now=now)


def lock_nodes(computers: Iterable[int]) -> None:
    """Lock the nodes that these computers are or were. Always before the computers are locked, where a step changes a tie."""
    hours.locked(list(NodeTie.objects.filter(computer__in=list(computers)).values_list("node", flat=True)))


def end_of(computer: Computer, *, by: User, now: datetime) -> None:
    """Untie a computer that is here no more. It and its node are locked."""
    _end(NodeTie.objects.filter(computer=computer), by=by, now=now)


def bring_back(computer: Computer, ended_at: datetime, *, by: User, now: datetime) -> None:
    """Tie a computer again that was untied by a step which is taken back, unless its node is another one by now. Both are locked."""
    ended = NodeTie.objects.filter(computer=computer, until=ended_at).select_related("node")
    for row in ended.exclude(node__in=NodeTie.objects.filter(until=None).values("node")):
        row.until = None
        row.save(update_fields=["until"])
        carried.count_for(row.node_id, computer.pk, since=ended_at)
        _tell(row.node, NodeEvent.Kind.TIED, computer, by, now, since=row.since)
        hours.work_out_all([row.node_id])


def _check(node: Node, computer: Computer, since: datetime, now: datetime) -> None:
    if since > now:
        raise NotTied(
            _("That lies in the future. Give the day since which it is this computer, today at the latest."),
            field="since",
        )
    if computer.state not in HERE:
        text = _("%(number)s is not here: only a computer that was received can be a node.")
        raise NotTied(text, {"number": computer.number}, field="computer")
    other = NodeTie.objects.filter(computer=computer, until=None).exclude(node=node).select_related("node").first()
    if other:
        text = _("%(number)s is the node %(node)s. Untie it there first.")
        raise NotTied(text, {"number": computer.number, "node": other.node.name}, field="computer")


def _free_at(node: Node, computer: Computer, since: datetime) -> datetime:
    """Return since when, on the day that begins at `since`, the node was no other computer and the computer no other node."""
    found = since
    for other in node.ties.filter(until__gt=since).exclude(computer=computer).select_related("computer"):
        if other.until and other.until >= since + DAY:
            text = _(
                "It was %(number)s until %(day)s. Give a later day. If that was wrong, say first that it is %(number)s, then which it really is."
            )
            raise NotTied(text, {"number": other.computer.number, "day": day(other.until)}, field="since")
        found = max(found, other.until or found)
    for other in NodeTie.objects.filter(computer=computer, until__gt=since).exclude(node=node).select_related("node"):
        last_up = _last_up(other, since)
        if last_up >= since + DAY:
            text = _("%(number)s was the node %(node)s until %(day)s. Give a later day.")
            facts = {"number": computer.number, "node": other.node.name, "day": day(last_up)}
            raise NotTied(text, facts, field="since")
        found = max(found, last_up)
    return found


def _last_up(ended: NodeTie, since: datetime) -> datetime:
    """Return when a node was last up as this computer, `since` where it was not so later: a node that got another name."""
    until = ended.until or since
    spells = NodeSpell.objects.filter(node=ended.node, began_at__lt=until, ended_at__gt=max(since, ended.since))
    return max((min(spell.ended_at, until) for spell in spells), default=since)


def _make_way(node: Node, old: NodeTie | None, computer: Computer, since: datetime) -> datetime:
    """End what the node is said to be from `since` on. Return from when on that changes something.

    old: what it is until now. Where that is the same computer, its day is corrected.
    """
    is_same = old is not None and old.computer_id == computer.pk
    changed_from = min(old.since, since) if old and is_same else since
    for row in node.ties.filter(Q(until=None) | Q(until__gt=since)):
        if row.since >= since or (row.until is None and is_same):
            row.delete()
        else:
            row.until = since
            row.save(update_fields=["until"])
    return changed_from


def _end(ties: QuerySet[NodeTie], *, by: User, now: datetime) -> None:
    for row in ties.filter(until=None).select_related("node", "computer"):
        row.until = max(now, row.since)
        row.save(update_fields=["until"])
        _tell(row.node, NodeEvent.Kind.UNTIED, row.computer, by, now)
        hours.work_out_all([row.node_id])


def _tell(
    node: Node, kind: NodeEvent.Kind, computer: Computer, by: User, now: datetime, since: datetime | None = None
) -> None:
    NodeEvent.objects.create(node=node, at=now, kind=kind, by=by, note=computer.number)
    verb = "tie_node" if kind == NodeEvent.Kind.TIED else "untie_node"
    detail = {"computer": computer.number} | ({"since": since.isoformat()} if since else {})
    record(by=by, verb=verb, thing=Thing("node", node.pk, node.name), detail=detail)
