"""Help: who reads which page, in which language, and what a search finds."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from portal.help.contents import BY_NAME, PAGES, Audience, Page
from portal.help.documents import Section, _code_apart, document
from portal.help.search import _extract, _terms, search

ADMINS_ONLY = [page.name for page in PAGES if page.is_for_admins]
FOR_ALL = [page.name for page in PAGES if not page.is_for_admins]
pytestmark = pytest.mark.django_db


def signed_in(user: Any, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def found(asked: str, language: str) -> list[tuple[str, str]]:
    return [(each.document.page.name, each.section.title) for each in search(asked, language=language, may_read=_all)]


def _all(page: Page) -> bool:
    return True


# ---- who reads what ----


@pytest.mark.parametrize("name", FOR_ALL)
def test_who_has_not_signed_in_reads_all_pages_but_those_for_administrators(name: str) -> None:
    assert Client().get(f"/help/{name}/").status_code == 200


@pytest.mark.parametrize("role", ["student", "teacher", "donor"])
def test_pages_for_administrators_are_for_them_alone(role: str, admin: Any, request: pytest.FixtureRequest) -> None:
    person, boss = signed_in(request.getfixturevalue(role)), signed_in(admin)
    assert {name: person.get(f"/help/{name}/").status_code for name in ADMINS_ONLY} == dict.fromkeys(ADMINS_ONLY, 403)
    assert {name: boss.get(f"/help/{name}/").status_code for name in ADMINS_ONLY} == dict.fromkeys(ADMINS_ONLY, 200)


def test_who_has_not_signed_in_is_led_to_sign_in_and_back() -> None:
    answer = Client().get("/help/people/")
    assert answer["Location"] == "/accounts/login/?next=/help/people/"


def test_the_list_and_the_search_show_nothing_that_one_may_not_read(student: Any, admin: Any) -> None:
    for where in ("/help/", "/help/?q=import+csv"):
        assert "/help/people/" not in signed_in(student).get(where).content.decode()
        assert "/help/people/" in signed_in(admin).get(where).content.decode()


def test_a_page_that_does_not_exist_is_a_404() -> None:
    assert Client().get("/help/nowhere/").status_code == 404


def test_pages_need_no_query_of_the_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert Client().get("/help/?q=ssh").status_code == 200


# ---- languages ----


def test_a_page_is_shown_in_the_reader_s_language(student: Any) -> None:
    text = signed_in(student, "es").get("/help/student/").content.decode()
    assert "Consigue una máquina" in text
    assert "Get a machine" not in text


def test_a_page_without_a_translation_says_so_and_names_its_language(
    admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page("untranslated", Audience.ADMINS, "adr/0103-help-is-rendered-from-docs.md")
    monkeypatch.setitem(BY_NAME, page.name, page)
    text = signed_in(admin, "es").get(f"/help/{page.name}/").content.decode()
    assert "Esta página todavía no está traducida." in text
    assert '<article class="panel prose" lang="en">' in text


def test_anchors_are_the_same_in_both_languages(student: Any) -> None:
    pages = [signed_in(student, language).get("/help/keys/").content.decode() for language in ("en", "es")]
    anchors = [re.findall(r'<h2 id="([^"]+)"><a', page) for page in pages]
    assert anchors[0] == anchors[1]
    assert "minga’s-own-key" not in anchors[0]
    assert "mingas-own-key" in anchors[0]


def test_a_link_to_a_heading_of_a_translation_leads_to_that_heading(student: Any) -> None:
    assert '"/help/student/#when-it-sleeps"' in signed_in(student, "es").get("/help/sleep/").content.decode()


# ---- search ----


@pytest.mark.parametrize(
    "asked",
    [
        "ssh key denied",
        "Permission denied",
        "SSH KEYS DENIED",
        "llave denegada",
        "¿permiso denegado?",
        "ssh llaves denegadas",
    ],
)
@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "ssh says “Permission denied (publickey)”"), ("es", "ssh dice «Permission denied (publickey)»")],
)
def test_a_refused_key_is_found_in_both_languages_by_words_of_either(asked: str, language: str, title: str) -> None:
    assert found(asked, language)[0] == ("keys", title)


@pytest.mark.parametrize(
    ("asked", "name"),
    [("contrasena olvidada", "signing-in"), ("how do I reset my password", "signing-in"), ("machine sleep", "sleep"), ("import a list", "people"),
     ("crear una plantilla", "teacher"), ("backup restore", "backup")],
)  # fmt: skip
def test_a_search_leads_to_the_page(asked: str, name: str) -> None:
    assert name in [page for page, _title in found(asked, "es")[:3]]


@pytest.mark.parametrize("asked", ["xyzzy", "%00", "<script>", "…", "'; drop table", "a" * 5000])
def test_what_is_nowhere_is_said_so_and_breaks_nothing(asked: str) -> None:
    answer = Client().get("/help/", {"q": asked})
    assert answer.status_code == 200
    assert "<script>'" not in answer.content.decode()


def test_an_extract_marks_the_words_and_escapes_the_rest() -> None:
    with translation.override("en"):
        texts = [str(each.extract) for each in search("authorized_keys", language="en", may_read=_all)]
    assert "<mark>authorized_keys</mark>" in texts[0]
    assert not [text for text in texts if re.search(r"<(?!/?(mark|code)>)", text)]


def test_an_extract_shows_code_as_code() -> None:
    first, *_rest = search("authorized_keys", language="en", may_read=_all)
    assert re.search(r"<code>[^<]*<mark>authorized_keys</mark></code>", str(first.extract))


@pytest.mark.parametrize(
    ("asked", "extract"),
    [
        ("type", "Type <code>ssh &lt;name&gt;</code> &amp; wait, then <code>exit</code>."),
        ("exit", "Type <code>ssh &lt;name&gt;</code> &amp; wait, then <code><mark>exit</mark></code>."),
        ("ssh", "Type <code><mark>ssh</mark> &lt;name&gt;</code> &amp; wait, then <code>exit</code>."),
    ],
)
def test_code_in_an_extract_is_escaped(asked: str, extract: str) -> None:
    text, code = _code_apart("Type \x02ssh <name>\x03 & wait,\nthen \x02exit\x03.")
    assert (
        str(_extract(Section("", 2, "", text, code), frozenset({asked}))).replace("<mark>Type</mark>", "Type")
        == extract
    )


def test_an_extract_that_begins_within_code_shows_it_as_code() -> None:
    line = "name " * 60
    text, code = _code_apart(f"Type \x02{line}quinde\x03 and wait.")
    extract = str(_extract(Section("", 2, "", text, code), frozenset({"quind"})))
    assert re.fullmatch(r"… <code>(name )+<mark>quinde</mark></code> and wait\.", extract)


@pytest.mark.parametrize("asked", ["a" * 30_000, "key " * 10_000], ids=["a word", "many words"])
def test_a_long_question_is_not_said_back(asked: str) -> None:
    [field] = re.findall(
        r'name="q" type="search" value="([^"]*)"', Client().get("/help/", {"q": asked}).content.decode()
    )
    assert 100 < len(field) <= 200


def test_searches_of_several_people_at_once_do_not_mix() -> None:
    """A stemmer keeps its word in itself: two threads in one took each other's, and the index kept what came of it for ever."""
    words = "contraseña conectar máquinas llaves suspender rápidamente ordenadores administradores"
    right, usual = _terms(words), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as people:
            found = list(people.map(lambda _n: _terms(words), range(300)))
    finally:
        sys.setswitchinterval(usual)
    assert [terms for terms in found if terms != right] == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_column_has_a_head_without_a_name(language: str) -> None:
    shown = {page.name: str(document(page, language).html) for page in PAGES}
    assert any("<td></td>" in html or "<th>" in html for html in shown.values())
    assert [name for name, html in shown.items() if "<th></th>" in html] == []
