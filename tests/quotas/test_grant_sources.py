"""Sources of grants."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from quotas.actions import usage
from quotas.models import Grant
from quotas.usage_of_many import usages


@pytest.mark.parametrize("source", ["hand", "course", "donation", "subscription"])
def test_a_grant_to_a_person_counts_whatever_it_comes_from(student: User, source: str) -> None:
    grant = Grant(user=student, source=source, machines=2)
    grant.full_clean()
    grant.save()
    assert usage(student).machines.limit == 2


def test_a_source_that_nobody_knows_is_refused(student: User) -> None:
    with pytest.raises(IntegrityError, match="grant_source_known"), transaction.atomic():
        Grant.objects.create(user=student, source="lottery", machines=2)


def test_a_superuser_has_what_administrators_have(student: User) -> None:
    """createsuperuser gives no role: a superuser counts as an administrator without it, here, too."""
    for role, machines in (("student", 2), ("admin", 10), ("teacher", 5)):
        Grant.objects.create(role=role, source="role", machines=machines)
    before = usage(student).machines.limit
    student.is_superuser = True
    student.save()
    assert (before, usage(student).machines.limit) == (2, 12)
    assert usages([student])[student.pk].machines.limit == 12
    assert set(Grant.objects.of(student).values_list("role", flat=True)) == {"student", "admin"}
    student.roles = ["student", "admin"]
    student.save()
    assert usage(student).machines.limit == 12  # not twice
