"""Mails, pages and lines of 0.3 become rows of the outbox: by the migration, and while workers of 0.3 run on."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from accounts.models import Notice, User
from accounts.notices import mail, outbox
from machines.idle import questions
from machines.models import Delivery, Question
from machines.reconcile import overlap
from tests.accounts.postman import Postman, use
from tests.machines.idle.asked import asked, notice, visited

pytestmark = pytest.mark.django_db
COPY = import_module("machines.migrations.0022_deliveries_become_notices").COPY


@pytest.fixture
def ask(student: User) -> Question:
    """Write a question as a worker of 0.3 writes it."""
    ask = asked(visited(student))
    Notice.objects.all().delete()
    Delivery.objects.bulk_create(
        Delivery(ask=ask, channel=c, next_at=timezone.now()) for c in ("page", "mail", "terminal")
    )
    return ask


def write(channel: str, state: str, **facts: Any) -> None:
    Delivery.objects.filter(channel=channel).update(state=state, **facts)


def migrate() -> None:
    with connection.cursor() as cursor:
        cursor.execute(COPY)


def tidy() -> None:
    overlap.catch_up(timezone.now())


def found() -> dict[str, str]:
    return dict(Notice.objects.values_list("channel", "state"))


def test_the_migration_copies_what_became_of_each_channel(ask: Question) -> None:
    at = timezone.now()
    write("mail", "sent", sent_at=at, attempts=2)
    write("terminal", "none", fault="Nobody is connected.")
    migrate()
    mail, line = notice(ask, "mail"), notice(ask, "terminal")
    assert (mail.state, mail.delivered_at, mail.attempts, mail.kind) == ("delivered", at, 2, "idle.sleep")
    assert (line.state, line.fault, line.recipient) == ("none", "Nobody is connected.", ask.machine.owner)


def test_the_migration_leaves_what_is_due_to_the_workers_of_before(ask: Question) -> None:
    migrate()
    assert found() == {}


def test_the_migration_can_be_run_twice_and_leaves_out_what_is_old(ask: Question) -> None:
    write("mail", "failed")
    for _twice in range(2):
        migrate()
    Notice.objects.all().delete()
    Question.objects.update(asked_at=timezone.now() - outbox.KEPT - timedelta(days=1))
    migrate()
    assert found() == {}


def test_an_open_question_is_taken_over_and_sent_once(ask: Question, settings: Any) -> None:
    postman = Postman()
    use(settings, postman.port)
    for _twice in range(2):
        tidy()
        mail.send_due(timezone.now())
    postman.close()
    assert (found(), len(postman.mails)) == ({"page": "due", "mail": "delivered", "terminal": "due"}, 1)
    assert set(Delivery.objects.values_list("state", "fault")) == {("failed", overlap.TAKEN_OVER)}


def test_while_a_worker_of_before_mails_nothing_is_taken_over(ask: Question) -> None:
    cache.add(overlap.OLD_MAIL_LOCK, 1, 60)
    tidy()
    assert found() == {}
    cache.delete(overlap.OLD_MAIL_LOCK)
    tidy()
    assert len(found()) == 3


def test_what_a_worker_of_before_has_delivered_counts(ask: Question) -> None:
    write("mail", "sent", sent_at=timezone.now())
    tidy()
    questions.settle(timezone.now())
    ask.refresh_from_db()
    assert ask.ends_at == notice(ask, "mail").delivered_at + timedelta(minutes=15)  # type: ignore[operator]


def test_what_it_closed_is_only_history(ask: Question) -> None:
    Question.objects.update(closed_at=timezone.now())
    write("terminal", "failed", fault="The question was over first.")
    tidy()
    assert found() == {"page": "cancelled", "mail": "cancelled", "terminal": "failed"}


def test_a_long_open_warning_is_taken_over_too(ask: Question) -> None:
    Question.objects.update(asked_at=timezone.now() - timedelta(days=20))
    tidy()
    assert found()["mail"] == "due"


def test_a_question_of_this_version_is_left_alone(student: User) -> None:
    ask = asked(visited(student))
    tidy()
    assert [row.state for row in questions.notices_of([ask])[ask.pk]] == ["due"] * 3
