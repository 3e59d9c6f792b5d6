"""The grants of roles from the first day: none of them outlives a subscription, and an upgrade takes nothing from anybody."""

from importlib import import_module

import pytest
from django.apps import apps

from accounts.models import User
from quotas.models import Grant

migration = import_module("quotas.migrations.0007_donors_by_subscription")


@pytest.fixture
def donors(student: User, student2: User) -> list[User]:
    """A donor, one who is also a student, and a student who is none."""
    donor = User.objects.create_user("donor", roles=["donor"])
    User.objects.filter(pk=student.pk).update(roles=["student", "donor"])
    return [donor, student]


@pytest.mark.parametrize(("machines", "left"), [(2, 0), (3, 1)])
def test_the_donors_grant_goes_unless_an_administrator_changed_it(db: None, machines: int, left: int) -> None:
    Grant.objects.create(role="donor", source="role", **(migration.AS_IT_CAME | {"machines": machines}))
    migration.move(apps, None)
    assert Grant.objects.filter(role="donor").count() == left


def test_who_is_a_donor_keeps_what_the_role_gave(donors: list[User]) -> None:
    Grant.objects.create(role="donor", source="role", **migration.AS_IT_CAME)
    migration.move(apps, None)
    kept = Grant.objects.filter(source="hand", reason=migration.REASON)
    assert {grant.user for grant in kept} == set(donors)
    assert {(grant.machines, grant.archive_gb, grant.ends_at) for grant in kept} == {(2, 40, None)}


def test_done_again_nothing_is_given_twice(donors: list[User]) -> None:
    Grant.objects.create(role="donor", source="role", **migration.AS_IT_CAME)
    for _time in range(2):
        migration.move(apps, None)
    assert Grant.objects.filter(source="hand").count() == 2


def test_where_the_role_keeps_its_grant_nobody_gets_another(donors: list[User]) -> None:
    Grant.objects.create(role="donor", source="role", **(migration.AS_IT_CAME | {"machines": 3}))
    migration.move(apps, None)
    assert not Grant.objects.filter(source="hand").exists()
