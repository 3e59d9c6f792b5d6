"""Machines as nodes are told of them."""

from django.utils import timezone

from accounts.models import User
from machines import carried_machines
from nodes.models import CarriedMonth
from tests.factories import make_machine
from tests.nodes.hypervisors.seen import make_node


def test_what_runs_on_a_node_is_told_and_nothing_else(student: User, student2: User) -> None:
    node = make_node()
    one = make_machine(student, state="running", host="quinde", name="one")
    two = make_machine(student2, state="running", host="quinde", name="two")
    make_machine(student, state="suspended", host="quinde", name="asleep")
    make_machine(student, state="running", host="", name="nowhere")
    carried_machines.note(timezone.now())
    rows = CarriedMonth.objects.order_by("person").values_list("node", "holder", "person")
    assert list(rows) == [(node.pk, one.pk, student.pk), (node.pk, two.pk, student2.pk)]
