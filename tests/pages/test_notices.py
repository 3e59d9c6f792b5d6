"""The outbox as administrators see it, and as programs count it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Notice, User
from accounts.notices import outbox
from machines.models import Question
from portal.numbered_pages import ROWS
from portal.ops import health
from tests.machines.idle.asked import asked, notice, visited

pytestmark = pytest.mark.django_db


@pytest.fixture
def mail(student: User) -> Notice:
    """A mail that failed; its question also has a page and a terminal."""
    mail = notice(asked(visited(student, name="condor")), "mail")
    Notice.objects.filter(pk=mail.pk).update(state="failed", fault="550 <nobody> here", attempts=3)
    return mail


@pytest.fixture
def page(admin: User, client: Client) -> Any:
    client.force_login(admin)
    return lambda query="": client.get(f"/manage/notices/{query}").content.decode()


def test_an_administrator_sees_what_failed_whose_and_why(mail: Notice, page: Any) -> None:
    kind = "Questions before an idle machine is put to sleep"
    assert all(
        text in page() for text in (kind, "student", "By mail", "Not delivered", "550 &lt;nobody&gt; here", "3 tries")
    )


def test_our_own_reasons_are_read_in_spanish(mail: Notice, page: Any, client: Client) -> None:
    Notice.objects.filter(pk=mail.pk).update(fault=outbox.TOO_LATE)
    client.cookies["django_language"] = "es"
    assert "Su plazo terminó antes de que se pudiera entregar." in page()


def test_neither_an_address_nor_the_text_stands_there(mail: Notice, page: Any) -> None:
    assert not [text for text in ("student@example.org", "condor") if text in page()]


def test_the_newest_come_first(mail: Notice, page: Any) -> None:
    assert page().index("In open terminals") < page().index("By mail") < page().index("On the portal&#x27;s pages")


def test_one_state_can_be_picked(mail: Notice, page: Any) -> None:
    assert [page(f"?state={state}").count("<h2>") for state in ("failed", "due", "sending", "", "nonsense")] == [
        1,
        2,
        0,
        3,
        3,
    ]


def test_a_page_has_so_many_and_the_next_keeps_the_state(mail: Notice, student: User, page: Any) -> None:
    facts = {"recipient": student, "kind": "idle.sleep", "channel": "mail", "state": "failed"}
    Notice.objects.bulk_create(Notice(about=f"x:{n}", **facts) for n in range(ROWS))
    assert page("?state=failed").count("<h2>") == ROWS
    assert 'href="?state=failed&amp;page=2"' in page("?state=failed")
    assert page("?page=2&state=failed").count("<h2>") == 1


def test_a_kind_of_another_version_has_its_name(mail: Notice, page: Any) -> None:
    Notice.objects.update(kind="moon.full")
    assert "moon.full" in page()


def test_a_failed_mail_is_sent_again(mail: Notice, page: Any, client: Client) -> None:
    assert f'action="/manage/notices/{mail.pk}/again/"' in page()
    assert client.post(f"/manage/notices/{mail.pk}/again/").status_code == 302
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == ("due", 0)


def test_one_that_did_not_fail_is_not(mail: Notice, page: Any, client: Client) -> None:
    Notice.objects.update(state="delivered", delivered_at=timezone.now())
    assert "again/" not in page()
    answer = client.post(f"/manage/notices/{mail.pk}/again/", follow=True).content.decode()
    assert "Only a mail that was not delivered" in answer


@pytest.mark.parametrize("who", ["student", "teacher", "donor"])
def test_nobody_else_sees_or_sends_anything(mail: Notice, who: str, client: Client, request: Any) -> None:
    client.force_login(request.getfixturevalue(who))
    assert [
        client.get("/manage/notices/").status_code,
        client.post(f"/manage/notices/{mail.pk}/again/").status_code,
    ] == [403, 403]
    mail.refresh_from_db()
    assert mail.state == "failed"


def test_the_way_there_stands_beside_what_keeps_failing(page: Any, client: Client, teacher: User) -> None:
    assert 'href="/manage/notices/"' in client.get("/manage/failures/").content.decode()
    client.force_login(teacher)
    assert 'href="/manage/notices/"' not in client.get("/lab-templates/").content.decode()


def test_the_list_is_as_many_queries_for_many(mail: Notice, page: Any, django_assert_max_num_queries: Any) -> None:
    Question.objects.update(closed_at=timezone.now())
    asked(mail.recipient.machines.get())
    page()
    with django_assert_max_num_queries(6):
        assert page().count("<h2>") == 6


# ---- programs ----


def test_programs_count_them(mail: Notice, client: Client) -> None:
    numbers = client.get("/metrics").content.decode()
    assert 'minga_notices{channel="mail",state="failed"} 1.0' in numbers
    assert 'minga_notices{channel="page",state="due"} 1.0' in numbers
    assert "minga_mails_longest_wait_seconds 0.0" in numbers


def test_programs_hear_how_long_a_mail_has_waited(mail: Notice, client: Client) -> None:
    Notice.objects.update(state="due", created_at=timezone.now() - timedelta(minutes=30))
    [line] = [x for x in client.get("/metrics").content.decode().splitlines() if x.startswith("minga_mails_longest")]
    assert 1800 <= float(line.split()[1]) < 1900


def waiting(minutes: float, attempts: int = 2) -> None:
    since = timezone.now() - timedelta(minutes=minutes)
    Notice.objects.filter(channel="mail").update(state="due", created_at=since, attempts=attempts)


def mails() -> health.Part:
    now = timezone.now()
    return health.mails(health.DatabaseAnswer(0, None, (), mails_since=health.outbox.failing_since(now)), now)


def test_mails_that_wait_for_long_are_told_to_probes(mail: Notice) -> None:
    waiting(20)
    assert (mails().state, round(mails().seconds or 0, -1)) == ("degraded", 1200)


@pytest.mark.parametrize(("minutes", "attempts"), [(10, 2), (20, 1)])
def test_one_that_waits_for_a_moment_is_not(mail: Notice, minutes: float, attempts: int) -> None:
    waiting(minutes, attempts)
    assert mails().state == "ok"


def test_where_others_go_out_it_is_no_fault_of_the_server(mail: Notice, student2: User) -> None:
    waiting(20)
    other = notice(asked(visited(student2)), "mail")
    Notice.objects.filter(pk=other.pk).update(state="delivered", delivered_at=timezone.now())
    assert mails().state == "ok"
