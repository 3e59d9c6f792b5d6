"""The pages “My machines” and of one machine: what they show, to whom, and how often they ask the database."""

import html
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.models import Course
from machines.models import CloudWatch, Machine
from machines.states import State
from tests.factories import grant, make_machine
from tunnels.models import Tunnel

POSTS = ["suspend", "wake", "shelve", "restart", "retry", "rename", "ports"]
GETS = ["", "ports/", "history/", "settings/", "live/", "card/", "reset/", "delete/"]


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def at(machine: Machine, rest: str = "") -> str:
    return f"/machines/{machine.pk}/{rest}"


def test_an_empty_list_teaches(signed_in: Client) -> None:
    assert b"You have no machine yet" in signed_in.get("/").content


def test_the_list_shows_the_line_to_come_in(signed_in: Client, student: User) -> None:
    machine = make_machine(student, name="condor")
    port = Tunnel.objects.get(holder=machine.pk, service="ssh").port
    assert f"ssh -p {port} student@127.0.0.1" in signed_in.get("/").content.decode()


def test_a_line_of_the_page_makes_ssh_forget_the_old_host_key(signed_in: Client, student: User, tmp_path: Path) -> None:
    machine = make_machine(student)
    port = Tunnel.objects.get(holder=machine.pk, service="ssh").port
    page = html.unescape(signed_in.get(at(machine)).content.decode())
    [line] = re.findall(r'<code id="forget"[^>]*>(.*?)</code>', page)
    known = tmp_path / "known_hosts"
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIiz5V1rPzmgIGoWbvPaw+y0YGwEEzQZ7CpcB2TrZ0Wq"
    known.write_text(f"[127.0.0.1]:{port} {key}\n[127.0.0.1]:1 {key}\n")
    subprocess.run([*shlex.split(line), "-f", known], check=True, capture_output=True)
    assert known.read_text() == f"[127.0.0.1]:1 {key}\n"


def test_the_list_shows_only_ones_own(signed_in: Client, student2: User) -> None:
    make_machine(student2, name="strange")
    assert b"strange" not in signed_in.get("/").content


def twelve(student: User) -> None:
    """Twelve that run, of a course whose lessons count, with screens that the cloud serves."""
    grant(student, machines=60, vcpus=99, ports=200)
    for number in range(12):
        template = make_machine(student, name=f"m{number}", vnc_password="secret").template
    template.course = Course.objects.create(slug="lab", name="Lab")
    template.save()


def test_a_first_page_of_twelve_cards_is_ten_queries(
    signed_in: Client, student: User, django_assert_max_num_queries: Any
) -> None:
    twelve(student)
    signed_in.get("/")  # the first page of a new address writes it down
    with django_assert_max_num_queries(10):  # the session and its person included
        assert signed_in.get("/").content.count(b'class="card ') == 12


@pytest.mark.slow
def test_a_list_of_fifty_costs_as_many_queries_as_one_of_two(signed_in: Client, student: User) -> None:
    grant(student, machines=60, vcpus=99, ports=200)
    signed_in.get("/")  # the first page of a new address writes it down; both are to come after that
    counts = []
    for total in (2, 48):
        for number in range(total):
            make_machine(student, name=f"m{number}", state="building" if number % 2 else "running")
        with CaptureQueriesContext(connection) as queries:
            assert signed_in.get("/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("state", State.values)
def test_every_state_has_a_page_and_a_card(signed_in: Client, student: User, state: str) -> None:
    machine = make_machine(student, state=state)
    word = str(Machine.objects.get(pk=machine.pk).get_state_display())
    for rest in ("", "live/", "card/"):
        assert word in signed_in.get(at(machine, rest)).content.decode()


@pytest.mark.parametrize("state", ["running", "suspended", "shelved", "failed"])
def test_a_settled_machine_is_looked_at_only_now_and_then(signed_in: Client, student: User, state: str) -> None:
    page = signed_in.get(at(make_machine(student, state=state))).content
    assert b'hx-trigger="look"' in page
    assert b"data-pace" not in page
    assert b'http-equiv="refresh"' not in page


def test_one_that_is_gone_never_asks_again(signed_in: Client, student: User) -> None:
    assert b"hx-get" not in signed_in.get(at(make_machine(student, state="gone"))).content


def test_an_unsettled_machine_asks_for_itself_with_and_without_scripts(signed_in: Client, student: User) -> None:
    page = signed_in.get(at(make_machine(student, state="building"))).content
    assert b'data-pace="1000"' in page
    assert b'http-equiv="refresh"' in page


@pytest.mark.parametrize("part", ["live/", "card/"])
def test_a_part_that_looks_the_same_answers_nothing(signed_in: Client, student: User, part: str) -> None:
    machine = make_machine(student, state="queued")
    page = signed_in.get(at(machine, part)).content.decode()
    seen = re.findall(r"[?;]seen=([\w-]+)", page)[0]
    assert signed_in.get(at(machine, part), {"seen": seen}).status_code == 204


def test_a_new_state_is_told_to_screen_readers(signed_in: Client, student: User) -> None:
    machine = make_machine(student, name="condor")
    assert b"condor: Running." in signed_in.get(at(machine, "live/"), {"seen": "building-0"}).content


@pytest.mark.parametrize("rest", GETS)
def test_a_stranger_finds_no_machine(client: Client, student: User, student2: User, rest: str) -> None:
    machine = make_machine(student)
    client.force_login(student2)
    assert client.get(at(machine, rest)).status_code == 404


@pytest.mark.parametrize(
    "rest", [f"{verb}/" for verb in [*POSTS, "reset", "delete", "ports/6aa8d0f8-0ac0-4691-9e32-fdc6073b0e9a/close"]]
)
def test_a_stranger_can_do_nothing(client: Client, student: User, student2: User, rest: str) -> None:
    machine = make_machine(student)
    client.force_login(student2)
    assert client.post(at(machine, rest)).status_code == 404


@pytest.mark.parametrize("verb", [verb for verb in POSTS if verb != "ports"])
def test_a_deed_by_get_is_a_405_with_a_page(signed_in: Client, student: User, verb: str) -> None:
    answer = signed_in.get(at(make_machine(student), f"{verb}/"))
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert b"only answers a form" in answer.content


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/keys/make/", "/keys/"),
        ("/account/tokens/", "/account/"),
        ("/manage/catalog/look/", "/manage/catalog/"),
        ("/machines/6aa8d0f8-0ac0-4691-9e32-fdc6073b0e9a/wake/", "/machines/6aa8d0f8-0ac0-4691-9e32-fdc6073b0e9a/"),
    ],
)
def test_a_reload_of_the_answer_to_a_form_leads_to_the_page_above(
    client: Client, admin: User, path: str, above: str
) -> None:
    client.force_login(admin)
    answer = client.get(path, headers={"accept": "text/html,application/xhtml+xml"})
    assert (answer.status_code, answer["Location"]) == (302, above)


def test_sleep_is_wished(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    answer = signed_in.post(at(machine, "suspend/"))
    machine.refresh_from_db()
    assert (answer.status_code, machine.wanted) == (302, "suspended")


def test_a_wish_that_makes_no_sense_is_a_409_with_a_sentence(signed_in: Client, student: User) -> None:
    answer = signed_in.post(at(make_machine(student), "wake/"))
    assert answer.status_code == 409
    assert b"It is waking up or running already." in answer.content


def test_delete_asks_first(signed_in: Client, student: User) -> None:
    machine = make_machine(student, name="condor")
    assert "Delete “condor”?" in signed_in.get(at(machine, "delete/")).content.decode()
    machine.refresh_from_db()
    assert machine.wanted == "running"


def test_a_second_delete_is_a_409(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    assert [signed_in.post(at(machine, "delete/")).status_code for _try in range(2)] == [302, 409]


@pytest.mark.parametrize("name", ["two\nlines", "x" * 10_000, "", "\x00"])
def test_a_bad_name_is_a_400_with_a_sentence(signed_in: Client, student: User, name: str) -> None:
    answer = signed_in.post(at(make_machine(student, name="condor"), "rename/"), {"name": name})
    assert answer.status_code == 400
    assert b'role="alert"' in answer.content


@pytest.mark.parametrize("port", ["0", "65536", "-1", "ssh", "", "9" * 40, "22"])
def test_a_bad_port_is_a_sentence(signed_in: Client, student: User, port: str) -> None:
    answer = signed_in.post(at(make_machine(student), "ports/"), {"port": port, "scheme": "tcp"})
    assert answer.status_code == (409 if port == "22" else 400)
    assert b'role="alert"' in answer.content


def test_one_more_port_opens_and_closes(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    signed_in.post(at(machine, "ports/"), {"port": "5000", "scheme": "http"})
    tunnel = Tunnel.objects.get(holder=machine.pk, target_port=5000)
    assert signed_in.post(at(machine, f"ports/{tunnel.pk}/close/")).status_code == 302
    assert not Tunnel.objects.of(machine.pk).kept().filter(extra=True).exists()


def test_a_dead_session_sends_a_live_part_to_sign_in(client: Client, student: User) -> None:
    machine = make_machine(student)
    answer = client.get(
        at(machine, "live/"), headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{at(machine)}"}
    )
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/accounts/login/?next=")
    assert str(machine.pk) in answer["HX-Redirect"]


def test_a_dead_session_sends_a_form_to_sign_in_with_a_sentence(client: Client, student: User) -> None:
    machine = make_machine(student)
    answer = client.post(at(machine, "suspend/"), headers={"Referer": f"http://testserver{at(machine)}"}, follow=True)
    assert b"Your session has ended." in answer.content
    assert answer.redirect_chain[0] == (f"/accounts/login/?next=%2Fmachines%2F{machine.pk}%2F", 303)


@pytest.mark.slow
def test_many_machines_come_in_pages(client: Client, student: User) -> None:
    for n in range(13):
        grant(student)
        make_machine(student, name=f"machine-{n}")
    client.force_login(student)
    first, second = (client.get(f"/?page={n}").content.decode() for n in (1, 2))
    assert first.count('<li class="card') == 12
    assert second.count('<li class="card') == 1
    assert client.get("/?page=nonsense").status_code == 200


def test_a_port_to_which_nothing_answers_says_so(student: User, client: Client) -> None:
    machine = make_machine(student)
    client.force_login(student)
    assert "nothing inside answers" not in client.get(f"/machines/{machine.pk}/").content.decode()
    Tunnel.objects.filter(holder=machine.pk, service="http").update(answered_at=None)
    assert "nothing inside answers" in client.get(f"/machines/{machine.pk}/").content.decode()
    access = {one["service"]: one["answers"] for one in client.get(f"/api/v1/machines/{machine.pk}/").json()["access"]}
    assert access == {"ssh": True, "http": False}


@pytest.mark.parametrize("cloud", ["openstack:abc", "local:abc"])
def test_a_screens_password_is_shown_only_where_the_cloud_serves_the_screen(
    student: User, client: Client, cloud: str
) -> None:
    """The cloud that was listed decides: with compose the web process itself has no OS_CLOUD."""
    machine = make_machine(student, vnc_password="s3cretpw")
    Tunnel.objects.filter(holder=machine.pk, service="http").update(scheme="vnc")
    CloudWatch.objects.update_or_create(pk=1, defaults={"cloud_identity": cloud})
    client.force_login(student)
    page = client.get(f"/machines/{machine.pk}/").content.decode()
    assert bool(shown := re.search(r'id="(password-\d+)">s3cretpw<', page)) is (cloud == "local:abc")
    assert shown is None or f'data-copy="#{shown[1]}"' in page
    assert (client.get(f"/api/v1/machines/{machine.pk}/").json()["vnc_password"] == "") is (cloud == "openstack:abc")
