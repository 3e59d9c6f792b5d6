"""Two people have the same form open: whoever saves second reads of the first before anything of theirs is undone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.announcements import writing
from accounts.models import Announcement, User
from courses.models import Template
from tests.factories import make_template
from tests.portal.page_forms import forms_of


@pytest.fixture
def admins(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def opened(client: Client, url: str) -> dict[str, Any]:
    """Return what the form of this page sends."""
    forms = forms_of(url, client.get(url).content.decode())
    return next(form.sent for form in forms if form.url == url and "seen" in form.names)


def said(reply: Any) -> tuple[int, bool]:
    return reply.status_code, "Somebody else changed this" in reply.content.decode()


@pytest.fixture
def template(teacher: User) -> Template:
    return make_template(created_by=teacher, summary="first", user_data="")


def test_the_second_does_not_undo_the_first_unread(admins: Client, template: Template) -> None:
    url = f"/lab-templates/{template.slug}/"
    mine, theirs = opened(admins, url), opened(admins, url)
    assert admins.post(url, {**theirs, "user_data": "#!/bin/sh\nreboot"}).status_code == 302
    reply = admins.post(url, {**mine, "summary": "second"})
    template.refresh_from_db()
    assert (said(reply), template.summary, template.user_data) == ((409, True), "first", "#!/bin/sh\nreboot")
    again = re.search(r'name="seen" value="(\w+)"', reply.content.decode())
    assert again
    assert admins.post(url, {**mine, "summary": "second", "seen": again[1]}).status_code == 302


def test_two_clicks_are_one_person(admins: Client, template: Template) -> None:
    url = f"/lab-templates/{template.slug}/"
    sent = {**opened(admins, url), "summary": "second"}
    assert [admins.post(url, sent).status_code for _click in range(2)] == [302, 302]


@pytest.mark.parametrize("part", ["images", "flavors"])
def test_the_catalog(admins: Client, template: Template, part: str) -> None:
    row = template.image if part == "images" else template.flavor
    url = f"/manage/catalog/{part}/{row.pk}/"
    mine, theirs = opened(admins, url), opened(admins, url)
    assert admins.post(url, {**theirs, "name": "Theirs"}).status_code == 302
    assert said(admins.post(url, {**mine, "name": "Mine"})) == (409, True)
    row.refresh_from_db()
    assert row.name == "Theirs"


def test_an_announcement(admins: Client, admin: User) -> None:
    ends_at = timezone.now() + timedelta(days=1)
    row = writing.announce(text_en="Power cut", text_es="", ends_at=ends_at, by=admin, pauses_launches=True)
    url = f"/manage/announcements/{row.pk}/"
    mine = opened(admins, url)
    writing.change(announcement=row, by=admin, pauses_launches=False)
    assert said(admins.post(url, {**mine, "text_en": "Power cut!", "publish": "1"})) == (409, True)
    assert Announcement.objects.get().pauses_launches is False
