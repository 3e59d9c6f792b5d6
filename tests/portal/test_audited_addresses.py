"""Every address at which an administrator changes something of somebody else writes into the audit log: the addresses are those of the URL list."""

import json
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import AuditRow, User
from lib.minute_counts import MinuteCounts
from portal.middleware import page_writes
from tests.api.program import Program
from tests.portal.callers import Address
from tests.portal.rules import PUBLIC, rule_of
from tests.portal.test_walk import addresses as addresses

pytestmark = pytest.mark.slow

TAKEN = (200, 201, 202, 204, 302, 303)
FORM = {
    "name": "zz",
    "port": "8081",
    "scheme": "tcp",
    "roles": ["teacher"],
    "machines": "1",
    "reason": "r",
    "until": "23:59",
    "note": "n",
    "days": "3",
    "title_en": "A plan",
    "title_es": "Un plan",
}
BODY = {
    "name": "zz",
    "port": 8081,
    "roles": ["teacher"],
    "amounts": {"machines": 1},
    "reason": "r",
    "state": "approved",
    "summary": "s",
}
# Taken, and nothing of anybody is changed: it is so already, it is nobody's, or the page asks something first.
CHANGES_NOTHING = {
    "machine-see", "api-see", "machine-dismiss", "teaching-machine-wake", "template-bring-back", "api-template-bring-back", "person-unblock",
    "api-person-second-step", "person-second-step", "person-outside", "person-address",
    "cloud-check-run", "catalog-look", "failure-again", "notice-again", "bulk",
    "desk-undo", "donation-undo", "plan-move",  # of no step, past no plan: they lead back
    "desk-disk-remove",  # of no disk: it leads back
}  # fmt: skip
AT_LEAST = {
    "machine-suspend", "machine-delete", "machine-rename", "machine-ports", "machine-moments", "machine-give", "person-block", "person-roles",
    "api-suspend", "api-machine", "api-ports", "api-person", "api-person-grants", "api-person-link", "api-request", "api-template",
}  # fmt: skip


def is_taken(address: Address, method: str, client: Client, program: Program) -> bool:
    """Ask once. Whether it was done, as far as the answer tells."""
    if address.url.startswith("/api/"):
        reply = program.client.generic(
            method, address.url, json.dumps(BODY), content_type="application/json", headers=program.headers
        )
    else:
        page_writes.WRITES = MinuteCounts()
        reply = client.post(address.url, {**FORM, "username": "student"})
    assert not reply.get("Location", "").startswith("/accounts/login/"), address
    return reply.status_code in TAKEN


def writes(addresses: list[Address]) -> Iterator[tuple[Address, str]]:
    """Yield each address with each method that may change something of somebody else."""
    for address in addresses:
        for method in ("POST", "PATCH", "DELETE") if address.url.startswith("/api/") else ("POST",):
            if address.name not in PUBLIC and rule_of(address.name, method):
                yield address, method


def test_what_is_done_is_in_the_log(addresses: list[Address], admin: User) -> None:
    client, program = Client(), Program(admin)
    silent, recorded = set(), set()
    for address, method in writes(addresses):
        with transaction.atomic():
            client.force_login(admin)
            if is_taken(address, method, client, program):
                (recorded if AuditRow.objects.exists() else silent).add((address.name, method))
            transaction.set_rollback(True)
    assert {name for name, _method in silent} <= CHANGES_NOTHING
    assert {name for name, _method in recorded} >= AT_LEAST


def test_none_is_excepted_without_being_there(addresses: list[Address]) -> None:
    assert {address.name for address in addresses} >= CHANGES_NOTHING | AT_LEAST
