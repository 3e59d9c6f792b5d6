"""The terms come first, and nothing goes on before they are accepted: pages, API, live connections and downloads."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Terms, TermsAcceptance, User
from accounts.terms import versions
from portal.live import rights
from portal.live.entry import Entry
from tests.api.program import Program
from tests.factories import make_machine


@pytest.fixture
def terms(admin: User) -> Terms:
    return versions.publish(text_en="Be kind.\n\nShare.", text_es="Sé amable.", seen=0, by=admin)


@pytest.fixture
def me(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def test_without_terms_nobody_is_stopped(me: Client) -> None:
    assert me.get("/keys/").status_code == 200


def test_every_page_leads_to_the_terms_and_back(me: Client, terms: Terms) -> None:
    answer = me.get("/keys/?a=1")
    assert (answer.status_code, answer["Location"]) == (303, "/terms/?next=%2Fkeys%2F%3Fa%3D1")
    page = me.get(answer["Location"]).content.decode()
    assert "<p>Be kind.</p>" in page
    assert 'value="/keys/?a=1"' in page
    answer = me.post("/terms/", {"number": terms.number, "next": "/keys/?a=1"})
    assert answer["Location"] == "/keys/?a=1"
    assert me.get("/keys/").status_code == 200


def test_the_text_is_in_the_readers_language(me: Client, terms: Terms) -> None:
    assert "Sé amable." in me.get("/terms/", headers={"Accept-Language": "es"}).content.decode()


def test_a_text_is_text(me: Client, admin: User) -> None:
    versions.publish(text_en="<script>x</script>", text_es="<b>x</b>", seen=0, by=admin)
    assert b"<script>x" not in me.get("/terms/").content


@pytest.mark.parametrize("wish", ["https://elsewhere.example/", "//elsewhere.example", "javascript:x"])
def test_it_leads_nowhere_else(me: Client, terms: Terms, wish: str) -> None:
    assert wish not in me.get("/terms/", {"next": wish}).content.decode()
    assert me.post("/terms/", {"number": terms.number, "next": wish})["Location"] == "/"


def test_a_form_and_a_part_of_a_page_lead_to_the_page_that_has_them(me: Client, terms: Terms, student: User) -> None:
    machine = make_machine(student)
    page = f"http://testserver/machines/{machine.pk}/"
    posted = me.post(f"/machines/{machine.pk}/suspend/", headers={"Referer": page})
    assert (posted.status_code, posted["Location"]) == (303, f"/terms/?next=%2Fmachines%2F{machine.pk}%2F")
    part = me.get(f"/machines/{machine.pk}/live/", headers={"HX-Request": "true", "HX-Current-URL": page})
    assert (part.status_code, part["HX-Redirect"]) == (204, f"/terms/?next=%2Fmachines%2F{machine.pk}%2F")
    machine.refresh_from_db()
    assert machine.wanted == "running"


@pytest.mark.parametrize("address", ["/account/language/", "/account/theme/", "/accounts/logout/"])
def test_language_theme_and_the_way_out_stay_open(me: Client, terms: Terms, address: str) -> None:
    answer = me.post(address, {"language": "es", "theme": "dark"})
    assert "/terms/" not in answer.get("Location", "")


def test_signing_in_leads_to_the_terms_with_the_first_page(client: Client, terms: Terms, student: User) -> None:
    client.post("/accounts/login/?next=/keys/", {"login": "student", "password": "minga"})
    assert client.get("/keys/")["Location"].startswith("/terms/")


def test_an_old_version_is_not_accepted(me: Client, terms: Terms, admin: User, student: User) -> None:
    versions.publish(text_en="Be kinder.", text_es="Sé más amable.", seen=1, by=admin)
    answer = me.post("/terms/", {"number": 1})
    assert answer.status_code == 409
    assert "Be kinder." in answer.content.decode()
    assert not TermsAcceptance.objects.exists()


@pytest.mark.parametrize("number", ["", "x", "9" * 30, "-1", "²"])
def test_a_number_that_is_none(me: Client, terms: Terms, number: str) -> None:
    assert me.post("/terms/", {"number": number}).status_code == 409


def test_nobody_stays_at_terms_that_were_withdrawn_meanwhile(me: Client, terms: Terms, admin: User) -> None:
    there = me.get("/keys/")["Location"]
    versions.publish(text_en="", text_es="", seen=1, by=admin)
    assert (me.get(there).status_code, me.get(there)["Location"]) == (302, "/keys/")
    pressed = me.post(there, {"number": 1, "next": "/keys/"})
    assert (pressed.status_code, pressed["Location"]) == (302, "/keys/")
    assert "asks you to accept nothing" in me.get("/terms/").content.decode()


def test_nobody_stays_at_terms_accepted_in_another_tab(me: Client, terms: Terms, student: User) -> None:
    there = me.get("/keys/")["Location"]
    versions.accept(person=student, number=1)
    assert me.get(there)["Location"] == "/keys/"
    assert "You accepted it on" in me.get("/terms/").content.decode()


def test_an_administrator_is_not_locked_out_of_the_text(client: Client, terms: Terms, admin: User) -> None:
    client.force_login(admin)
    assert client.get("/manage/terms/").status_code == 200
    client.post("/manage/terms/", {"text_en": "", "text_es": "", "seen": 1})
    assert client.get("/keys/").status_code == 200


def test_who_owes_the_text_can_write_another_undisturbed(client: Client, terms: Terms, admin: User) -> None:
    """A stream would be refused, and a page whose stream is refused is left for the terms."""
    client.force_login(admin)
    assert "js/events.js" not in client.get("/manage/terms/").content.decode()
    client.post("/terms/", {"number": 1})
    assert "js/events.js" in client.get("/manage/terms/").content.decode()


def test_a_text_in_one_language_is_refused_at_its_field(client: Client, admin: User) -> None:
    client.force_login(admin)
    answer = client.post("/manage/terms/", {"text_en": "Be kind.", "text_es": "", "seen": 0})
    assert answer.status_code == 400
    assert 'id="id_text_es_error"' in answer.content.decode()


def test_of_two_writers_the_second_reads_the_first(client: Client, terms: Terms, admin: User) -> None:
    client.force_login(admin)
    sent = {"text_en": "Mine.", "text_es": "Mío."}
    answer = client.post("/manage/terms/", {**sent, "seen": 0})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Be kind." in page
    assert "Mine." in page
    assert 'name="seen" value="1"' in page
    assert client.post("/manage/terms/", {**sent, "seen": 1}).status_code == 302


@pytest.mark.parametrize("seen", ["", "x", str(2**31), "-1"])
def test_a_form_without_its_number_breaks_nothing(client: Client, admin: User, seen: str) -> None:
    client.force_login(admin)
    answer = client.post("/manage/terms/", {"text_en": "a", "text_es": "b", "seen": seen})
    assert answer.status_code == 400
    assert "Reload" in answer.content.decode()


# ---- the API, live connections, downloads ----


@pytest.mark.parametrize("path", ["me/", "machines/", "keys/", "audit/", "nothing-but/"])
def test_the_api_says_where_to_accept_them(student: User, terms: Terms, path: str) -> None:
    program = Program(student)
    answer = program.ask("GET", path)
    if path == "nothing-but/":
        assert answer.status_code == 404
        return
    assert (answer.status_code, answer.json()["code"]) == (403, "terms_not_accepted")
    assert "/terms/" in answer.json()["detail"]
    versions.accept(person=student, number=1)
    assert program.ask("GET", path).status_code == 200


def test_no_call_of_the_api_changes_anything(student: User, terms: Terms) -> None:
    machine = make_machine(student)
    assert Program(student).ask("POST", f"machines/{machine.pk}/suspend/").status_code == 403


def test_a_token_is_ended_all_the_same(student: User, terms: Terms) -> None:
    program = Program(student)
    assert program.ask("DELETE", "auth/token/").status_code == 204
    assert program.ask("GET", "me/").status_code == 401


def test_no_disk_is_downloaded(me: Client, student: User, terms: Terms) -> None:
    machine = make_machine(student)
    assert me.get(f"/machines/{machine.pk}/disk/").status_code == 303
    assert Program(student).ask("GET", f"machines/{machine.pk}/disk/").status_code == 403


def test_an_open_connection_ends_with_the_publishing(student: User, admin: User, me: Client) -> None:
    entry = Entry(student, "session", str(me.session.session_key), student.get_session_auth_hash())
    assert rights.still([entry])
    terms = versions.publish(text_en="Be kind.", text_es="Sé amable.", seen=0, by=admin)
    assert not rights.still([entry])
    versions.accept(person=student, number=terms.number)
    assert rights.still([entry])


def test_the_gate_costs_no_query(me: Client, student: User, terms: Terms, django_assert_num_queries: Any) -> None:
    me.get("/keys/")  # notes from where they come
    with django_assert_num_queries(2):  # the session, and the person with it
        me.get("/keys/")
