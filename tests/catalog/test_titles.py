"""Names of sizes and systems in the reader's language, where they are ours."""

import pytest
from django.test import Client
from django.utils.translation import override

from accounts.models import User
from catalog.models import Flavor, Image
from cloud.localcloud import base_images, simulated, sizes
from cloud.starter.recipes import RECIPES
from tests.factories import make_template

OURS = [
    *(flavor.name for flavor in sizes.FLAVORS.values()),
    simulated.BASE.name,
    base_images.TINY.name,
    *(recipe.title for recipe in RECIPES.values()),
]
SAME = {"Debian 12"}  # in both languages


@pytest.mark.parametrize("name", OURS)
def test_names_of_ours_are_in_spanish_too(name: str) -> None:
    with override("es"):
        titles = {Image(name=name).title, Flavor(name=name).title}
    assert len(titles) == 1
    assert (titles == {name}) is (name in SAME)


@pytest.mark.parametrize("name", ["m1.small", "", "Lab", "%(n)s machine"])
def test_other_names_stay_as_they_are(name: str) -> None:
    with override("es"):
        assert Image(name=name).title == Flavor(name=name).title == name


@pytest.mark.parametrize("path", ["/manage/catalog/", "/lab-templates/", "/lab-templates/new/"])
def test_teachers_read_no_english_name(client: Client, teacher: User, path: str) -> None:
    template = make_template(created_by=teacher)
    Image.objects.filter(pk=template.image_id).update(name="Simulated Linux")
    Flavor.objects.filter(pk=template.flavor_id).update(name="tiny")
    client.force_login(teacher)
    page = client.get(path, headers={"Accept-Language": "es"}).content.decode()
    assert "Linux simulado" in page
    assert "Simulated Linux" not in page
    assert ">tiny" not in page
