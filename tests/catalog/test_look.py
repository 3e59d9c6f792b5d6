"""The catalog follows the cloud: every half minute, and when an administrator asks."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from catalog import actions
from catalog.models import Image
from cloud import contract
from machines import cloud_identity
from machines.models import CloudWatch
from portal import tasks
from portal.celery import timetable
from tests.cloud.fake import FakeCloud


def known(name: str = "debian", login: str = "") -> contract.Image:
    return contract.Image("cloud-id", name, ready=True, login=login)


def test_what_is_new_is_there_and_not_offered(db: None) -> None:
    cloud = FakeCloud()
    assert actions.look_again(cloud) == (len(cloud.images()), len(cloud.flavors()))
    assert not Image.objects.filter(offered=True).exists()


def test_what_is_gone_is_marked_and_comes_back_as_it_was(db: None) -> None:
    actions.take_over(images=[known()], flavors=[], offer=True)
    actions.take_over(images=[], flavors=[])
    assert Image.objects.get().missing
    actions.take_over(images=[known()], flavors=[])
    assert (Image.objects.get().missing, Image.objects.get().offered) == (False, True)


def test_a_login_that_the_cloud_says_later_is_taken_over(db: None) -> None:
    actions.take_over(images=[known()], flavors=[])
    actions.take_over(images=[known(login="debian")], flavors=[])
    assert Image.objects.get().login == "debian"


def test_a_login_that_an_administrator_wrote_stays(db: None) -> None:
    actions.take_over(images=[known()], flavors=[])
    Image.objects.update(login="student")
    actions.take_over(images=[known(login="debian")], flavors=[])
    assert Image.objects.get().login == "student"


# Whoever uploads an image writes its login, and students copy it in their ssh line.
STRANGE = ["$(id)", "x;id", "-oProxyCommand=id", "a b", "x\nProxyCommand id", "x" * 33, "ñandú", "Root"]


@pytest.mark.parametrize("login", STRANGE)
def test_what_is_no_login_is_not_taken_over_and_goes_where_it_was(db: None, login: str) -> None:
    actions.take_over(images=[known(login=login)], flavors=[])
    assert Image.objects.get().login == ""
    Image.objects.update(login=login[:32])
    actions.take_over(images=[known(login="debian")], flavors=[])
    assert Image.objects.get().login == ("debian" if len(login) <= 32 else "x" * 32)


def test_an_administrator_types_a_login_that_can_be_one(admin: User, client: Client) -> None:
    actions.take_over(images=[known(login="debian")], flavors=[])
    page = f"/manage/catalog/images/{Image.objects.get().pk}/"
    client.force_login(admin)
    reply = client.post(page, {"name": "Debian", "login": "$(id)"})
    assert (reply.status_code, b"id_login_error" in reply.content) == (400, True)
    assert (client.post(page, {"name": "Debian", "login": ""}).status_code, Image.objects.get().login) == (302, "")


def test_a_cloud_that_is_down_changes_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = FakeCloud()
    actions.look_again(cloud)
    cloud.busy = True
    monkeypatch.setattr(cloud_identity, "open_cloud", lambda: cloud)
    tasks.look_at_catalog()
    assert not Image.objects.filter(missing=True).exists()


def test_another_cloud_changes_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    CloudWatch.get_solo()
    CloudWatch.objects.update(cloud_identity="another")
    monkeypatch.setattr(cloud_identity, "open_cloud", FakeCloud)
    tasks.look_at_catalog()
    assert not Image.objects.exists()


def test_a_card_is_grey_within_a_minute() -> None:
    assert timetable()["catalog"]["schedule"] <= 30


def test_an_administrator_rings(admin: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[str] = []
    monkeypatch.setattr(actions, "ring", rung.append)
    client.force_login(admin)
    assert client.post("/manage/catalog/look/").status_code == 302
    assert rung == ["portal.tasks.look_at_catalog"]


def test_a_teacher_sees_no_button_and_may_not_ring(teacher: Any, client: Client) -> None:
    client.force_login(teacher)
    assert b"catalog/look" not in client.get("/manage/catalog/").content
    assert client.post("/manage/catalog/look/").status_code == 403
