"""Launch, keys, account, templates and catalog, errors."""

import re
from typing import Any

import pytest
from django.test import Client
from knox.models import AuthToken

from accounts.models import User
from catalog.models import Flavor, Image
from courses.models import Template
from machines.models import Machine
from tests.factories import grant, make_gateway, make_template

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEq1HkZ2H0kqJ5uCjD9mWnYF9Jv0n3oFfQ8c1k2m3n4o me@home"
ROWS = {
    "services-TOTAL_FORMS": "1",
    "services-INITIAL_FORMS": "0",
    "services-0-name": "ssh",
    "services-0-port": "22",
    "services-0-scheme": "ssh",
}


def as_(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def offered(student: User) -> Template:
    make_gateway()
    grant(student)
    return make_template()


def test_a_card_launches(client: Client, student: User, offered: Template) -> None:
    answer = as_(client, student).post("/launch/", {"template": "lab", "name": "condor"})
    assert answer["Location"] == f"/machines/{Machine.objects.get(name='condor').pk}/"


def test_a_card_says_why_it_does_not_fit(client: Client, student: User) -> None:
    make_template()
    assert b"You have 0 of your 0 machines." in as_(client, student).get("/launch/").content


def test_all_cards_over_the_quota_share_one_sentence(client: Client, student: User) -> None:
    """A way out for each, and a button that is switched off for a reason that a screen reader says with it."""
    for number in range(3):
        make_template(slug=f"lab-{number}")
    page = as_(client, student).get("/launch/").content.decode()
    assert (page.count("You have 0 of your 0 machines."), page.count("/requests/new/?template=lab-")) == (1, 3)
    assert len(re.findall(r'disabled aria-describedby="t-(\S+) why-\1"', page)) == 3


def test_a_refused_launch_says_the_quota_once(client: Client, student: User) -> None:
    make_gateway()
    make_template()
    reply = as_(client, student).post("/launch/", {"template": "lab", "name": "condor"})
    page = reply.content.decode()
    assert (reply.status_code, page.count("of your 0 machines"), page.count('role="alert"')) == (409, 1, 1)


def test_without_a_key_the_launch_page_warns(client: Client, student: User, offered: Template) -> None:
    assert b"You have no SSH key yet." in as_(client, student).get("/launch/").content


@pytest.mark.parametrize(
    "form", [{"template": "none"}, {}, {"template": "lab", "name": "a\nb"}, {"template": "lab", "name": "x" * 10_000}]
)
def test_a_bad_launch_is_a_400_with_a_sentence(
    client: Client, student: User, offered: Template, form: dict[str, str]
) -> None:
    answer = as_(client, student).post("/launch/", form)
    assert answer.status_code == 400
    assert b'role="alert"' in answer.content


def test_over_quota_is_a_409_with_numbers(client: Client, student: User) -> None:
    make_template()
    answer = as_(client, student).post("/launch/", {"template": "lab", "name": "condor"})
    assert answer.status_code == 409
    assert b"of your 0 machines" in answer.content


def test_a_key_is_made_and_its_private_half_never_kept(client: Client, student: User) -> None:
    answer = as_(client, student).post("/keys/make/")
    assert b"BEGIN OPENSSH PRIVATE KEY" in answer.content
    assert "no-store" in answer["Cache-Control"]
    assert student.ssh_keys.count() == 1


@pytest.mark.parametrize("key", ["", "hello", "ssh-ed25519 AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----", "x" * 50_000])
def test_a_bad_key_is_a_400_with_a_sentence(client: Client, student: User, key: str) -> None:
    answer = as_(client, student).post("/keys/", {"public_key": key})
    assert answer.status_code == 400
    assert b'role="alert"' in answer.content


def test_a_strangers_key_cannot_be_removed(client: Client, student: User, student2: User) -> None:
    as_(client, student).post("/keys/make/")
    key = student.ssh_keys.get()
    assert as_(client, student2).post(f"/keys/{key.pk}/remove/").status_code == 404


def test_a_key_is_removed(client: Client, student: User) -> None:
    as_(client, student).post("/keys/make/")
    client.post(f"/keys/{student.ssh_keys.get().pk}/remove/")
    assert not student.ssh_keys.exists()


def test_the_account_page_names_all_roles_of_a_person(client: Client, student: User) -> None:
    User.objects.filter(pk=student.pk).update(roles=["teacher", "student"])
    assert f"{student.username}&nbsp;· Student, Teacher" in as_(client, student).get("/account/").content.decode()


def test_the_account_page_ends_with_the_tokens(client: Client, student: User) -> None:
    page = as_(client, student).get("/account/").content.decode()
    parts = re.findall(r'<h2 id="([^"]+)"', page)
    assert parts == ["signing-in", "language", "time-zone", "look", "rules", "tokens"]
    assert 'action="/account/tokens/#tokens"' in page


def test_a_token_is_shown_once_and_works(client: Client, student: User) -> None:
    page = as_(client, student).post("/account/tokens/").content.decode()
    token = page.split('<code id="token" tabindex="0">')[1].split("<")[0]
    assert AuthToken.objects.get(user=student).token_key == token[:15]
    assert token not in client.get("/account/").content.decode()


def test_a_strangers_token_cannot_be_revoked(client: Client, student: User, student2: User) -> None:
    token, _secret = AuthToken.objects.create(user=student)
    assert as_(client, student2).post(f"/account/tokens/{token.token_key}/revoke/").status_code == 404


def test_the_language_is_kept_with_the_account(client: Client, student: User) -> None:
    as_(client, student).post("/account/language/", {"language": "es", "next": "/"})
    student.refresh_from_db()
    assert student.language == "es"
    assert b'<html lang="es"' in client.get("/").content


def test_the_language_can_be_switched_signed_out(client: Client, db: None) -> None:
    client.post("/account/language/", {"language": "es", "next": "/accounts/login/"})
    assert b'<html lang="es"' in client.get("/accounts/login/").content


def test_a_switch_leads_nowhere_else(client: Client, db: None) -> None:
    assert client.post("/account/theme/", {"theme": "dark", "next": "https://evil.example/"})["Location"] == "/"


def test_the_theme_is_kept_in_a_cookie(client: Client, db: None) -> None:
    client.post("/account/theme/", {"theme": "dark"})
    assert b'data-theme="dark"' in client.get("/accounts/login/").content


@pytest.mark.parametrize(
    "path",
    ["/lab-templates/", "/lab-templates/new/", "/lab-templates/lab/", "/manage/catalog/", "/manage/catalog/images/1/"],
)
@pytest.mark.parametrize("who", ["student", "donor"])
def test_templates_and_catalog_are_for_teachers(
    client: Client, request: pytest.FixtureRequest, path: str, who: str
) -> None:
    assert as_(client, request.getfixturevalue(who)).get(path).status_code == 403


def test_a_teacher_makes_edits_and_retires_a_template(client: Client, teacher: User) -> None:
    make_template()
    parts = {
        "image": Image.objects.get().pk,
        "flavor": Flavor.objects.get().pk,
        "icon": "web",
        "position": "5",
        "published": "on",
        **ROWS,
    }
    as_(client, teacher).post("/lab-templates/new/", {"name": "Web lab", "summary": "Pages.", **parts})
    client.post("/lab-templates/web-lab/", {"name": "Web two", "summary": "Pages.", **parts})
    assert client.post("/lab-templates/web-lab/retire/").status_code == 302
    made = Template.objects.get(slug="web-lab")
    assert (made.name, made.published, len(made.services)) == ("Web two", False, 1)


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"services-0-port": "70000"}, {"services-0-port": "x"}, {"login": "Root!"}, {"image": "999"}],
)
def test_a_bad_template_is_a_400_with_a_sentence(client: Client, teacher: User, wrong: dict[str, str]) -> None:
    make_template()
    good = {
        "name": "A",
        "summary": "B",
        "image": Image.objects.get().pk,
        "flavor": Flavor.objects.get().pk,
        "icon": "web",
        "position": "5",
        **ROWS,
    }
    answer = as_(client, teacher).post("/lab-templates/new/", {**good, **wrong})
    assert answer.status_code == 400
    assert b'role="alert"' in answer.content


def edited(client: Client, by: User, **typed: str) -> Any:
    """The factory's template saved from its page, with what was typed beside its own values."""
    template = Template.objects.get(slug="lab")
    own = {
        "name": template.name, "summary": template.summary, "image": template.image_id, "flavor": template.flavor_id, "icon": "web",
        "position": "5", "published": "on",
    }  # fmt: skip
    return as_(client, by).post("/lab-templates/lab/", {**own, **ROWS, **typed})


def test_the_idle_rules_of_a_template_are_typed_on_its_page_and_taken_away_there(client: Client, teacher: User) -> None:
    template = make_template(idle={"port_bytes_per_minute": 500}, created_by=teacher)
    assert edited(client, teacher, **{"idle-idle_minutes": "90", "idle-may_hold": "no"}).status_code == 302
    template.refresh_from_db()
    assert template.idle == {"port_bytes_per_minute": 500, "idle_minutes": 90, "may_hold": False}
    page = client.get("/lab-templates/lab/").content.decode()
    assert 'name="idle-idle_minutes" value="90"' in page
    assert "Usual value: 45." in page  # what it would be
    edited(client, teacher)
    template.refresh_from_db()
    assert template.idle == {"port_bytes_per_minute": 500}


@pytest.mark.parametrize("minutes", ["5", "1e9", "x", "nan"])
def test_a_wrong_idle_rule_is_a_400_with_a_sentence_and_nothing_is_lost(
    client: Client, teacher: User, minutes: str
) -> None:
    make_template(created_by=teacher)
    answer = edited(client, teacher, **{"idle-idle_minutes": minutes, "idle-ask_minutes": "20", "name": "New"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "<details open>" in page
    assert 'id="id_idle-idle_minutes_error" role="alert"' in page
    assert 'name="idle-ask_minutes" value="20"' in page
    assert Template.objects.get(slug="lab").name != "New"


def test_only_an_admin_edits_the_catalog(client: Client, teacher: User, admin: User) -> None:
    make_template()
    path = f"/manage/catalog/images/{Image.objects.get().pk}/"
    assert as_(client, teacher).post(path, {"name": "X"}).status_code == 403
    assert as_(client, admin).post(path, {"name": "Debian"}).status_code == 302
    assert Image.objects.get().name == "Debian"


@pytest.mark.parametrize("who", ["student", "teacher", "donor", "admin"])
@pytest.mark.parametrize(
    "path", ["/", "/launch/", "/keys/", "/account/", "/accounts/password/change/", "/accounts/logout/"]
)
def test_everybody_has_these_pages(client: Client, request: pytest.FixtureRequest, path: str, who: str) -> None:
    assert as_(client, request.getfixturevalue(who)).get(path).status_code == 200


def test_signing_in_leads_to_my_machines(client: Client, student: User) -> None:
    answer = client.post("/accounts/login/", {"login": "student", "password": "minga"})
    assert answer["Location"] == "/"


def test_a_wrong_password_is_a_sentence(client: Client, student: User) -> None:
    assert b'role="alert"' in client.post("/accounts/login/", {"login": "student", "password": "no"}).content


def test_nobody_signs_up(client: Client, db: None) -> None:
    assert b"No sign-up here" in client.get("/accounts/signup/").content


def test_an_address_that_does_not_exist_has_a_page(client: Client, student: User) -> None:
    answer = as_(client, student).get("/nowhere/")
    assert answer.status_code == 404
    assert b"Nothing here" in answer.content


def test_nothing_inline_may_run(client: Client, db: None) -> None:
    policy = client.get("/accounts/login/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("wish", ["machines", "no-view", "a\0b", "//evil.example", "https://evil.example/"])
@pytest.mark.parametrize("address", ["/account/theme/", "/keys/"])
def test_a_form_leads_to_paths_of_this_site_only(client: Client, student: User, address: str, wish: str) -> None:
    reply = as_(client, student).post(address, {"theme": "dark", "public_key": KEY, "next": wish})
    assert (reply.status_code, reply.headers["Location"]) == (302, "/keys/" if address == "/keys/" else "/")
