"""The catalog through the API: what templates can be made of."""

from typing import Any

import pytest

from catalog.models import Flavor, Image


@pytest.fixture(autouse=True)
def _catalog(db: None) -> None:
    for offered in (True, False):
        Image.objects.create(cloud_id=f"i-{offered}", name=f"image {offered}", offered=offered)
        Flavor.objects.create(cloud_id=f"f-{offered}", name="size", vcpus=1, ram_mb=512, disk_gb=2, offered=offered)
    Image.objects.create(cloud_id="away", name="away", offered=True, missing=True)


@pytest.mark.parametrize(("role", "ids"), [("teacher", ["i-True"]), ("admin", ["i-False", "i-True"])])
def test_teachers_list_what_is_offered_and_administrators_all(api: Any, role: str, ids: list[str]) -> None:
    type(api.user).objects.filter(pk=api.user.pk).update(roles=[role])
    assert sorted(row["id"] for row in api.ask("GET", "catalog/images/").json()) == ids
    assert len(api.ask("GET", "catalog/sizes/").json()) == len(ids)


def test_a_size_tells_its_measures(api: Any) -> None:
    type(api.user).objects.filter(pk=api.user.pk).update(roles=["teacher"])
    row = api.ask("GET", "catalog/sizes/").json()[0]
    assert (row["id"], row["vcpus"], row["ram_mb"], row["disk_gb"]) == ("f-True", 1, 512, 2)


@pytest.mark.parametrize("what", ["images", "sizes"])
def test_students_are_refused(api: Any, what: str) -> None:
    reply = api.ask("GET", f"catalog/{what}/")
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")
