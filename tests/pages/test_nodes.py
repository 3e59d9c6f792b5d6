"""The cluster's pages, as administrators use them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from cloud.contract import Host
from nodes.hypervisors import looks
from nodes.models import Computer, Node, NodeTie
from portal.presenters.show_machines import show
from tests.factories import make_machine
from tests.nodes.donated import make_computer
from tests.nodes.intake import recorded
from tests.nodes.intake.measured import measured
from tests.pages.plain_text import text


@pytest.fixture
def staff(admin: User, client: Client) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def quinde(db: None) -> Node:
    """A node that has been up for an hour."""
    now = timezone.now()
    for minutes in range(60, -1, -5):
        looks.look([host("quinde")], now - timedelta(minutes=minutes))
    return Node.objects.get()


def host(name: str, **facts: Any) -> Host:
    numbers = {"vcpus": 4, "vcpus_used": 2, "ram_mb": 8192, "ram_mb_used": 4096, "servers": 3}
    return Host(**{"name": name, "up": True, "enabled": True, **numbers, **facts})


def tied(staff: Client, node: Node, of: Computer, **facts: str) -> Any:
    form = {"computer": of.number, "since": f"{timezone.localdate(node.first_seen_at)}", **facts}
    return staff.post(f"/manage/nodes/{node.pk}/tie/", form)


def test_before_any_look_the_page_says_so(staff: Client) -> None:
    assert "No node has been seen yet" in text(staff.get("/manage/nodes/"))


def test_failures_stand_with_the_nodes_and_not_with_their_age(staff: Client) -> None:
    looks.look([host("tucan", enabled=False, servers=0)], timezone.now())
    page = text(staff.get("/manage/nodes/"))
    assert "0 machines on them; no failure seen yet" in page
    assert "Mean age – no node's year is known yet" in page
    assert "Processors in use – no node takes machines" in page


def test_the_list_has_those_with_trouble_first(staff: Client) -> None:
    looks.look(
        [host("albatros"), host("quinde", up=False), host("tucan", enabled=False, note="its fan")], timezone.now()
    )
    page = text(staff.get("/manage/nodes/"))
    assert page.index("quinde Does not answer") < page.index("tucan Takes no new machines") < page.index("albatros")
    assert "its fan" in page


@pytest.mark.parametrize(
    ("show", "names"),
    [
        ("", ["quinde", "tucan"]),
        ("look", ["quinde"]),
        ("off", ["tucan"]),
        ("gone", ["guanta"]),
        ("nonsense", ["quinde", "tucan"]),
    ],
)
def test_a_filter_leaves_what_it_says(staff: Client, show: str, names: list[str]) -> None:
    now = timezone.now()
    looks.look([host("guanta")], now - timedelta(hours=1))
    looks.look([host("quinde", up=False), host("tucan", enabled=False)], now)
    page = staff.get("/manage/nodes/", {"show": show}).content.decode()
    assert [name for name in ("guanta", "quinde", "tucan") if f">{name}</a>" in page] == names


def test_a_node_that_fell_silent_is_told_before_the_cloud_calls_it_down(staff: Client) -> None:
    now = timezone.now()
    for seconds in (60, 40, 20, 0):
        looks.look([host("quinde", heard_at=now - timedelta(seconds=62))], now - timedelta(seconds=seconds))
    assert "Not heard for 62 seconds" in text(staff.get("/manage/nodes/?show=look"))


def test_a_computer_is_tied_and_its_hours_count(staff: Client, quinde: Node) -> None:
    computer = make_computer("in_service")
    assert tied(staff, quinde, computer).status_code == 302
    page = text(staff.get(f"/manage/nodes/{quinde.pk}/"))
    assert (computer.number in page, "1 hour" in page) == (True, True)
    assert computer.served.get().seconds // 60 == 60  # what counts goes on while the test runs


def test_a_computer_leads_to_the_node_that_it_is_and_no_longer_was(staff: Client, quinde: Node) -> None:
    first, second = make_computer("in_service"), make_computer("in_service")
    tied(staff, quinde, first)
    link = f'<a href="/manage/nodes/{quinde.pk}/">quinde</a>'
    assert link in staff.get(f"/manage/computers/{first.pk}/").content.decode()
    tied(staff, quinde, second)
    assert link not in staff.get(f"/manage/computers/{first.pk}/").content.decode()


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"computer": "MNG-00001-1"}, "The last digit does not fit"),
        ({"computer": ""}, "Fill this in."),
        ({"since": "yesterday"}, "Enter a valid date."),
        ({"since": "2999-01-01"}, "That lies in the future."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(staff: Client, quinde: Node, facts: dict[str, str], sentence: str) -> None:
    reply = tied(staff, quinde, make_computer("tested"), **facts)
    assert (reply.status_code, sentence in text(reply), NodeTie.objects.count()) == (400, True, 0)


@pytest.mark.parametrize("zone", ["America/Guayaquil", "Europe/Madrid", "UTC"])
def test_it_is_no_computer_before_it_was_seen(staff: Client, quinde: Node, settings: Any, zone: str) -> None:
    settings.TIME_ZONE = zone
    timezone.get_default_timezone.cache_clear()
    assert tied(staff, quinde, make_computer("in_service"), since="0001-01-01").status_code == 302
    assert NodeTie.objects.get().since == quinde.first_seen_at


def test_a_node_that_was_first_seen_by_a_clock_that_was_ahead_is_tied_now(staff: Client) -> None:
    looks.look([host("quinde")], timezone.now() + timedelta(days=800))
    looks.look([host("quinde")], timezone.now())
    today = f"{timezone.localdate()}"
    assert tied(staff, Node.objects.get(), make_computer("in_service"), since=today).status_code == 302


def test_that_it_is_another_one_is_said_of_today(staff: Client) -> None:
    looks.look([host("quinde")], timezone.now() - timedelta(days=9))
    node = Node.objects.get()
    tied(staff, node, make_computer("in_service"))
    assert f'value="{timezone.localdate()}"' in staff.get(f"/manage/nodes/{node.pk}/").content.decode()


def test_the_audit_log_tells_which_computer_and_since_when(staff: Client, quinde: Node) -> None:
    computer = make_computer("in_service")
    tied(staff, quinde, computer)
    assert f"{computer.number}\u00a0· since " in text(staff.get("/manage/audit/")).replace(" · ", "\u00a0· ")


def test_it_is_that_computer_no_more(staff: Client, quinde: Node) -> None:
    tied(staff, quinde, make_computer("in_service"))
    staff.post(f"/manage/nodes/{quinde.pk}/untie/")
    assert "Nobody has said it yet." in text(staff.get(f"/manage/nodes/{quinde.pk}/"))


def test_maintenance_is_due_until_it_is_written_down(staff: Client, quinde: Node, settings: Any) -> None:
    Node.objects.update(first_seen_at=timezone.now() - timedelta(days=61))
    assert "quinde" in text(staff.get("/manage/nodes/?show=due"))
    staff.post(f"/manage/nodes/{quinde.pk}/maintained/", {"note": "dust"})
    page = text(staff.get(f"/manage/nodes/{quinde.pk}/"))
    assert ("Maintenance in 60 days" in page, "Maintained: dust" in page) == (True, True)
    settings.MAINTENANCE_DAYS = 0
    assert "Maintenance in" not in text(staff.get(f"/manage/nodes/{quinde.pk}/"))


def test_its_machines_stand_on_its_page(staff: Client, quinde: Node, student: User) -> None:
    make_machine(student, state="running", host="quinde", name="laboratorio")
    make_machine(student, state="running", host="other", name="elsewhere")
    page = text(staff.get(f"/manage/nodes/{quinde.pk}/"))
    assert ("laboratorio" in page, "elsewhere" in page) == (True, False)


def test_a_node_with_a_bad_disk_needs_a_look(staff: Client, quinde: Node) -> None:
    computer = make_computer("in_service")
    measured(computer, disks=[{**recorded.facts()["disks"][0], "reallocated": 8}])
    assert "Not for machines' disks" not in text(staff.get("/manage/nodes/?show=look"))
    tied(staff, quinde, computer)
    assert "Not for machines' disks" in text(staff.get("/manage/nodes/?show=look"))


@pytest.mark.parametrize("address", ["/manage/nodes/", "/manage/nodes/?show=untied"])
def test_queries_do_not_grow_with_nodes(staff: Client, address: str) -> None:
    def count(nodes: int) -> int:
        looks.look([host(f"node-{n}") for n in range(nodes)], timezone.now())
        staff.get(address)
        with CaptureQueriesContext(connection) as seen:
            staff.get(address)
        return len(seen)

    assert count(2) == count(60)


@pytest.mark.parametrize(("up", "is_told"), [(False, True), (True, False)])
def test_a_student_reads_that_the_computer_below_does_not_answer(
    client: Client, student: User, up: bool, is_told: bool
) -> None:
    machine = make_machine(student, state="running", host="quinde")
    looks.look([host("quinde", up=up)], timezone.now())
    client.force_login(student)
    page = text(client.get(f"/machines/{machine.pk}/"))
    assert ("that it runs on does not answer" in page) is is_told


def test_an_open_page_changes_when_the_computer_below_falls_silent(student: User) -> None:
    machine = make_machine(student, state="running", host="quinde")
    versions = []
    for up in (True, False, True):
        looks.look([host("quinde", up=up)], timezone.now())
        versions.append(show(machine, student).version)
    assert (versions[0] == versions[1], versions[0] == versions[2]) == (False, True)


def test_the_load_is_shown_where_a_node_tells_it(staff: Client, quinde: Node) -> None:
    looks.note_loads({"quinde": (0.5, 1.25, 12.0)})
    assert "Load of 1, 5 and 15 minutes 0.50 · 1.25 · 12.00" in text(staff.get(f"/manage/nodes/{quinde.pk}/"))
    looks.note_loads({})
    assert "Load of" not in text(staff.get(f"/manage/nodes/{quinde.pk}/"))
