"""The questions that stand open about a person's machines, on top of every page of theirs.

The page counts as a channel: what its owner has really loaded was delivered. So a part that asks for itself, a prefetch or a
HEAD delivers nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.models import Notice
from lib.compiled_queries import Given, compiled
from machines.idle import question_text, questions
from machines.models import Question

MOST = 5  # on one page; who has more open questions finds them with their machines


@dataclass
class ShownQuestion:
    """A question as a page shows it."""

    row: Question
    now: datetime

    @cached_property
    def headline(self) -> str:
        return question_text.headline(self.row, self.now)

    @property
    def meaning(self) -> str:
        return question_text.meaning(self.row)

    @cached_property
    def offered(self) -> list[tuple[str, str]]:
        return question_text.offered(self.row, self.now)


def open_questions(request: HttpRequest) -> dict[str, object]:
    """Give the open questions to the template: looked for once, and only by a page that has a place for them."""

    def shown() -> list[ShownQuestion]:
        if not hasattr(request, "shown_questions"):
            request.shown_questions = _of(request)  # type: ignore[attr-defined]
        return request.shown_questions  # type: ignore[attr-defined,no-any-return]

    return {"open_questions": shown}


@compiled
def _some_open(owner: Given) -> QuerySet[Question, Any]:
    """Select one open question about a person's machines, if there is any."""
    return Question.objects.open().filter(machine__owner=owner).order_by().values_list("pk")[:1]


def _of(request: HttpRequest) -> list[ShownQuestion]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    theirs = Question.objects.open().filter(machine__owner=user)
    # Nearly every page ends here: the wide query below costs much more, even when it finds nothing.
    if not _some_open(owner=user.pk):
        return []
    about = Concat(Value(questions.ABOUT), Cast(OuterRef("pk"), TextField()))
    unseen = Notice.objects.filter(about=about, channel=Notice.Channel.PAGE, state=Notice.State.DUE)
    rows = theirs.annotate(unseen=Exists(unseen)).order_by("asked_at")
    parts = ("machine__template__course", "machine__template__image", "machine__activity")
    now = timezone.now()
    return [ShownQuestion(row, now) for row in rows.select_related(*parts)[:MOST]]


class Seen:
    """Middleware: once the page is made, what it shows was delivered. Reading a page is the only GET that writes, and only this."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        shown: list[ShownQuestion] = getattr(request, "shown_questions", [])
        unseen = [q.row.pk for q in shown if getattr(q.row, "unseen", False)]
        if unseen and _is_opened(request):
            questions.seen(unseen, timezone.now())
        return response


def _is_opened(request: HttpRequest) -> bool:
    """Say whether a person opened it: not a part that asked for itself, nor what a browser fetches because somebody might open it next."""
    if request.method == "HEAD" or request.headers.get("HX-Request"):
        return False
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return "prefetch" not in purpose and "prerender" not in purpose
