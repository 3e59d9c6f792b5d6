"""Sources of grants."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from quotas.actions import usage
from quotas.models import Grant


@pytest.mark.parametrize("source", ["hand", "course", "donation", "subscription"])
def test_a_grant_to_a_person_counts_whatever_it_comes_from(student: User, source: str) -> None:
    grant = Grant(user=student, source=source, machines=2)
    grant.full_clean()
    grant.save()
    assert usage(student).machines.limit == 2


def test_a_source_that_nobody_knows_is_refused(student: User) -> None:
    with pytest.raises(IntegrityError, match="grant_source_known"), transaction.atomic():
        Grant.objects.create(user=student, source="lottery", machines=2)
