"""Lists that are full weigh little, too. tests/portal/test_walk.py weighs every page, with a row or two."""

import pytest
from django.test import Client

from accounts.actions import make_key
from accounts.models import AuditRow, Notice, RowFailure, User
from catalog.models import Image
from courses.models import Template
from machines.models import Event, Machine, Stray
from quotas.models import QuotaRequest
from tests.factories import make_machine, make_template
from tests.machines.idle.asked import asked
from tests.portal.page_weight import weight

HEAVIEST = 120_000
ROWS = 120  # more than any list shows on a page
LONG = " ".join(f"word{n}" for n in range(100))


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


@pytest.fixture
def also_full(full: Client, admin: User, student: User) -> list[str]:
    """Fill what is shown beside those lists. Return the addresses."""
    people = [student, *User.objects.exclude(pk__in=[admin.pk, student.pk])[: ROWS - 1]]
    templates = [make_template(f"lab-{n}", name=f"Laboratorio {n}", summary=LONG[:200]) for n in range(ROWS)]
    fill_requests(templates, [*people, *[admin] * ROWS])
    machine = fill_machines(admin)
    fill_administration()
    return [
        "/launch/", "/keys/", "/requests/", "/requests/new/", "/teaching/", "/lab-templates/", "/manage/requests/", "/manage/questions/",
        "/manage/catalog/", "/manage/servers/", "/manage/failures/", "/manage/", f"/manage/people/{admin.pk}/", f"/machines/{machine.pk}/history/",
    ]  # fmt: skip


def fill_requests(templates: list[Template], people: list[User]) -> None:
    facts = {"reason": LONG[:400], "machines": 1}
    QuotaRequest.objects.bulk_create(
        QuotaRequest(user=person, subject=template.pk, title={"en": template.name}, **facts)
        for person, template in zip(people, [*templates, *templates], strict=True)
    )


def fill_machines(owner: User) -> Machine:
    """Have all asked about, and give one a long history. Return it."""
    machines = list(Machine.objects.all())
    for each in machines:
        asked(each)
    facts = {"kind": "noted", "by": owner, "from_state": "running", "to_state": "running"}
    Event.objects.bulk_create(
        Event(machine=machines[0], stored_note={"text": f"No. {n}"}, **facts) for n in range(ROWS)
    )
    for n in range(20):
        make_key(owner=owner, name=f"key {n}", by=owner)
    return machines[0]


def fill_administration() -> None:
    RowFailure.objects.bulk_create(RowFailure(loop="step", key=str(n), fails=9, error=LONG[:300]) for n in range(ROWS))
    Stray.objects.bulk_create(Stray(server_id=f"s{n}", name=f"server {n}") for n in range(ROWS))
    facts = {"login": "debian", "description": LONG[:200]}
    Image.objects.bulk_create(Image(cloud_id=f"i{n}", name=f"Debian {n}", **facts) for n in range(ROWS))


def test_other_pages_are_light_when_they_are_full(full: Client, also_full: list[str]) -> None:
    weights = {address: weight(full.get(address)) for address in also_full}
    assert min(weights.values()) > 30_000, weights
    assert max(weights.values()) < HEAVIEST, weights


def test_the_preview_of_the_longest_list_is_light(full: Client) -> None:
    text = "name;email\n" + "".join(
        f"Ana {n};{'ana' if n % 2 else 'no address'}{n}@example.org\n" for n in range(5_000)
    )
    assert 30_000 < weight(full.post("/manage/people/import/", {"csv": text, "role": "student"})) < HEAVIEST


def test_full_lists_are_light(full: Client) -> None:
    addresses = ("/", "/manage/people/", "/manage/machines/", "/manage/audit/", "/manage/notices/", "/manage/idle/")
    weights = {address: weight(full.get(address)) for address in addresses}
    assert min(weights.values()) > 30_000, weights  # the font and the style sheet alone
    assert max(weights.values()) < HEAVIEST, weights
