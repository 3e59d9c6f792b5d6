"""The grants of roles from the first day: none of them outlives a subscription."""

from importlib import import_module

import pytest
from django.apps import apps

from quotas.models import Grant

migration = import_module("quotas.migrations.0007_donors_by_subscription")


@pytest.mark.parametrize(("machines", "left"), [(2, 0), (3, 1)])
def test_the_donors_grant_goes_unless_an_administrator_changed_it(db: None, machines: int, left: int) -> None:
    Grant.objects.create(role="donor", source="role", **(migration.AS_IT_CAME | {"machines": machines}))
    migration.delete(apps, None)
    assert Grant.objects.filter(role="donor").count() == left
