"""Mails about questions, by the outbox and a real mail server: what they say, and what each does to the deadline."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Notice, User
from accounts.notices import mail, outbox
from accounts.notices.kinds import KINDS
from machines import tasks
from machines.idle import links, questions
from machines.models import Question
from tests.accounts.postman import Postman, body, use
from tests.machines.idle.asked import asked, notice, told, visited
from tests.machines.world import Clock
from tests.waiting import until

pytestmark = pytest.mark.django_db


@pytest.fixture
def postman(settings: Any) -> Iterator[Postman]:
    server = Postman()
    use(settings, server.port)
    yield server
    server.close()


def turn() -> int:
    """Mails, and what machines makes of their delivery."""
    sent = mail.send_due(timezone.now())
    questions.settle(timezone.now())
    return sent


def test_its_mail_begins_the_countdown(student: User, postman: Postman) -> None:
    ask = asked(visited(student))
    turn()
    ask.refresh_from_db()
    assert ask.ends_at == notice(ask, "mail").delivered_at + timedelta(minutes=15)  # type: ignore[operator]


def test_it_is_begun_by_the_next_turn_of_the_lines(student: User, postman: Postman) -> None:
    """The outbox calls nobody; every five seconds is soon enough, for it counts from the delivery."""
    ask = asked(visited(student))
    mail.send_due(timezone.now())
    tasks.write_lines()
    ask.refresh_from_db()
    assert ask.ends_at == notice(ask, "mail").delivered_at + timedelta(minutes=15)  # type: ignore[operator]


def test_a_mail_says_who_what_why_and_when(student: User, postman: Postman, clock: Clock) -> None:
    asked(visited(student, name="condor"))
    turn()
    sent = postman.mails[0]
    assert str(sent["To"]) == "student@example.org"
    assert str(sent["Subject"]) == "Still using condor? It goes to sleep at 10:15"
    assert "Nobody has used it for 45 minutes." in body(sent)


def test_a_mail_names_the_time_in_its_readers_zone(student: User, postman: Postman, clock: Clock) -> None:
    User.objects.update(time_zone="America/Guayaquil")
    asked(visited(student, name="condor"))
    turn()
    assert str(postman.mails[0]["Subject"]).endswith("at 05:15")


def test_a_mail_never_promises_a_later_time_than_holds(student: User, postman: Postman, clock: Clock) -> None:
    ask = asked(visited(student))
    clock.move(59)
    turn()
    ask.refresh_from_db()
    said = str(postman.mails[0]["Subject"])[-5:]
    assert ask.ends_at
    assert said == f"{ask.ends_at:%H:%M}"


def test_a_mail_has_a_link_for_each_answer_that_can_be_given(student: User, postman: Postman, clock: Clock) -> None:
    ask = asked(visited(student))
    turn()
    found = re.findall(r"https://labs\.example\.org/asks/(\S+)/", body(postman.mails[0]))
    assert [links.read(token) for token in found] == [
        (ask, c) for c in ("more", "4h", "tonight", "job", "sleep", "done")
    ]


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
    words = {"archive": "It is archived on", "delete": "Its archive will be deleted on"}[kind]
    assert words in str(postman.mails[0]["Subject"])
    found = re.findall(r"/asks/(\S+)/", body(postman.mails[0]))
    assert [links.read(token) for token in found] == [(ask, "keep"), (ask, "done")]


def test_who_reads_spanish_is_written_to_in_spanish(student: User, postman: Postman) -> None:
    User.objects.update(language="es")
    asked(visited(student, name="condor"))
    turn()
    assert "Se duerme a las" in str(postman.mails[0]["Subject"])
    assert "Dormirla ahora" in body(postman.mails[0])


@pytest.mark.parametrize("kind", Question.Kind.values)
def test_nobody_unsubscribes_from_being_asked(kind: str) -> None:
    assert not KINDS[f"idle.{kind}"].may_unsubscribe


def test_who_has_no_address_has_no_way_there(student: User, postman: Postman) -> None:
    User.objects.update(email="")
    ask = asked(visited(student))
    assert turn() == 0
    ask.refresh_from_db()
    assert (notice(ask, "mail").state, ask.ends_at) == ("none", None)


def test_a_log_begins_no_countdown(student: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    ask = asked(visited(student))
    assert turn() == 0
    ask.refresh_from_db()
    assert (notice(ask, "mail").fault, ask.ends_at) == ("No mail server is set (EMAIL_URL).", None)


def test_an_address_that_nobody_reads_begins_no_countdown(student: User, postman: Postman) -> None:
    postman.to = "550 No such person"
    ask = asked(visited(student))
    turn()
    assert notice(ask, "mail").state == "failed"
    assert Question.objects.get().ends_at is None


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


def test_a_question_that_is_over_is_not_mailed(student: User, postman: Postman) -> None:
    ask = asked(visited(student))
    questions.close(question=ask, outcome=Question.Outcome.ACTIVE, now=timezone.now())
    assert turn() == 0
    assert postman.mails == []


def test_one_that_a_worker_of_the_version_before_closed_is_not_mailed(student: User, postman: Postman) -> None:
    """A worker of 0.3 does not know of the outbox."""
    ask = asked(visited(student))
    Question.objects.update(closed_at=timezone.now(), outcome=Question.Outcome.ACTIVE)
    assert (turn(), notice(ask, "mail").state) == (0, "cancelled")


def test_a_machine_that_is_gone_from_the_database_stops_nobody(student: User, postman: Postman) -> None:
    asked(visited(student)).delete()
    asked(visited(student, name="second"))
    assert turn() == 1
    assert Notice.objects.filter(channel="mail", state="cancelled").count() == 1


def test_after_the_page_was_seen_the_mail_names_that_deadline(student: User, postman: Postman, clock: Clock) -> None:
    ask = told(asked(visited(student)), "page")
    clock.move(300)
    turn()
    assert f"{ask.ends_at:%H:%M}" in str(postman.mails[0]["Subject"])


# ---- kill -9 ----

WORKER = "import django; django.setup(); from accounts.tasks import send_notices; send_notices()"


def worker(postman: Postman) -> "subprocess.Popen[bytes]":
    """Start a process that sends, as Celery's do."""
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    mails = {
        "EMAIL_URL": f"smtp://127.0.0.1:{postman.port}",
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
    }
    return subprocess.Popen([sys.executable, "-c", WORKER], env={**os.environ, **mails})


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_a_killed_worker_one_mail_is_in_doubt_and_none_comes_twice(student: User, postman: Postman) -> None:
    asked(visited(student))
    asked(visited(student, name="second"))
    postman.is_slow = True
    with worker(postman) as process:
        try:
            until(lambda: postman.mails)
        finally:
            process.kill()
    postman.is_slow = False
    Notice.objects.filter(state="sending").update(claimed_at=timezone.now() - 2 * outbox.LOST_AFTER)
    assert [turn(), turn()] == [1, 0]
    assert (len(postman.mails), len({str(sent["Subject"])[:18] for sent in postman.mails})) == (2, 2)
    assert [n.fault for n in Notice.objects.filter(channel="mail", state="failed")] == [outbox.LOST]
