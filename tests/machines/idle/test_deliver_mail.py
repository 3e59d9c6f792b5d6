"""Mails about questions, through real mail servers: taken, refused, silent; and what each does to the deadline."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from machines.idle import asks, deliver, links
from machines.models import Ask
from tests.machines.idle.asked import asked, delivery, told, visited
from tests.machines.idle.postman import HERE, Postman, body, silent_server
from tests.machines.world import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def postman(settings: Any) -> Iterator[Postman]:
    server = Postman()
    _use(settings, server.port)
    yield server
    server.close()


def _use(settings: Any, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = HERE, port, 1
    settings.PORTAL_URL = "https://labs.example.org"


def turn() -> int:
    return deliver.send_mails(timezone.now())


def test_a_mail_is_delivered_when_the_server_took_it(student: User, postman: Postman) -> None:
    ask = asked(visited(student))
    assert turn() == 1
    mail = delivery(ask, "mail")
    assert (mail.state, mail.sent_at is None, mail.next_at) == ("sent", False, None)


def test_its_mail_begins_the_countdown(student: User, postman: Postman) -> None:
    ask = asked(visited(student))
    turn()
    ask.refresh_from_db()
    assert ask.ends_at == delivery(ask, "mail").sent_at + timedelta(minutes=15)  # type: ignore[operator]


def test_a_mail_says_who_what_why_and_when(student: User, postman: Postman, clock: Clock) -> None:
    asked(visited(student, name="condor"))
    turn()
    mail = postman.mails[0]
    assert str(mail["To"]) == "student@example.org"
    assert re.fullmatch(r"“condor” goes to sleep: 10:15 \(UTC\)", str(mail["Subject"]))
    assert "Nothing has happened on it for 45 minutes." in body(mail)


def test_a_mail_never_promises_a_later_time_than_holds(student: User, postman: Postman, clock: Clock) -> None:
    ask = asked(visited(student))
    clock.move(59)
    turn()
    ask.refresh_from_db()
    said = str(postman.mails[0]["Subject"]).split(": ")[1][:5]
    assert ask.ends_at
    assert said == f"{ask.ends_at:%H:%M}"


def test_a_mail_has_a_link_for_each_answer_that_can_be_given(student: User, postman: Postman) -> None:
    ask = asked(visited(student))
    turn()
    found = re.findall(r"https://labs\.example\.org/asks/(\S+)/", body(postman.mails[0]))
    assert [links.read(token) for token in found] == [(ask, c) for c in ("more", "job", "sleep", "done")]


def test_its_html_has_the_same_links(student: User, postman: Postman) -> None:
    asked(visited(student))
    turn()
    linked = re.compile(r"https://labs\.example\.org/asks/[^\s\"]+")
    assert linked.findall(body(postman.mails[0], "html")) == linked.findall(body(postman.mails[0]))


def test_a_name_is_only_a_name_in_html(student: User, postman: Postman) -> None:
    asked(visited(student, name="a<b>&c"))
    turn()
    assert "<b>" not in body(postman.mails[0], "html")
    assert "a<b>&c" in body(postman.mails[0])


@pytest.mark.parametrize("kind", ["archive", "delete"])
def test_a_warning_has_its_own_words_and_answers(student: User, postman: Postman, kind: str) -> None:
    ask = asked(visited(student), kind)
    turn()
    words = {"archive": "will be archived", "delete": "will be deleted"}[kind]
    assert words in str(postman.mails[0]["Subject"])
    found = re.findall(r"/asks/(\S+)/", body(postman.mails[0]))
    assert [links.read(token) for token in found] == [(ask, "keep"), (ask, "done")]


def test_who_reads_spanish_is_written_to_in_spanish(student: User, postman: Postman) -> None:
    User.objects.update(language="es")
    asked(visited(student, name="condor"))
    turn()
    assert "se va a dormir" in str(postman.mails[0]["Subject"])
    assert "Dormir ahora" in body(postman.mails[0])


def test_no_absence_notice_answers_it(student: User, postman: Postman) -> None:
    asked(visited(student))
    turn()
    assert postman.mails[0]["Auto-Submitted"] == "auto-generated"


def test_a_mail_is_sent_once(student: User, postman: Postman) -> None:
    asked(visited(student))
    assert [turn(), turn()] == [1, 0]
    assert len(postman.mails) == 1


def test_all_go_over_one_connection(student: User, postman: Postman) -> None:
    for number in range(4):
        asked(visited(student, name=f"m{number}"))
    assert turn() == 4
    assert postman.connections == 1


def test_who_has_no_address_has_no_way_there(student: User, postman: Postman) -> None:
    User.objects.update(email="")
    ask = asked(visited(student))
    assert turn() == 0
    ask.refresh_from_db()
    assert (delivery(ask, "mail").state, ask.ends_at) == ("none", None)


def test_a_log_is_nobody_who_reads_mail(student: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    ask = asked(visited(student))
    assert turn() == 0
    ask.refresh_from_db()
    assert (delivery(ask, "mail").fault, ask.ends_at) == ("No mail server is set (EMAIL_URL).", None)


def test_an_address_that_nobody_reads_is_given_up(student: User, postman: Postman) -> None:
    postman.to = "550 No such person"
    ask = asked(visited(student))
    turn()
    mail = delivery(ask, "mail")
    assert (mail.state, mail.fault) == ("failed", "550 No such person")
    assert Ask.objects.get().ends_at is None


@pytest.mark.parametrize("words", ["451 Later", "452 Full"])
@pytest.mark.parametrize("where", ["to", "says"])
def test_a_server_that_wants_to_wait_is_asked_again(student: User, postman: Postman, words: str, where: str) -> None:
    setattr(postman, where, words)
    ask = asked(visited(student))
    turn()
    mail = delivery(ask, "mail")
    assert (mail.state, mail.attempts, mail.fault) == ("due", 1, words)
    assert mail.next_at
    assert mail.next_at > timezone.now() + timedelta(seconds=20)


def test_a_mail_refused_whole_is_given_up(student: User, postman: Postman) -> None:
    postman.says = "554 Spam"
    ask = asked(visited(student))
    turn()
    assert delivery(ask, "mail").state == "failed"


def test_one_refused_mail_does_not_stop_the_next(student: User, student2: User, postman: Postman) -> None:
    User.objects.filter(pk=student.pk).update(email="")
    asked(visited(student))
    asked(visited(student2))
    assert turn() == 1


def test_it_is_tried_less_and_less_often(student: User, postman: Postman, clock: Clock) -> None:
    postman.says = "451 Later"
    ask, pauses = asked(visited(student)), []
    for _try in range(9):
        turn()
        pauses.append(round((delivery(ask, "mail").next_at - timezone.now()).total_seconds() / 30))  # type: ignore[operator]
        clock.move(31 * 60)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_mail_that_goes_out_late_moves_the_deadline(student: User, postman: Postman, clock: Clock) -> None:
    postman.says = "451 Later"
    ask = asked(visited(student))
    turn()
    clock.move(3600)
    postman.says = "250 OK"
    turn()
    ask.refresh_from_db()
    assert ask.ends_at
    assert ask.ends_at - ask.asked_at > timedelta(minutes=74)
    assert f"{ask.ends_at:%H:%M}" in str(postman.mails[0]["Subject"])


def test_a_server_that_is_away_delays_all_and_is_asked_once(student: User, settings: Any, postman: Postman) -> None:
    postman.close()
    for number in range(3):
        asked(visited(student, name=f"m{number}"))
    turn()
    assert {d.attempts for d in _mails()} == {1}
    assert {d.state for d in _mails()} == {"due"}


def _mails() -> list[Any]:
    return [delivery(ask, "mail") for ask in Ask.objects.all()]


def test_a_server_that_hangs_costs_one_patience(student: User, settings: Any) -> None:
    for number in range(3):
        asked(visited(student, name=f"m{number}"))
    with silent_server() as port:
        _use(settings, port)
        began = time.monotonic()
        assert turn() == 0
    assert time.monotonic() - began < 3
    assert {(d.state, d.attempts) for d in _mails()} == {("due", 1)}
    assert "timed out" in _mails()[0].fault


def test_while_one_worker_mails_no_other_does(student: User, postman: Postman) -> None:
    asked(visited(student))
    cache.add("machines.idle.deliver.mail", 1, 60)
    assert turn() == 0
    cache.delete("machines.idle.deliver.mail")
    assert turn() == 1


def test_a_question_that_is_over_is_not_mailed(student: User, postman: Postman) -> None:
    ask = asked(visited(student))
    asks.close(ask=ask, outcome=Ask.Outcome.ACTIVE, now=timezone.now())
    assert turn() == 0
    assert postman.mails == []


def test_after_the_page_was_seen_the_mail_names_that_deadline(student: User, postman: Postman, clock: Clock) -> None:
    ask = told(asked(visited(student)), "page")
    clock.move(300)
    turn()
    assert f"{ask.ends_at:%H:%M}" in str(postman.mails[0]["Subject"])
