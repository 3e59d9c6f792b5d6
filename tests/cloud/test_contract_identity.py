"""Every cloud's promises about its name and its tenants: their limits, their rules, their end."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cloud.contract import CloudLimit, CloudRefused, Owner, Quota, ServerSpec
from tests.cloud.local_stage import insist

Specs = Callable[..., ServerSpec]


def test_a_tenants_limit_refuses_and_a_higher_one_lets_in(stage: Any, make_spec: Specs) -> None:
    owner = Owner(str(uuid.uuid4()), "limited", Quota(1, 64, 65536))
    first = insist(stage.cloud.ensure_server, make_spec(stage, owner=owner))
    second = make_spec(stage, owner=owner)
    if first.project:  # a cloud without tenants has no limits of theirs
        with pytest.raises(CloudLimit):
            insist(stage.cloud.ensure_server, second)
    for _ in range(2):
        insist(stage.cloud.ensure_quota, replace(owner, quota=Quota(2, 64, 65536)))
    made = insist(stage.cloud.ensure_server, second)
    for server in (first, made):
        insist(stage.cloud.ensure_deleted, server.id)


def test_an_owner_goes_when_nothing_of_theirs_is_left(stage: Any, make_spec: Specs) -> None:
    owner = Owner(str(uuid.uuid4()), "leaving")
    server = insist(stage.cloud.ensure_server, make_spec(stage, owner=owner))
    if server.project:
        with pytest.raises(CloudRefused):
            insist(stage.cloud.ensure_owner_gone, owner)
    stage.settle()  # Nova may list a server that was deleted while it was scheduled for a moment after it has denied it
    insist(stage.cloud.ensure_deleted, server.id)
    stage.settle()
    for _ in range(2):
        insist(stage.cloud.ensure_owner_gone, owner)


def test_the_quota_of_an_owner_without_a_tenant_is_nothing_to_do(stage: Any) -> None:
    insist(stage.cloud.ensure_quota, Owner(str(uuid.uuid4()), "nobody", Quota(1, 1, 256)))


def test_the_rules_of_an_owner_stay_where_they_are(stage: Any, make_spec: Specs) -> None:
    spec = make_spec(stage)
    server = insist(stage.cloud.ensure_server, spec)
    assert insist(stage.cloud.ensure_rules, replace(spec.owner, tenant=server.tenant)) == server.tenant


def test_it_says_which_cloud_it_is(stage: Any) -> None:
    assert stage.cloud.identity
