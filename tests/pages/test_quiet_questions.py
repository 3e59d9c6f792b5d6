"""Questions keep to their place: one line on pages of reference, a warning where something is lost, no contradiction on their own page."""

import re

import pytest
from django.test import Client

from accounts.models import User
from machines.idle import links
from machines.models import Machine, Question
from tests.machines.idle.asked import asked, notice, visited

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(student: User) -> Question:
    return asked(visited(student, name="caiman"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(reply: object) -> str:
    return " ".join(reply.content.decode().split())  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/account/", "/help/", "/help/student/", "/api/docs/", "/accounts/2fa/"])
def test_a_page_of_reference_has_one_line_and_no_answers(ask: Question, student: User, path: str) -> None:
    asked(visited(student, name="puma"))
    page = text(signed_in(student).get(path))
    assert page.count("Still using caiman?") == 1
    assert "1 more question" in page
    assert "Still using puma?" not in page
    assert not re.search(r'id="say-\d', page)


def test_what_it_does_not_show_was_not_delivered(ask: Question, student: User) -> None:
    other = asked(visited(student, name="puma"))
    client = signed_in(student)
    client.get("/help/")
    assert (notice(ask, "page").state, notice(other, "page").state) == ("delivered", "due")
    client.get("/keys/")
    assert notice(other, "page").state == "delivered"


@pytest.mark.parametrize("path", ["/keys/", "/help/"])
def test_a_loss_is_a_warning_and_stands_behind_its_date(student: User, path: str) -> None:
    machine = visited(student, name="caiman")
    Machine.objects.update(state="archived", wanted="archived")
    row = asked(machine, "delete")
    page = text(signed_in(student).get(path))
    note = page[page.index(f'id="ask-{row.pk}"') - 100 :]
    assert re.search(
        r"Its archive will be deleted on \d+ \w+ \d{4}, \d\d:\d\d\.</span> Everything in it will be lost\.", note
    )
    assert "tone-busy" in note[:100]


def test_a_card_with_a_question_has_no_second_filled_button(student: User) -> None:
    machine = visited(student, name="caiman")
    Machine.objects.update(state="suspended", wanted="suspended")
    client, card = signed_in(student), f"/machines/{machine.pk}/card/"
    assert re.search(r'<button class="main" id="act-', text(client.get(card)))
    asked(machine, "archive")
    assert re.search(r'<button id="act-', text(client.get(card)))


def test_its_page_says_what_follows_without_and_with_the_press(ask: Question, student: User) -> None:
    page = text(signed_in(student).get(f"/asks/{ask.pk}/more/"))
    without, pressed = page.index("Without an answer"), page.index("If you press “Yes, 2 h more”")
    assert without < page.index("It goes to sleep at") < pressed < page.index("It stays on until")


def test_only_who_answers_signed_in_has_the_whole_header(ask: Question, student: User) -> None:
    client = signed_in(student)
    assert 'id="user-menu"' in text(client.get(f"/asks/{ask.pk}/more/"))
    assert 'id="user-menu"' not in text(client.get(f"/asks/{links.token(ask, 'more')}/"))
    assert 'class="usermenu" href="/account/"' in text(client.get(f"/asks/{links.token(ask, 'more')}/"))
    client.post(f"/asks/{ask.pk}/sleep/")
    assert 'id="user-menu"' in text(client.get(f"/asks/{ask.pk}/more/"))
