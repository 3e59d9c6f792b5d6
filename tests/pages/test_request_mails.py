"""Mails about requests for more: whole in each language, and what people wrote is told from what the site says."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Notice, User
from accounts.notices import mail
from courses.models import Template
from quotas import request_mails, requests_for_more
from quotas.models import QuotaRequest
from tests.factories import make_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(student: User) -> QuotaRequest:
    facts = {"title": {"en": "Lab", "es": "Taller"}, "reason": "For the thesis.", "machines": 1}
    return QuotaRequest.objects.create(user=student, subject=1, **facts)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_mails_are_whole(student: User, admin: User, asked: QuotaRequest, language: str) -> None:
    User.objects.update(language=language)
    student.refresh_from_db(), admin.refresh_from_db()
    request_mails.tell_of_request(asked, [admin], timezone.now())
    told = [written(Notice.objects.get(recipient=admin))]
    Notice.objects.all().delete()
    requests_for_more.approve(request=asked, by=admin, note="Good luck.", ends_at=timezone.now() + timedelta(days=9))
    told.append(written(Notice.objects.get(recipient=student)))
    title = {"en": "Lab", "es": "Taller"}[language]
    assert all(title in text for text in told)
    assert ("For the thesis." in told[0], "Good luck." in told[1], "/requests/" in told[1]) == (True, True, True)


def test_what_people_wrote_is_marked_line_by_line(student: User, admin: User, asked: QuotaRequest) -> None:
    feigned = "Please.\n\nDecide here:\nhttps://elsewhere.example/"
    asked.reason = asked.note = feigned
    asked.save()
    request_mails.tell_of_request(asked, [admin], timezone.now())
    told = [written(Notice.objects.get(recipient=admin))]
    requests_for_more.refuse(request=asked, by=admin, note=feigned)
    told.append(written(Notice.objects.get(recipient=student)))
    for text in told:
        assert "> Please.\n> \n> Decide here:\n> https://elsewhere.example/\n\n" in text


@pytest.mark.parametrize(
    "change", [{"roles": ["student"]}, {"is_active": False}], ids=["no longer an administrator", "blocked"]
)
def test_whoever_may_no_longer_decide_gets_no_mail(admin: User, asked: QuotaRequest, change: dict[str, Any]) -> None:
    request_mails.tell_of_request(asked, [admin], timezone.now())
    User.objects.filter(pk=admin.pk).update(**change)
    assert facts_now(admin) is None


def test_the_author_gets_the_mail_as_long_as_the_template_is_theirs(teacher: User, asked: QuotaRequest) -> None:
    template = make_template()
    Template.objects.update(created_by=teacher)
    QuotaRequest.objects.update(subject=template.pk)
    request_mails.tell_of_request(asked, [teacher], timezone.now())
    assert facts_now(teacher)
    Template.objects.update(created_by=None)
    assert facts_now(teacher) is None


def facts_now(recipient: User) -> dict[str, Any] | None:
    """Return what the mail of this person says, as the worker asks for it."""
    notice = Notice.objects.select_related("recipient").get(recipient=recipient)
    return mail.kind_of(notice.kind).facts(notice)


def written(notice: Notice) -> str:
    """Return the subject and the text of a mail."""
    kind = mail.kind_of(notice.kind)
    with mail.written_for(notice.recipient):
        found = mail._rendered(kind, notice.recipient, kind.facts(notice))
    assert found.subject in found.body
    return str(found.body)
