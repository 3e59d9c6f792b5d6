"""Mails about requests for more: to those who may decide, and to the person when it is decided."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import Notice, User
from accounts.notices import kinds, outbox
from quotas.models import QuotaRequest

ASKED, DECIDED = "quota.asked", "quota.decided"
MOST_TOLD = 10  # people who are written to of one request


def register(may_decide: Callable[[User, QuotaRequest], bool]) -> None:
    """Make the kinds of notices known. A decision is written to whoever asked for it, once: nobody unsubscribes from it.

    may_decide: asked again when a mail is sent. Only what stands above this app knows of templates and their authors.
    """

    def facts(notice: Notice) -> dict[str, Any] | None:
        request = _found(notice)
        return asked_facts(request) if request and may_decide(notice.to_person, request) else None

    asked = gettext_lazy("Requests for more quota that you may decide")
    kinds.register(kinds.Kind(ASKED, asked, facts, "requests/asked_mail", may_unsubscribe=True))
    decided = gettext_lazy("Decisions about requests for more quota")
    kinds.register(kinds.Kind(DECIDED, decided, decided_facts, "requests/decided_mail"))


def tell_of_request(request: QuotaRequest, people: Iterable[User], now: datetime) -> None:
    """Write to the first MOST_TOLD of those who may decide. Belongs into the transaction in which it is asked."""
    for person in list(people)[:MOST_TOLD]:
        outbox.send(kind=ASKED, to=person, about=_about(request), channels=[Notice.Channel.MAIL], now=now)


def tell_of_decision(request: QuotaRequest, now: datetime) -> None:
    """Write to the person, and no more to those who have not decided. Belongs into the transaction of the decision."""
    outbox.cancel([_about(request)], outbox.PASSED_OVER)
    outbox.send(kind=DECIDED, to=request.user, about=_about(request), channels=[Notice.Channel.MAIL], now=now)


def asked_facts(request: QuotaRequest) -> dict[str, Any] | None:
    """Return what the mail to a decider says; None once it is decided."""
    if request.state != QuotaRequest.State.OPEN:
        return None
    facts = {"name": request.user.short_name, "template": title_of(request)}
    return {
        "subject": _("%(name)s asks for more: %(template)s") % facts,
        "request": request,
        "template": facts["template"],
        "page": settings.PORTAL_URL + reverse("request-decide", args=[request.pk]),
    }


def decided_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail to the person says."""
    request = _found(notice)
    if request is None or request.state == QuotaRequest.State.OPEN:
        return None
    is_approved = request.state == QuotaRequest.State.APPROVED
    subject = _("You have more quota: %(template)s") if is_approved else _("Not approved: more quota for %(template)s")
    return {
        "subject": subject % {"template": title_of(request)},
        "request": request,
        "is_approved": is_approved,
        "template": title_of(request),
        "page": settings.PORTAL_URL + reverse("requests"),
    }


def title_of(request: QuotaRequest) -> str:
    """Return what the template was called when it was asked for, in the reader's language."""
    title: dict[str, str] = request.title
    return title.get((get_language() or "en")[:2]) or title["en"]


def _about(request: QuotaRequest) -> str:
    return f"quota_request:{request.pk}"


def _found(notice: Notice) -> QuotaRequest | None:
    pk = notice.about.partition(":")[2]
    return QuotaRequest.objects.select_related("user", "decided_by", "grant").filter(pk=pk).first()
