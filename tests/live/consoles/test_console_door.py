"""People who may read a console log, and who may type."""

import pytest

from accounts.models import AuditRow, User
from machines.models import Machine
from portal.live.consoles import console_door
from portal.live.consoles.console_door import LOG, SERIAL, Place
from portal.live.entry import Refused
from tests.factories import make_machine
from tests.tunnels.dial_stage import entry_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def machine(student: User, teacher: User) -> Machine:
    machine = make_machine(student, project="p")
    machine.template.created_by = teacher
    machine.template.save()
    return machine


def refusal(machine: Machine, person: User, verb: str) -> int:
    """The status; 0 for who may."""
    try:
        place = console_door.look(entry_of(person), machine.pk, verb)
    except Refused as refused:
        return refused.status
    assert place == Place(machine.server_id, "p")
    return 0


@pytest.mark.parametrize(
    ("who", "log", "serial"),
    [("student", 0, 0), ("admin", 0, 0), ("teacher", 0, 403), ("student2", 404, 404), ("donor", 404, 404)],
)  # fmt: skip
def test_each_role(machine: Machine, who: str, log: int, serial: int, request: pytest.FixtureRequest) -> None:
    person = request.getfixturevalue(who)
    assert (refusal(machine, person, LOG), refusal(machine, person, SERIAL)) == (log, serial)


def test_a_machine_that_is_gone_has_none(machine: Machine, student: User) -> None:
    Machine.objects.update(state="gone", wanted="gone")
    assert refusal(machine, student, LOG) == 404


def test_that_others_look_is_in_the_audit_log_once_an_hour(
    machine: Machine, student: User, teacher: User, admin: User
) -> None:
    for person, verb in ((student, LOG), (teacher, LOG), (teacher, LOG), (admin, SERIAL)):
        refusal(machine, person, verb)
    rows = AuditRow.objects.filter(object_id=str(machine.pk)).order_by("pk")
    assert [(row.who, row.verb) for row in rows] == [(teacher, LOG), (admin, SERIAL)]


def test_who_still_may_is_known(machine: Machine, student: User, teacher: User, student2: User) -> None:
    seen = [(student, SERIAL), (teacher, LOG), (teacher, SERIAL), (student2, LOG)]
    good = console_door.still([(entry_of(person), machine.pk, verb) for person, verb in seen])
    assert good == dict.fromkeys((0, 1), Place(machine.server_id, "p"))
