"""The navigation: what each role may open and nothing else, where one is, what waits, the user menu, and where a sign-in leads."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from portal.presenters import navigation
from portal.presenters.navigation import AREAS, MENU, ON_A_PHONE, home_of
from quotas.models import QuotaRequest
from tests.factories import make_machine, make_template

ROLES = ("student", "teacher", "donor", "admin")
ADDRESSES = {
    "teacher": ["/teaching/", "/lab-templates/", "/manage/requests/", "/manage/questions/", "/manage/catalog/"],
    "admin": [
        "/manage/", "/manage/machines/", "/manage/people/", "/manage/computers/", "/manage/nodes/", "/manage/requests/", "/manage/questions/",
        "/manage/catalog/",
    ],
    "site": [
        "/manage/servers/", "/manage/failures/", "/manage/notices/", "/manage/audit/", "/manage/plans/", "/manage/announcements/", "/manage/terms/",
    ],
}  # fmt: skip


def page(person: User, path: str) -> str:
    client = Client()
    client.force_login(person)
    reply = client.get(path)
    assert reply.status_code == 200, path
    return str(reply.content.decode())


def links(html: str, css: str) -> list[tuple[str, bool]]:
    """Return (address, whether it is marked as here) of the links of the nav with this class."""
    nav = html.partition(f'<nav class="{css}')[2].partition("</nav>")[0]
    found = re.findall(r"<a href=\"([^\"]+)\"([^>]*)>", nav)
    return [(address, "aria-current" in rest) for address, rest in found]


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_the_navigation_opens_for_whoever_is_shown_it(role: str, request: Any) -> None:
    person = request.getfixturevalue(role)
    for area in (*AREAS, *MENU):
        for entry in area.entries:
            if entry.may(person):
                html = page(person, navigation.reverse(entry.route))
                assert 'aria-current="' in html, entry.route


@pytest.mark.parametrize(
    ("role", "areas"),
    [
        ("student", ["/", "/launch/", "/keys/"]),
        ("teacher", ["/", "/launch/", "/keys/", "/teaching/"]),
        ("donor", ["/", "/launch/", "/keys/", "/donating/"]),
        ("admin", ["/", "/launch/", "/keys/", "/teaching/", "/manage/", "/manage/servers/"]),
    ],
)
def test_each_role_has_its_areas(role: str, areas: list[str], request: Any) -> None:
    html = page(request.getfixturevalue(role), "/keys/")
    assert links(html, "tabs") == [(address, address == "/keys/") for address in areas]
    assert links(html, "area") == []


@pytest.mark.parametrize(
    ("role", "area", "path"),
    [
        ("teacher", "teacher", "/lab-templates/"),
        ("admin", "admin", "/manage/computers/"),
        ("admin", "site", "/manage/audit/"),
    ],
)
def test_an_area_has_a_row_of_its_pages(role: str, area: str, path: str, request: Any) -> None:
    html = page(request.getfixturevalue(role), path)
    assert links(html, "area") == [(address, address == path) for address in ADDRESSES[area]]
    assert sum(here for _address, here in links(html, "tabs")) == 1


def test_a_page_below_another_is_in_its_place(admin: User, student: User) -> None:
    html = page(admin, f"/manage/people/{student.pk}/")
    assert ("/manage/people/", True) in links(html, "area")


def test_a_page_of_no_area_marks_none(student: User) -> None:
    html = page(student, "/account/")
    assert not any(here for _address, here in links(html, "tabs"))
    assert re.search(r'href="/account/"\s+aria-current="page"', html)


def test_what_waits_is_counted_once(admin: User, student: User) -> None:
    for n in range(3):
        lab = make_template(f"lab-{n}")
        QuotaRequest.objects.create(user=student, subject=lab.pk, title={"en": lab.name}, machines=1)
    client = Client()
    client.force_login(admin)
    client.get("/manage/people/")
    with CaptureQueriesContext(connection) as queries:
        html = client.get("/manage/people/").content.decode()
    assert html.count("(3 requests to decide)") == 2  # at the area, and at its page
    assert sum("quotas_quotarequest" in query["sql"] for query in queries) == 1


def test_what_a_phone_has_no_room_for_is_in_the_menu(admin: User) -> None:
    admin.roles = ["admin", "donor"]
    admin.save()
    html = page(admin, "/keys/")
    assert len(links(html, "tabs")) == ON_A_PHONE + 2
    for path in ("/manage/servers/", "/donating/"):
        assert re.search(rf'<li class="phone"><a href="{path}"', html)


def test_the_user_menu_has_name_roles_switches_and_the_only_way_out(teacher: User) -> None:
    User.objects.update(first_name="María", last_name="Paz")
    html = page(teacher, "/account/")
    menu = html.partition('<details class="usermenu">')[2].partition("</details>")[0]
    assert "María Paz" in menu
    assert "Teacher" in menu
    assert ">MP<" in menu
    assert [menu.count(f'action="{path}"') for path in ("/account/language/", "/account/theme/", "/accounts/logout/")] == [
        1, 1, 1,
    ]  # fmt: skip
    assert html.count('action="/accounts/logout/"') == 1


def test_the_signed_out_have_the_switches_and_no_menu(client: Client, db: None) -> None:
    html = client.get("/accounts/login/").content.decode()
    assert ("usermenu" in html, "/account/language/" in html, "/account/theme/" in html) == (False, True, True)


# ---- where a sign-in leads ----


@pytest.mark.parametrize(
    ("roles", "home"),
    [
        (["student"], "/"),
        (["teacher"], "/teaching/"),
        (["student", "teacher"], "/teaching/"),
        (["donor"], "/donating/"),
        (["donor", "student"], "/"),
        (["admin", "teacher", "donor"], "/manage/"),
    ],
)
def test_a_sign_in_leads_home(roles: list[str], home: str, client: Client, db: None) -> None:
    person = User.objects.create_user(username="pat", password="minga", roles=roles)
    assert home_of(person) == home
    reply = client.get("/", follow=True)
    assert reply.redirect_chain == [("/accounts/login/", 302)]
    assert client.post("/accounts/login/", {"login": "pat", "password": "minga"})["Location"] == home
    assert f'class="brand" href="{home}"' in client.get("/keys/").content.decode()


@pytest.mark.parametrize(("role", "home"), [("teacher", "/teaching/"), ("admin", "/manage/"), ("donor", "/donating/")])
def test_who_types_the_site_s_address_comes_home(role: str, home: str, client: Client, db: None) -> None:
    client.force_login(User.objects.create_user(username="pat", roles=[role]))
    assert client.get("/", headers={"Sec-Fetch-Site": "none"})["Location"] == home
    for address, came in (
        ("/", "same-origin"),
        ("/", ""),
        ("/?page=1", "none"),
    ):  # a link, an old browser, a page of a list
        assert client.get(address, headers={"Sec-Fetch-Site": came}).status_code == 200


def test_who_has_machines_finds_them_at_the_site_s_address(client: Client, teacher: User) -> None:
    make_machine(teacher)
    client.force_login(teacher)
    assert client.get("/", headers={"Sec-Fetch-Site": "none"}).status_code == 200


def test_a_student_s_home_is_there(client: Client, student: User) -> None:
    client.force_login(student)
    assert client.get("/", headers={"Sec-Fetch-Site": "none"}).status_code == 200


def test_a_sign_in_for_a_page_leads_to_it(client: Client, teacher: User) -> None:
    reply = client.post("/accounts/login/", {"login": "teacher", "password": "minga", "next": "/keys/"})
    assert reply["Location"] == "/keys/"
