"""Lists that are full weigh little, too. tests/portal/test_walk.py weighs every page, with a row or two."""

import pytest
from django.test import Client

from accounts.models import AuditRow, Notice, User
from tests.factories import make_machine
from tests.portal.page_weight import weight

HEAVIEST = 120_000
ROWS = 120  # more than any list shows on a page


@pytest.fixture
def full(client: Client, admin: User) -> Client:
    """Sign an administrator in who has more of everything than fits on a page."""
    facts = [{"username": f"u{n}", "last_name": f"Ñacato {n}", "email": f"u{n}@example.org"} for n in range(ROWS)]
    people = User.objects.bulk_create(User(roles=["student", "teacher"], **each) for each in facts)
    AuditRow.objects.bulk_create(AuditRow(who=admin, whom=p, verb="block_person", kind="person") for p in people)
    sent = {"kind": "people.link", "channel": "mail", "state": "failed", "fault": "550 no such user"}
    Notice.objects.bulk_create(Notice(recipient=p, about=f"link:{p.pk}", **sent) for p in people)
    for number in range(ROWS):
        make_machine(admin, name=f"condor-{number}")
    client.force_login(admin)
    return client


def test_full_lists_are_light(full: Client) -> None:
    addresses = ("/", "/manage/people/", "/manage/machines/", "/manage/audit/", "/manage/notices/", "/manage/idle/")
    weights = {address: weight(full.get(address)) for address in addresses}
    assert min(weights.values()) > 30_000, weights  # the font and the style sheet alone
    assert max(weights.values()) < HEAVIEST, weights
