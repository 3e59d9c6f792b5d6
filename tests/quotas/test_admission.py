"""A person gets what the live grants give, never more, however many ask at once."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from lib.measures import Size
from machines import actions as machines
from machines.models import Machine
from quotas.actions import OverQuota, admit, free, usage
from quotas.models import Grant, Reservation
from quotas.usage_of_many import usages
from tests.factories import grant, make_gateway, make_template
from tunnels.models import Tunnel


def test_a_roles_default_and_a_grant_by_hand_add_up(student: User) -> None:
    Grant.objects.create(role="student", source="role", machines=2)
    grant(student, machines=1)
    assert usage(student).machines.limit == 3


def test_the_grants_of_all_roles_add_up_for_one_person_and_in_lists(student: User, student2: User) -> None:
    for role, most in (("student", 2), ("teacher", 3), ("donor", 4)):
        Grant.objects.create(role=role, source="role", machines=most)
    student.roles = ["student", "donor"]
    student.save()
    listed = usages([student, student2])
    for person, limit in ((student, 6), (student2, 2)):
        assert usage(person).machines.limit == listed[person.pk].machines.limit == limit


def test_a_grant_counts_only_between_its_start_and_its_end(student: User) -> None:
    now = timezone.now()
    grant(student, machines=5).__class__.objects.update(
        starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1)
    )
    grant(student, machines=7).__class__.objects.filter(machines=7).update(starts_at=now + timedelta(days=1))
    assert usage(student).machines.limit == 0


def test_somebody_else_reads_whose_quota_is_full(student: User, admin: User) -> None:
    User.objects.filter(pk=student.pk).update(first_name="Ana")
    student.refresh_from_db()
    with pytest.raises(OverQuota, match="Free in the quota of Ana: 0 of 0"):
        admit(user=student, size=Size(vcpus=1), holder=uuid4(), by=admin)


def test_another_roles_grant_gives_nothing(student: User) -> None:
    Grant.objects.create(role="teacher", source="role", machines=5)
    assert usage(student).machines.limit == 0


@pytest.mark.parametrize("measure", ["machines", "vcpus", "ram_mb", "disk_gb", "ports"])
def test_each_measure_alone_refuses_with_its_numbers(student: User, measure: str) -> None:
    grant(student, **{measure: 3})
    with pytest.raises(OverQuota) as refusal:
        admit(user=student, size=Size(**{measure: 4}), holder=uuid4(), by=student)
    assert "3" in str(refusal.value)


def test_what_is_freed_can_be_had_again(student: User) -> None:
    grant(student, machines=1)
    holder = uuid4()
    admit(user=student, size=Size(machines=1), holder=holder, by=student)
    free(holders=[holder])
    admit(user=student, size=Size(machines=1), holder=uuid4(), by=student)
    assert usage(student).machines.used == 1


def test_one_holder_takes_once(student: User) -> None:
    grant(student)
    holder = uuid4()
    admit(user=student, size=Size(machines=1), holder=holder, by=student)
    with pytest.raises(IntegrityError), transaction.atomic():
        admit(user=student, size=Size(machines=1), holder=holder, by=student)


def test_a_grant_is_for_a_person_or_for_a_role(student: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(user=student, role="student", machines=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(machines=1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_fifty_launches_at_once_two_are_let_in(student: User) -> None:
    grant(student, machines=2)
    make_gateway()
    template = make_template()
    told: list[str] = []
    start = threading.Barrier(50)

    def launch() -> None:
        start.wait()
        try:
            machines.launch(owner=student, template=template, name="", by=student)
            told.append("")
        except OverQuota as refusal:
            told.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=launch) for _ in range(50)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert told.count("") == 2
    assert told.count("You have 2 of your 2 machines.") == 48
    assert (Machine.objects.count(), Reservation.objects.count(), Tunnel.objects.count()) == (2, 2, 4)


def test_a_launch_that_is_refused_leaves_nothing_behind(student: User) -> None:
    grant(student, ports=1)
    make_gateway()
    with pytest.raises(OverQuota):
        machines.launch(owner=student, template=make_template(), name="", by=student)
    assert not (Machine.objects.exists())
    assert not (Reservation.objects.exists())
    assert not (Tunnel.objects.exists())


def test_an_opened_port_takes_one_and_closing_gives_it_back(student: User) -> None:
    from tests.factories import make_machine

    machine = make_machine(student)
    before = usage(student).ports.used
    tunnel = machines.open_port(machine=machine, port=8080, by=student)
    assert usage(student).ports.used == before + 1
    machines.close_port(machine=machine, tunnel_id=tunnel.pk, by=student)
    assert usage(student).ports.used == before
