"""A template that cannot work says so, with the numbers: on its card, in the API, to its teacher, and after a refusal of the cloud."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from catalog import actions as catalog
from catalog.models import Flavor, Image
from cloud import contract
from courses.actions import CannotWork, create_template, edit_template
from courses.models import Template
from machines import actions
from machines.offers import offers
from tests.cloud.fake import FakeCloud
from tests.factories import grant, make_gateway, make_template
from tests.machines.world import World

CHANGES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"missing": True}, {}, "no longer has the system “Tiny”"),
    ({"ready": False, "status": "queued"}, {}, "not on the cluster yet. Try again"),
    ({"ready": False, "status": "deactivated"}, {}, "switched the system “Tiny” off"),
    ({}, {"missing": True}, "no longer has the size “small”"),
    ({"min_ram_mb": 384}, {}, "needs 384\u00a0MB of memory, and the size “small” has 256\u00a0MB"),
    ({"min_disk_gb": 3}, {}, "needs 3\u00a0GB of disk, and the size “small” has 1\u00a0GB"),
    ({"min_disk_gb": 1}, {"disk_gb": 9, "root_gb": 0}, ""),
    ({"min_disk_gb": 3}, {"disk_gb": 9, "root_gb": 2}, "needs 3\u00a0GB of disk, and the size “small” has 2\u00a0GB"),
]


@pytest.fixture
def template(student: User) -> Template:
    make_gateway()
    grant(student)
    return make_template()


@pytest.mark.parametrize(("image", "size", "said"), CHANGES)
def test_a_card_says_why_it_cannot_be_launched(
    template: Template, student: User, client: Client, image: dict[str, Any], size: dict[str, Any], said: str
) -> None:
    Image.objects.update(**image)
    Flavor.objects.update(**size)
    client.force_login(student)
    told = client.get("/api/v1/templates/").json()[0]
    assert (told["fits"], said in told["why_not"]) == (not said, True)
    assert (said.replace("“", "") in client.get("/launch/").content.decode().replace("“", "")) is True


def test_what_cannot_work_is_not_launched(template: Template, student: User, client: Client) -> None:
    Image.objects.update(min_ram_mb=384)
    client.force_login(student)
    answer = client.post("/api/v1/machines/", {"template": "lab"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"], "384" in answer.json()["detail"]) == (
        409,
        "template_cannot_work",
        True,
    )


def test_a_template_that_cannot_work_is_refused_at_the_field(template: Template, teacher: User, client: Client) -> None:
    Image.objects.update(min_ram_mb=384)
    client.force_login(teacher)
    fields = {"name": "New", "summary": "It.", "image": template.image_id, "flavor": template.flavor_id, "position": 1}
    rows = {"services-TOTAL_FORMS": 0, "services-INITIAL_FORMS": 0, "icon": "web"}
    answer = client.post("/lab-templates/new/", {**fields, **rows})
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["flavor"])
    assert "384\u00a0MB" in answer.context["form"].errors["flavor"][0]


def test_so_it_is_by_the_api(template: Template, teacher: User) -> None:
    Image.objects.update(ready=False, status="queued")
    parts = {"image": Image.objects.get(), "flavor": Flavor.objects.get()}
    with pytest.raises(CannotWork, match="not on the cluster yet"):
        create_template(by=teacher, name="New", summary="It.", services=[], **parts)


def test_the_text_of_one_that_lacks_a_part_can_be_mended(template: Template, teacher: User) -> None:
    Template.objects.update(created_by=teacher)
    Image.objects.update(missing=True)
    edit_template(template=Template.objects.with_parts().get(), by=teacher, summary="Not today.")
    assert Template.objects.get().summary == "Not today."


def test_an_image_that_is_not_ready_is_offered_to_no_new_template(
    template: Template, teacher: User, client: Client
) -> None:
    Image.objects.create(cloud_id="queued", name="half uploaded", offered=True, ready=False, status="queued")
    client.force_login(teacher)
    assert "half uploaded" not in client.get("/lab-templates/new/").content.decode()
    assert "(queued)" in client.get("/manage/catalog/").content.decode()


# ---- what a look takes over ----


def test_a_look_takes_over_what_images_need_and_are(db: None) -> None:
    facts = {
        "min_ram_mb": 384,
        "min_disk_gb": 3,
        "status": "queued",
        "checksum": "sha512:ab",
        "disk_format": "raw",
        "size_bytes": 2**40,
    }
    catalog.take_over(images=[contract.Image("i", "debian", ready=False, **facts)], flavors=[])
    row = Image.objects.get()
    assert {name: getattr(row, name) for name in facts} == facts
    assert not row.ready


def test_a_look_that_finds_nothing_new_writes_nothing(db: None, django_assert_num_queries: Any) -> None:
    catalog.look_again(FakeCloud())
    with django_assert_num_queries(5):  # two of them are the test's savepoint
        catalog.look_again(FakeCloud())


def test_a_card_is_grey_after_the_next_look_and_comes_back(world: World, cloud: FakeCloud) -> None:
    catalog.look_again(cloud)
    cloud.change_image("linux", ready=False, status="deactivated")
    catalog.look_again(cloud)
    assert "off" in str(offers(world.student)[0].why_not)
    cloud.change_image("linux", ready=True, status="")
    catalog.look_again(cloud)
    assert offers(world.student)[0].why_not is None


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"min_ram_mb": 384}, "256 MiB of memory, 1 GiB of disk) is too small for the system “Tiny”"),
        ({"ready": False, "status": "queued"}, "“Tiny” is not ready"),
        (None, "no longer on the cluster"),
    ],
)
def test_a_launch_that_the_cloud_refuses_says_why_and_asks_for_a_look(
    world: World, cloud: FakeCloud, spoil: dict[str, Any] | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(catalog, "ring", rung.append)
    cloud.delete_image("linux") if spoil is None else cloud.change_image("linux", **spoil)
    machine = world.until(world.launch(), "failed")
    assert (said in str(machine.note), rung) == (True, ["portal.tasks.look_at_catalog"])
    assert machine.cloud_fault


def test_a_size_that_is_gone_is_named(world: World, cloud: FakeCloud) -> None:
    cloud.sizes = [size for size in cloud.sizes if size.id != "tiny"]
    machine = world.until(world.launch(), "failed")
    assert "no longer has the size “small”" in str(machine.note)


def test_staff_read_the_clouds_own_words_and_students_do_not(
    world: World, cloud: FakeCloud, admin: User, client: Client
) -> None:
    cloud.change_image("linux", min_ram_mb=384)
    machine = world.until(world.launch(), "failed")
    said = {}
    for who in (world.student, admin):
        client.force_login(who)
        said[who.username] = client.get(f"/api/v1/machines/{machine.pk}/").json()["cloud_says"]
    assert said == {"student": "", "admin": "Flavor's memory is too small for requested image."}


def test_a_teacher_reads_them_on_the_page(cloud: FakeCloud, world: World, teacher: User, client: Client) -> None:
    grant(teacher)
    cloud.change_image("linux", min_ram_mb=384)
    machine = actions.launch(owner=teacher, template=world.template, name="t", by=teacher)
    world.until(machine, "failed")
    client.force_login(teacher)
    assert "too small for requested image" in client.get(f"/machines/{machine.pk}/history/").content.decode()
