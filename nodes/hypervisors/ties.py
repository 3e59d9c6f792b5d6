"""Say which given computer a node is. Hours and machines of the time count for the computer, also when it is said later."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import User
from nodes.hypervisors import hours
from nodes.hypervisors.models import CarriedMonth, Node, NodeEvent, NodeTie
from nodes.models import Computer
from nodes.states import HERE
from nodes.step_checks import BadInput


class NotTied(BadInput):
    """The computer is another node, is not here, or the time is wrong. `field`: "computer" or "since"."""

    code = "not_tied"


@transaction.atomic
def tie(*, node: Node, computer: Computer, since: datetime, by: User, now: datetime) -> NodeTie:
    """Say that a node is this computer, since a time. What it was until then ends at that time. Raises NotTied."""
    [row] = hours.locked([node.pk])
    computer = Computer.objects.select_for_update(of=("self",)).get(pk=computer.pk)
    _check(row, computer, since, now)
    if (open_tie := row.ties.filter(until=None).first()) and open_tie.computer_id == computer.pk:
        return open_tie
    _end(row, since, by=by, now=now)
    made = NodeTie.objects.create(node=row, computer=computer, since=since)
    CarriedMonth.objects.filter(node=row, computer=None, first_at__gte=since).update(computer=computer)
    _tell(row, NodeEvent.Kind.TIED, computer, by, now)
    hours.work_out_all([row.pk])
    return made


@transaction.atomic
def untie(*, node: Node, by: User, now: datetime) -> None:
    """Say that a node is no given computer any more, from now on. What it did stays with the computer."""
    [row] = hours.locked([node.pk])
    _end(row, now, by=by, now=now)
    hours.work_out_all([row.pk])


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
    overlap = (
        NodeTie.objects.filter(computer=computer, until__gt=since).exclude(node=node).select_related("node").first()
    )
    late = node.ties.filter(until=None, since__gte=since).exclude(computer=computer).first()
    if overlap or late or node.ties.filter(until__gt=since).exists():
        raise NotTied(_("At that time it was another one. Give a later day."), field="since")


def _end(node: Node, at: datetime, *, by: User, now: datetime) -> None:
    for row in node.ties.filter(until=None).select_related("computer"):
        row.until = max(at, row.since)
        row.save(update_fields=["until"])
        _tell(node, NodeEvent.Kind.UNTIED, row.computer, by, now)


def _tell(node: Node, kind: NodeEvent.Kind, computer: Computer, by: User, now: datetime) -> None:
    NodeEvent.objects.create(node=node, at=now, kind=kind, by=by, note=computer.number)
    verb = "tie_node" if kind == NodeEvent.Kind.TIED else "untie_node"
    record(by=by, verb=verb, thing=Thing("node", node.pk, node.name), detail={"computer": computer.number})
