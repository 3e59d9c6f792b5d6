"""The query for unsettled rows says of each what the row says of itself."""

from itertools import product
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.models import User
from cloud.contract import Status
from machines.models import Machine
from machines.models.machine_queries import ONCE
from machines.states import State, Wanted
from tests.factories import make_machine

FACTS: list[dict[str, Any]] = [
    {},
    *({f"{name}_asked": 1} for name in ONCE),
    {"names_asked": 1},
    {"names_asked": 1, "server_id": ""},
    {"adopting": True},
    {"adopting": True, "cloud_status": Status.SHELVED},
    {"retry_at": timezone.now()},
]


def variant(machine: Machine, number: int, **facts: Any) -> Machine:
    told = {field.attname: getattr(machine, field.attname) for field in Machine._meta.concrete_fields}
    return Machine(
        **{**told, "id": uuid4(), "name": str(number), "name_key": None, "server_id": f"s-{number}", **facts}
    )


def test_the_query_and_the_row_agree_whatever_it_is(student: User) -> None:
    machine = make_machine(student)
    ways = enumerate(product(Wanted, State, FACTS))
    Machine.objects.bulk_create(
        variant(machine, number, wanted=wanted, state=state, **facts) for number, (wanted, state, facts) in ways
    )
    unsettled = set(Machine.objects.unsettled().values_list("pk", flat=True))
    assert unsettled == {one.pk for one in Machine.objects.all() if not one.is_settled}


def test_within_another_query_its_table_has_another_name(student: User) -> None:
    at_rest, leaving = make_machine(student), make_machine(student, name="leaving")
    Machine.objects.filter(pk=leaving.pk).update(wanted="gone")
    unsettled = Machine.objects.unsettled()
    assert list(unsettled) == [leaving]
    assert list(Machine.objects.exclude(pk__in=unsettled.values("pk"))) == [at_rest]
