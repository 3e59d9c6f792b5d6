"""Requests for more: one open one for each template, decided once, and an approved one is one grant."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import AuditRow, Notice, User
from accounts.notices.kinds import kind_of
from lib.measures import Size
from quotas import request_mails, requests_for_more
from quotas.actions import end_grant, usage
from quotas.models import Grant, QuotaRequest
from quotas.requests_for_more import AskedAlready, BadRequestForMore, DecidedAlready, TooManyRequests, TooMuchForAuthors

ONE = Size(machines=1, vcpus=1, ram_mb=256, disk_gb=1, ports=2)
SOON = timedelta(days=30)


def ask(user: User, subject: int = 1, size: Size = ONE, reason: str = "For the thesis.", **more: Any) -> QuotaRequest:
    facts = {"title": {"en": "Lab", "es": "Taller"}, "tell": [], **more}
    return requests_for_more.ask(user=user, subject=subject, size=size, reason=reason, **facts)


def by_author(request: QuotaRequest, author: User, ends_in: timedelta | None = SOON, **more: Any) -> QuotaRequest:
    ends_at = timezone.now() + ends_in if ends_in else None
    return requests_for_more.approve(request=request, by=author, ends_at=ends_at, most=ONE, **more)


# ---- asking ----


def test_one_is_open_for_each_template(student: User, student2: User) -> None:
    ask(student), ask(student, 2), ask(student2)
    with pytest.raises(AskedAlready):
        ask(student)


def test_the_database_holds_that_too(student: User) -> None:
    ask(student)
    with pytest.raises(IntegrityError), transaction.atomic():
        QuotaRequest.objects.create(user=student, subject=1, title={}, reason="x")


@pytest.mark.parametrize("facts", [{"state": "approved"}, {"decided_at": timezone.now()}, {"state": "lost"}])
def test_decided_is_what_has_a_time(student: User, facts: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="quota_request_decided_at_a_time"), transaction.atomic():
        QuotaRequest.objects.create(user=student, subject=1, title={}, reason="x", **facts)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"reason": " \n"}, "reason"),
        ({"reason": "\0"}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"size": Size()}, "amounts"),
        ({"size": Size(machines=21)}, "amounts"),
    ],
)
def test_what_lacks_something_says_so_at_its_field(student: User, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestForMore) as refusal:
        ask(student, **facts)
    assert refusal.value.field == field


def test_a_day_has_so_many(student: User) -> None:
    for subject in range(requests_for_more.MOST_A_DAY):
        ask(student, subject)
    with pytest.raises(TooManyRequests):
        ask(student, 99)
    QuotaRequest.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert ask(student, 99).state == "open"


# ---- deciding ----


def test_approved_it_is_a_grant_for_its_person(student: User, admin: User) -> None:
    request = requests_for_more.approve(request=ask(student), by=admin, note="Good luck.")
    grant = Grant.objects.get(user=student)
    assert (grant.reason, grant.given_by, grant.ends_at) == ("Lab: For the thesis.", admin, None)
    assert (usage(student).machines.limit, request.grant, request.decided_by) == (1, grant, admin)


def test_what_the_person_wrote_is_not_in_the_audit_log(student: User, admin: User) -> None:
    request = requests_for_more.approve(request=ask(student, reason="I am ill."), by=admin)
    end_grant(grant=Grant.objects.get(request=request), by=admin)
    rows = AuditRow.objects.order_by("pk")
    assert [(row.verb, row.name) for row in rows] == [("approve_request", "Lab"), ("end_grant", "Lab")]
    assert "ill" not in str([row.detail for row in rows])


@pytest.mark.parametrize("verb", ["approve", "refuse"])
def test_it_is_decided_once(student: User, admin: User, teacher: User, verb: str) -> None:
    request = ask(student)
    requests_for_more.approve(request=request, by=admin)
    with pytest.raises(DecidedAlready):
        getattr(requests_for_more, verb)(request=request, by=teacher, note="No.")
    assert (Grant.objects.count(), QuotaRequest.objects.get().decided_by) == (1, admin)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_at_once_one_gives(student: User, admin: User, teacher: User) -> None:
    request, start, told = ask(student), threading.Barrier(2), []

    def approve(by: User) -> None:
        start.wait()
        try:
            requests_for_more.approve(request=request, by=by)
            told.append("")
        except DecidedAlready as refusal:
            told.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=[person]) for person in (admin, teacher)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert (sorted(told), Grant.objects.count()) == (["", "decided_already"], 1)


def test_refused_nothing_is_given_and_it_can_be_asked_again(student: User, admin: User) -> None:
    requests_for_more.refuse(request=ask(student), by=admin, note="Use the other card.")
    assert (Grant.objects.count(), QuotaRequest.objects.get().note) == (0, "Use the other card.")
    assert ask(student).state == "open"


def test_a_refusal_says_why(student: User, admin: User) -> None:
    with pytest.raises(BadRequestForMore) as refusal:
        requests_for_more.refuse(request=ask(student), by=admin, note=" ")
    assert (refusal.value.field, QuotaRequest.objects.get().state) == ("note", "open")


@pytest.mark.parametrize("days", [-1, 0, 4000])
def test_an_end_is_ahead_and_not_for_ever(student: User, admin: User, days: int) -> None:
    with pytest.raises(BadRequestForMore) as refusal:
        requests_for_more.approve(request=ask(student), by=admin, ends_at=timezone.now() + timedelta(days=days))
    assert refusal.value.field == "ends_at"


# ---- the author of the template ----


def test_an_author_gives_one_machine_until_a_date(student: User, teacher: User) -> None:
    request = by_author(ask(student), teacher)
    assert request.grant
    assert request.grant.ends_at
    assert usage(student).machines.limit == 1


@pytest.mark.parametrize("ends_in", [None, timedelta(days=requests_for_more.AUTHOR_DAYS + 2)])
def test_an_author_gives_nothing_without_an_end(student: User, teacher: User, ends_in: timedelta | None) -> None:
    with pytest.raises(BadRequestForMore, match="at most"):
        by_author(ask(student), teacher, ends_in)


@pytest.mark.parametrize("more", [{"machines": 2}, {"ram_mb": 257}, {"archives": 1}])
def test_an_author_gives_no_more_than_one_machine(student: User, teacher: User, more: dict[str, int]) -> None:
    request = ask(student, size=Size(**{"machines": 1, **more}))
    with pytest.raises(TooMuchForAuthors):
        by_author(request, teacher)
    assert not Grant.objects.exists()


def test_an_author_gives_the_next_when_the_last_has_ended(student: User, teacher: User, admin: User) -> None:
    by_author(ask(student), teacher)
    request = ask(student)
    with pytest.raises(TooMuchForAuthors):
        by_author(request, teacher)
    now = timezone.now()
    Grant.objects.update(starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1))
    assert by_author(request, teacher).state == "approved"


def test_it_bars_no_other_person_and_no_other_template(student: User, student2: User, teacher: User) -> None:
    by_author(ask(student), teacher)
    by_author(ask(student2), teacher)
    by_author(ask(student, 2), teacher)
    assert [usage(person).machines.limit for person in (student, student2)] == [2, 1]


@pytest.mark.django_db(transaction=True)
def test_an_author_who_approves_twice_at_once_gives_one_machine(student: User, teacher: User) -> None:
    request, start, told = ask(student), threading.Barrier(2), []

    def approve() -> None:
        start.wait()
        try:
            told.append(by_author(request, teacher).state)
            told.append(by_author(ask(student), teacher).state)
        except (DecidedAlready, TooMuchForAuthors) as refusal:
            told.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=approve) for _tab in range(2)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert sorted(told) == ["approved", "decided_already", "too_much_for_authors"]
    assert usage(student).machines.limit == 1


def test_an_administrator_may_give_another_beside_the_authors(student: User, teacher: User, admin: User) -> None:
    by_author(ask(student), teacher)
    requests_for_more.approve(request=ask(student), by=admin)
    assert usage(student).machines.limit == 2


# ---- mails ----


def test_those_who_may_decide_get_a_mail_and_not_too_many(student: User) -> None:
    many = [User.objects.create(username=f"admin{n}", roles=["admin"]) for n in range(12)]
    ask(student, tell=many)
    assert Notice.objects.filter(kind="quota.asked").count() == request_mails.MOST_TOLD


def test_a_decision_is_written_to_the_person_and_ends_the_other_mails(
    student: User, admin: User, teacher: User
) -> None:
    request = ask(student, tell=[admin, teacher])
    requests_for_more.refuse(request=request, by=admin, note="No.")
    assert set(Notice.objects.values_list("recipient", "kind", "state")) == {
        (admin.pk, "quota.asked", "cancelled"),
        (teacher.pk, "quota.asked", "cancelled"),
        (student.pk, "quota.decided", "due"),
    }


def test_a_mail_about_what_was_decided_meanwhile_is_not_sent(student: User, admin: User) -> None:
    request = ask(student, tell=[admin])
    notice = Notice.objects.get()
    facts = kind_of(notice.kind).facts
    assert facts(notice)
    requests_for_more.approve(request=request, by=admin)
    assert facts(notice) is None
