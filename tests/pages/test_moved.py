"""Addresses of 0.3 lead to those of 0.4, with what was typed."""

import pytest
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db

NEW = {
    "/templates/lab/": "/lab-templates/lab/",
    "/catalog/images/1/?x=1": "/manage/catalog/images/1/?x=1",
    "/servers/?search=lost": "/manage/servers/?search=lost",
    "/failures/": "/manage/failures/",
    "/notices/": "/manage/notices/",
    "/asks/": "/manage/questions/",
}


@pytest.mark.parametrize("old", NEW)
def test_an_old_address_leads_to_the_new_one(client: Client, admin: User, old: str) -> None:
    client.force_login(admin)
    reply = client.get(old)
    assert (reply.status_code, reply["Location"]) == (307, NEW[old])


def test_a_form_that_was_open_loses_nothing(client: Client, admin: User) -> None:
    client.force_login(admin)
    reply = client.post("/catalog/look/", {}, follow=True)
    assert reply.redirect_chain[0] == ("/manage/catalog/look/", 307)
    assert reply.redirect_chain[-1][0] == "/manage/catalog/"


def test_who_is_not_signed_in_signs_in_first(client: Client, db: None) -> None:
    assert client.get("/catalog/")["Location"].startswith("/accounts/login/")
