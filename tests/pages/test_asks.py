"""Questions on pages: the banner of the owner, links that need no login, and the list of teachers."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from machines.idle import links, questions
from machines.models import Answer, Hold, Machine, Question
from tests.machines.idle.asked import asked, notice, taught_by, told, visited

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(student: User) -> Question:
    """A question about a machine that runs; nobody was told yet."""
    return asked(visited(student, name="condor"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def link(ask: Question, choice: str) -> str:
    return f"/asks/{links.token(ask, choice)}/"


def rows() -> tuple[int, int, str]:
    return Answer.objects.count(), Hold.objects.count(), Machine.objects.get().wanted


# ---- links ----


@pytest.mark.parametrize("choice", ["more", "4h", "tonight", "job", "sleep", "done"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_a_link_does_nothing(ask: Question, choice: str, method: str) -> None:
    before = rows()
    assert getattr(Client(), method)(link(ask, choice)).status_code == 200
    assert rows() == before
    assert Question.objects.open().exists()


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_only_its_button_acts(ask: Question, method: str) -> None:
    before = rows()
    assert getattr(Client(), method)(link(ask, "sleep")).status_code == 405
    assert rows() == before


def test_the_button_of_a_link_acts_without_a_cookie(ask: Question) -> None:
    page = Client(enforce_csrf_checks=True).post(link(ask, "more"), headers={"Origin": "null"})
    assert page.status_code == 200
    assert "stays on until" in page.content.decode()
    assert Answer.objects.get().by is None


def test_a_page_of_a_link_has_one_button_and_no_token_for_others(ask: Question) -> None:
    page = Client().get(link(ask, "sleep"))
    assert page.content.decode().count("<button") == 1
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]


def test_a_link_works_once_and_then_says_what_was_answered(ask: Question) -> None:
    Client().post(link(ask, "more"))
    for method in ("get", "post"):
        page = getattr(Client(), method)(link(ask, "more"))
        assert page.status_code == 409
        assert "answered “a little longer” already" in page.content.decode()
    assert Hold.objects.count() == 1


def test_a_link_after_the_end_says_what_became_of_it_and_leads_to_the_machine(ask: Question) -> None:
    told(ask)
    questions.close(question=ask, outcome=Question.Outcome.SILENCE, now=timezone.now())
    page = Client().post(link(ask, "more")).content.decode()
    assert "put to sleep" in page
    assert f'href="/machines/{ask.machine_id}/"' in page


def test_a_link_an_hour_after_its_time_is_too_late(ask: Question) -> None:
    told(ask)
    Question.objects.update(ends_at=timezone.now() - timedelta(minutes=61))
    assert "The time for an answer ended" in Client().post(link(ask, "more")).content.decode()
    assert not Answer.objects.exists()


def test_a_forged_link_is_not_found(ask: Question) -> None:
    for change in (link(ask, "more").replace("more", "done"), f"/asks/{ask.pk}-more/", "/asks/x/"):
        assert Client().post(change).status_code == 404
    assert not Answer.objects.exists()


def test_a_long_job_by_a_link_asks_for_the_hour(ask: Question, settings: Any) -> None:
    page = Client().get(link(ask, "job")).content.decode()
    assert 'type="time"' in page
    assert f"in the time of {settings.TIME_ZONE}" not in page


def test_a_long_job_by_a_link_is_held(ask: Question) -> None:
    until = timezone.localtime(timezone.now() + timedelta(hours=3))
    assert Client().post(link(ask, "job"), {"until": f"{until:%H:%M}"}).status_code == 200
    assert Hold.objects.get().ends_at == until.replace(second=0, microsecond=0)


@pytest.mark.parametrize("until", ["", "soon", "25:00"])
def test_an_hour_that_is_none_is_asked_for_again(ask: Question, until: str) -> None:
    page = Client().post(link(ask, "job"), {"until": until})
    assert page.status_code == 409
    assert "Say until when" in page.content.decode()
    assert not Hold.objects.exists()


def test_a_link_speaks_its_owners_language(ask: Question) -> None:
    User.objects.update(language="es")
    page = Client().get(link(ask, "sleep"), headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="es"' in page
    assert "Dormirla ahora" in page


# ---- the banner ----


def test_the_banner_is_on_every_page_of_the_owner(ask: Question, student: User) -> None:
    client = signed_in(student)
    for path in ("/", "/launch/", "/keys/", "/account/", f"/machines/{ask.machine_id}/", "/nowhere/"):
        page = client.get(path).content.decode()
        assert page.count(f'id="ask-{ask.pk}"') == 1, path
        assert "Still using condor?" in page


def test_of_several_questions_the_banner_unfolds_the_oldest(ask: Question, student: User) -> None:
    others = [asked(visited(student, name=name)) for name in ("puma", "suri")]
    page = signed_in(student).get("/keys/").content.decode()
    fold = page.index('<details class="more-asked">')
    assert page.index(f'id="ask-{ask.pk}"') < fold < page.index(f'id="ask-{others[0].pk}"')
    summary = " ".join(page[fold : page.index("</summary>", fold)].split())
    assert "Questions about 2 more machines" in summary
    assert "puma, suri" in summary
    assert page.count('<details class="more-asked">') == page.count('id="more-asked"') == 1


@pytest.mark.parametrize("who", ["student2", "teacher", "admin"])
def test_nobody_else_has_the_banner(ask: Question, who: str, request: pytest.FixtureRequest) -> None:
    assert f"ask-{ask.pk}" not in signed_in(request.getfixturevalue(who)).get("/").content.decode()


def test_a_page_with_the_banner_begins_the_countdown(ask: Question, student: User) -> None:
    signed_in(student).get("/")
    ask.refresh_from_db()
    assert notice(ask, "page").state == "delivered"
    assert ask.ends_at


def test_a_later_page_writes_nothing_more(ask: Question, student: User) -> None:
    client = signed_in(student)
    client.get("/")
    seen = notice(ask, "page").delivered_at
    client.get("/")
    assert notice(ask, "page").delivered_at == seen


@pytest.mark.parametrize(
    "headers", [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}]
)
def test_a_page_that_a_browser_fetches_ahead_tells_nobody(
    ask: Question, student: User, headers: dict[str, str]
) -> None:
    signed_in(student).get("/", headers=headers)
    assert notice(ask, "page").state == "due"


def test_a_head_tells_nobody(ask: Question, student: User) -> None:
    signed_in(student).head("/keys/")
    assert notice(ask, "page").state == "due"


@pytest.mark.parametrize(("part", "place"), [("card", '<li class="card tone-on"'), ("live", '<div id="questions"')])
def test_a_part_that_asks_for_itself_brings_the_question_and_tells_nobody(
    ask: Question, student: User, part: str, place: str
) -> None:
    headers = {"HX-Request": "true", "Referer": "http://testserver/machines/?page=2"}
    answer = signed_in(student).get(f"/machines/{ask.machine_id}/{part}/", headers=headers).content.decode()
    assert f'id="ask-{ask.pk}"' in answer[answer.index(place) :]
    assert 'name="next" value="/machines/?page=2"' in answer  # where the person is
    assert notice(ask, "page").state == "due"


def test_the_page_of_somebody_else_tells_nobody(ask: Question, admin: User) -> None:
    signed_in(admin).get(f"/machines/{ask.machine_id}/")
    assert notice(ask, "page").state == "due"


def test_the_banner_is_one_query_and_with_questions_two(
    ask: Question, student: User, django_assert_num_queries: Any
) -> None:
    client = signed_in(student)
    client.get("/keys/")
    # The session, the person, their keys, the machines that have them, those that run, whether there are questions, the questions.
    with django_assert_num_queries(7):
        client.get("/keys/")
    questions.close(question=ask, outcome=Question.Outcome.OVER, now=timezone.now())
    with django_assert_num_queries(6):
        client.get("/keys/")


def test_one_tap_in_the_banner_answers_and_comes_back(ask: Question, student: User) -> None:
    page = signed_in(student).post(f"/asks/{ask.pk}/more/", {"next": "/keys/"}, follow=True)
    assert page.redirect_chain == [("/keys/", 302)]
    assert "stays on until" in page.content.decode()
    assert f'id="ask-{ask.pk}"' not in page.content.decode()
    assert Answer.objects.get().by == student


def test_the_way_back_leads_nowhere_else(ask: Question, student: User) -> None:
    page = signed_in(student).post(f"/asks/{ask.pk}/more/", {"next": "https://evil.example.org/"})
    assert page["Location"] == f"/machines/{ask.machine_id}/"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["student2", "teacher"])
def test_a_stranger_finds_no_question(ask: Question, who: str, method: str, request: pytest.FixtureRequest) -> None:
    client = signed_in(request.getfixturevalue(who))
    assert getattr(client, method)(f"/asks/{ask.pk}/sleep/").status_code == 404
    assert not Answer.objects.exists()


def test_the_signed_out_are_sent_to_sign_in(ask: Question) -> None:
    assert Client().post(f"/asks/{ask.pk}/sleep/").status_code == 303
    assert not Answer.objects.exists()


# ---- teachers ----


def test_a_teacher_sees_how_it_was_told_and_what_was_answered(ask: Question, student: User, teacher: User) -> None:
    taught_by(ask.machine, teacher)
    told(ask, "mail")
    Client().post(link(ask, "more"))
    page = signed_in(teacher).get("/manage/questions/").content.decode()
    for words in ("condor", "student", "By mail", "Delivered", "A little longer", "by the link in the mail"):
        assert words in page


def test_a_teacher_does_not_see_other_courses(ask: Question, student2: User, teacher: User) -> None:
    taught_by(ask.machine, student2)
    assert "condor" not in signed_in(teacher).get("/manage/questions/").content.decode()


def test_students_have_no_such_list(ask: Question, student: User) -> None:
    assert signed_in(student).get("/manage/questions/").status_code == 403


def test_the_list_is_as_many_queries_for_many(student: User, admin: User, django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        asked(visited(student, name=f"m{number}"))
    client = signed_in(admin)
    client.get("/manage/questions/")  # the first request also notes the address
    with django_assert_max_num_queries(7):
        assert client.get("/manage/questions/").content.decode().count("<h2>") == 5


def test_a_teacher_keeps_a_students_machine_awake(ask: Question, teacher: User) -> None:
    taught_by(ask.machine, teacher)
    page = signed_in(teacher).post(f"/machines/{ask.machine_id}/give/", {"until": "23:59"}, follow=True)
    assert "stays on until" in page.content.decode()
    assert Hold.objects.get().kind == "given"


def test_a_reason_is_one_line_of_what_can_be_kept(ask: Question, teacher: User) -> None:
    taught_by(ask.machine, teacher)
    signed_in(teacher).post(f"/machines/{ask.machine_id}/give/", {"until": "23:59", "reason": "a\0b\nc" + "x" * 300})
    assert Hold.objects.get().reason == "abc" + "x" * 197


def test_its_owner_cannot_give_it_time_like_that(ask: Question, student: User) -> None:
    signed_in(student).post(f"/machines/{ask.machine_id}/give/", {"until": "23:59"})
    assert not Hold.objects.exists()


def test_the_machines_page_shows_what_was_asked(ask: Question, student: User) -> None:
    page = signed_in(student).get(f"/machines/{ask.machine_id}/history/").content.decode()
    assert "Questions about it" in page
    assert "Nobody has used it for 45 minutes." in page
