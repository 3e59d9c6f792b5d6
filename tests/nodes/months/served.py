"""Months in which computers served, for tests: rows of the ledger without the looks that lead there."""

from datetime import UTC, date, datetime
from uuid import UUID

from nodes.models import CarriedMonth, Computer, Node, ServedMonth
from tests.nodes.hypervisors.seen import make_node


def serve(computer: Computer, month: str = "2026-02", hours: float = 412, people: int = 3) -> ServedMonth:
    """Let a computer serve in a month, and carry a machine of each of some people."""
    name = f"node-{computer.pk}"
    node = Node.objects.filter(name=name).first() or make_node(name)
    first, at = date.fromisoformat(f"{month}-01"), datetime.fromisoformat(f"{month}-02").replace(tzinfo=UTC)
    for person in range(1, people + 1):
        CarriedMonth.objects.create(
            node=node,
            computer=computer,
            month=first,
            holder=UUID(int=person),
            person=person,
            first_at=at,
            last_at=at,
            seconds=60,
        )
    facts = {"seconds": int(hours * 3600)}
    return ServedMonth.objects.update_or_create(node=node, computer=computer, month=first, defaults=facts)[0]
