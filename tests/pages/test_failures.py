"""The rows that keep failing, as administrators and programs see them."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.failures import Failures
from accounts.models import RowFailure, User
from machines.models import Machine
from quotas.models import Allowance
from tests.factories import make_machine


def failing(loop: str = "mail", times: int = 1, holder: uuid.UUID | None = None) -> RowFailure:
    for _time in range(times):
        RowFailure.objects.update(next_at=timezone.now())
        with Failures(loop).at("17", holder=holder):
            raise ValueError("Invalid address <a@b.c, d@e.f>")
    return RowFailure.objects.get(loop=loop)


def test_an_administrator_sees_what_why_and_whose(admin: User, student: User, client: Client) -> None:
    machine = make_machine(student, name="condor")
    failing(times=3, holder=machine.pk)
    client.force_login(admin)
    page = client.get("/manage/failures/").content.decode()
    assert all(text in page for text in ("Mails", "failed 3 times", "condor", "student", "a@b.c, d@e.f&gt;"))


@pytest.mark.parametrize("who", ["student", "teacher", "donor"])
def test_nobody_else_does(who: str, client: Client, request: Any) -> None:
    client.force_login(request.getfixturevalue(who))
    row = failing()
    assert [
        client.get("/manage/failures/").status_code,
        client.post(f"/manage/failures/{row.pk}/again/").status_code,
    ] == [403, 403]


def test_it_can_be_tried_at_once(admin: User, client: Client) -> None:
    row = failing(times=5)
    client.force_login(admin)
    assert client.post(f"/manage/failures/{row.pk}/again/").status_code == 302
    assert Failures("mail").resting == []


def test_a_machine_is_stepped_at_once(admin: User, student: User, client: Client) -> None:
    machine = make_machine(student, state="waking")
    row = failing("step", holder=machine.pk)
    Machine.objects.update(retry_at=row.next_at)
    client.force_login(admin)
    client.post(f"/manage/failures/{row.pk}/again/")
    machine.refresh_from_db()
    assert machine.retry_at
    assert machine.retry_at <= timezone.now()


def test_a_person_whose_turn_is_in_an_hour_has_it_at_once(admin: User, student: User, client: Client) -> None:
    Allowance.objects.update_or_create(user=student, defaults={"looked_at": timezone.now()})
    with Failures("tenants").at(student.pk) as tried:
        raise ValueError
    client.force_login(admin)
    client.post(f"/manage/failures/{tried.failure.pk}/again/")  # type: ignore[union-attr]
    assert Allowance.objects.get(user=student).looked_at is None


def test_one_that_is_well_by_now_is_no_error(admin: User, client: Client) -> None:
    client.force_login(admin)
    assert client.post("/manage/failures/1/again/").status_code == 302
    assert "Nothing is failing" in client.get("/manage/failures/").content.decode()


def test_programs_hear_of_it(client: Client, db: None) -> None:
    failing()
    assert 'minga_failing_rows{loop="mail"} 1.0' in client.get("/metrics").content.decode()
