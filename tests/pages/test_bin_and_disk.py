"""The recycle bin and the download on the pages and in the API: what they show, to whom, and how it goes on."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import AsyncClient, Client
from django.utils import timezone

from accounts.models import User
from machines import actions, disk_images
from machines.idle import times
from machines.models import DiskImage, Machine
from tests.api.program import Program
from tests.cloud.fake import FakeCloud
from tests.factories import make_machine
from tests.machines.lapsed import ended, nothing_else


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The bytes of image `i` of a cloud."""
    data = bytes(range(251)) * 4000

    class Shelf(FakeCloud):
        def _bytes(self, image_id: str) -> bytes:
            return data if image_id == "i" else super()._bytes(image_id)

    cloud = Shelf()
    monkeypatch.setattr(disk_images, "open_disks", lambda: cloud)
    return data


def at(machine: Machine, rest: str = "") -> str:
    return f"/machines/{machine.pk}/{rest}"


def in_bin(owner: User, **facts: Any) -> Machine:
    gone = {"state": "archived", "wanted": "archived", "binned_at": timezone.now(), "server_id": "", "archive_id": "i"}
    return make_machine(owner, **{**gone, **facts})


def downloadable(owner: User, size: int = 1_004_000) -> Machine:
    machine = make_machine(owner, name="Mi máquina")
    facts = {"image_id": "i", "size_bytes": size, "disk_format": "qcow2", "ready_at": timezone.now()}
    DiskImage.objects.create(machine=machine, kind="download", state="ready", expires_at=timezone.now(), **facts)
    return machine


# ---- the bin ----


def test_deleting_asks_first_and_says_until_when_it_is_kept(signed_in: Client, student: User) -> None:
    page = signed_in.get(at(make_machine(student, name="condor"), "delete/")).content.decode()
    assert "Delete “condor”?" in page
    day = times.written(timezone.now() + timedelta(days=7), "DATE_FORMAT")
    assert " ".join(f"It stays in the recycle bin until {day}: before that".split()) in " ".join(page.split())
    assert "Delete for good" in page


def test_what_never_ran_is_deleted_for_good_and_the_page_says_so(signed_in: Client, student: User) -> None:
    page = signed_in.get(at(make_machine(student, state="queued"), "delete/")).content.decode()
    assert "for good?" in page
    assert "recycle bin" not in page


@pytest.mark.parametrize("state", ["deleting", "gone"])
def test_nobody_is_asked_about_a_machine_that_is_deleted_already(signed_in: Client, student: User, state: str) -> None:
    page = signed_in.get(at(make_machine(student, state=state, wanted="gone"), "delete/")).content.decode()
    assert "Back" in page
    assert 'class="danger sure"' not in page


def test_yes_puts_it_into_the_bin(signed_in: Client, student: User) -> None:
    machine = make_machine(student, name="condor")
    page = signed_in.post(at(machine, "bin/"), follow=True).content.decode()
    machine.refresh_from_db()
    assert (machine.wanted, machine.binned_at is not None) == ("archived", True)
    assert "“condor” stays in the recycle bin, which" in page


def test_the_list_has_it_in_the_bin_and_not_among_the_machines(signed_in: Client, student: User) -> None:
    machine = in_bin(student, name="condor")
    page = signed_in.get("/").content.decode()
    assert f'id="restore-{machine.pk}"' in page
    assert f'id="card-{machine.pk}"' not in page


def test_one_in_the_bin_is_restored_or_deleted_for_good(signed_in: Client, student: User) -> None:
    machine = in_bin(student)
    assert signed_in.post(at(machine, "restore/")).status_code == 302
    machine.refresh_from_db()
    assert (machine.wanted, machine.binned_at) == ("running", None)
    signed_in.post(at(machine, "bin/"))
    signed_in.post(at(machine, "delete/"))
    machine.refresh_from_db()
    assert machine.wanted == "gone"


def test_the_api_lists_the_bin_when_it_is_asked(student: User) -> None:
    machine, other = in_bin(student), make_machine(student)
    api = Program(student)
    listed = [[one["id"] for one in api.ask("GET", f"machines/{query}").json()] for query in ("", "?bin=1")]
    assert listed == [[str(other.pk)], [str(machine.pk)]]


@pytest.mark.parametrize(("verb", "wanted"), [("bin", "archived"), ("archive", "archived")])
def test_the_api_has_the_verbs(student: User, verb: str, wanted: str) -> None:
    machine = make_machine(student)
    reply = Program(student).ask("POST", f"machines/{machine.pk}/{verb}/")
    assert (reply.status_code, reply.json()["wanted"]) == (202, wanted)
    back = Program(student).ask("POST", f"machines/{machine.pk}/restore/")
    assert (back.status_code, back.json()["wanted"], back.json()["binned_at"]) == (202, "running", None)


@pytest.mark.parametrize("rest", ["bin/", "archive/", "restore/", "copy/"])
def test_a_stranger_can_do_none_of_it(client: Client, student: User, student2: User, rest: str) -> None:
    machine = in_bin(student)
    client.force_login(student2)
    assert client.post(at(machine, rest)).status_code == 404
    assert Program(student2).ask("POST", f"machines/{machine.pk}/{rest}").status_code == 404


# ---- the download ----


def test_it_is_asked_for_and_the_page_says_that_it_comes(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    assert b"Prepare a download" in signed_in.get(at(machine, "settings/")).content
    page = signed_in.post(at(machine, "copy/"), follow=True).content.decode()
    assert "It is being prepared" in page
    assert f'hx-get="{at(machine, "work/")}"' in page


def test_a_ready_one_has_its_size_and_its_end(signed_in: Client, student: User) -> None:
    page = signed_in.get(at(downloadable(student, 123 * 2**20), "work/")).content.decode()
    assert "Download the disk (123.0" in page
    assert "until" in page
    assert "hx-get" not in page


def test_before_it_is_ready_the_download_is_a_sentence(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    assert b"Ask for it first." in signed_in.get(at(machine, "disk/")).content
    disk_images.request(machine=machine, by=student)
    answer = signed_in.get(at(machine, "disk/"))
    assert (answer.status_code, b"still being prepared" in answer.content) == (409, True)


def test_the_api_tells_how_far_it_is(student: User) -> None:
    machine = make_machine(student)
    api, where = Program(student), f"machines/{machine.pk}/copy/"
    assert api.ask("GET", where).json()["code"] == "not_ready"
    assert (api.ask("POST", where).status_code, api.ask("GET", where).json()["state"]) == (202, "due")


@pytest.mark.parametrize("role", ["student2", "teacher"])
def test_nobody_else_downloads_it(client: Client, student: User, role: str, request: pytest.FixtureRequest) -> None:
    machine = downloadable(student)
    other = request.getfixturevalue(role)
    client.force_login(other)
    assert client.get(at(machine, "disk/")).status_code == 404
    assert Program(other).ask("GET", f"machines/{machine.pk}/disk/").status_code == 404


async def body(answer: Any) -> bytes:
    return b"".join([chunk async for chunk in answer.streaming_content])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ["student", "admin"])
async def test_its_owner_and_admins_get_the_bytes(
    async_client: AsyncClient, student: User, admin: User, stored: bytes, role: str
) -> None:
    from asgiref.sync import sync_to_async

    machine = await sync_to_async(downloadable)(student)
    await async_client.aforce_login({"student": student, "admin": admin}[role])
    answer = await async_client.get(at(machine, "disk/"), headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(stored)))
    assert "mi-m-quina" in answer["Content-Disposition"]
    assert await body(answer) == stored


@pytest.mark.django_db(transaction=True)
async def test_a_download_that_broke_off_is_taken_up_in_the_middle(
    async_client: AsyncClient, student: User, stored: bytes
) -> None:
    from asgiref.sync import sync_to_async

    machine = await sync_to_async(downloadable)(student)
    await async_client.aforce_login(student)
    answer = await async_client.get(at(machine, "disk/"), headers={"Range": "bytes=500000-"})
    assert (answer.status_code, answer["Content-Range"]) == (206, "bytes 500000-1003999/1004000")
    assert await body(answer) == stored[500_000:]
    assert (await async_client.get(at(machine, "disk/"), headers={"Range": "bytes=1004000-"})).status_code == 416


def test_one_that_the_cloud_lost_is_a_410_with_a_sentence(signed_in: Client, student: User, stored: bytes) -> None:
    machine = downloadable(student)
    DiskImage.objects.update(image_id="lost")
    answer = signed_in.get(at(machine, "disk/"))
    assert (answer.status_code, b"Ask for a new one." in answer.content) == (410, True)


def test_an_archive_is_downloaded_without_being_asked_for(signed_in: Client, student: User) -> None:
    machine = in_bin(student)
    DiskImage.objects.create(
        machine=machine, kind="archive", state="ready", image_id="i", size_bytes=5, ready_at=timezone.now()
    )
    assert b"as it was archived" in signed_in.get(at(machine, "settings/")).content
    assert signed_in.head(at(machine, "disk/"))["Content-Length"] == "5"


def test_a_wish_is_refused_with_a_sentence_where_there_is_no_disk(signed_in: Client, student: User) -> None:
    answer = signed_in.post(at(make_machine(student, state="building"), "copy/"))
    assert (answer.status_code, b"no disk to download yet" in answer.content) == (409, True)


def test_actions_are_those_of_the_machine(student: User) -> None:
    assert {"restore", "delete"} == actions.allowed(in_bin(student))


def test_what_has_no_room_after_a_subscription_is_not_offered_back(signed_in: Client, student: User) -> None:
    machine = in_bin(student)
    nothing_else(student)
    ended(student)
    page = signed_in.get("/").content.decode()
    assert f'id="restore-{machine.pk}"' not in page
    assert "After a renewal you can restore it." in page
