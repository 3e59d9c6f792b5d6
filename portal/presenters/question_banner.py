"""The open questions about a person's machines: on top of each of their pages, and on My machines in the cards.

The page counts as a channel: what its owner has really loaded was delivered. So a part that asks for itself, a prefetch or a
HEAD delivers nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

from django.db.models import Exists, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.models import Notice
from lib.compiled_queries import Given, compiled
from machines.idle import durations, questions
from machines.models import Machine, Question
from portal.presenters.machine_card import Shown
from portal.presenters.navigation import is_reference
from portal.presenters.shown_question import ShownQuestion

MOST = 5  # in the banner; who has more open questions finds them with their machines


def open_questions(request: HttpRequest) -> dict[str, object]:
    """Give the open questions to the template: looked for once, and only by a page that has a place for them.

    A page of reference shows the first one, in a line: that one alone was delivered then.
    """
    in_a_line = is_reference(request.path)

    def found() -> list[ShownQuestion]:
        if not hasattr(request, "open_questions"):
            request.open_questions = _of(request, MOST)  # type: ignore[attr-defined]
            request.shown_questions = request.open_questions[: 1 if in_a_line else MOST]  # type: ignore[attr-defined]
        return request.open_questions  # type: ignore[attr-defined,no-any-return]

    return {"open_questions": found, "questions_in_a_line": in_a_line}


def on_cards(request: HttpRequest, cards: Sequence[Shown]) -> list[ShownQuestion]:
    """Give each card the question about its machine; return those of no card, for the banner."""
    found = _of(request, MOST + len(cards), are_there=any(card.why.is_asked for card in cards))
    asked = {question.row.machine_id: question for question in found}
    for card in cards:
        card.question = asked.pop(card.machine.pk, None)
    rest = list(asked.values())[:MOST]
    request.shown_questions = [card.question for card in cards if card.question] + rest  # type: ignore[attr-defined]
    return rest


def on_card(card: Shown) -> None:
    """Give a card that asks for itself its question. Only its owner's list has such cards."""
    if card.why.is_asked and card.reader.pk == card.machine.owner_id:
        card.question = _about(card.machine)


@dataclass(frozen=True)
class Asked:
    """The place for the question below a machine's terminal, and the question where there is one."""

    machine: Machine
    question: ShownQuestion | None

    @property
    def version(self) -> str:
        """A text that changes when the place must be redrawn."""
        question = self.question
        return f"{question.row.pk}-{crc32(repr(question.version).encode()):08x}" if question else "none"


def below_terminal(request: HttpRequest, machine: Machine, *, is_open: bool) -> Asked:
    """Return the place for the question on the page of a terminal. Its owner alone is asked.

    is_open: the shell is there. Until then the place is not to be seen, and the page has the banner.
    """
    reader = getattr(request, "user", None)
    if not is_open or reader is None or reader.pk != machine.owner_id or (found := _about(machine)) is None:
        return Asked(machine, None)
    request.shown_questions = [found]  # type: ignore[attr-defined]
    return Asked(machine, found)


def _about(machine: Machine) -> ShownQuestion | None:
    return next(iter(_loaded(Question.objects.filter(machine=machine.pk), 1)), None)


@compiled
def _some_open(owner: Given) -> QuerySet[Question, Any]:
    """Select one open question about a person's machines, if there is any."""
    return Question.objects.open().filter(machine__owner=owner).order_by().values_list("pk")[:1]


def _of(request: HttpRequest, most: int, *, are_there: bool = False) -> list[ShownQuestion]:
    """Load a person's open questions. are_there: it is known that there are some."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    # Nearly every page ends here: the wide query below costs much more, even when it finds nothing.
    if not are_there and not _some_open(owner=user.pk):
        return []
    return _loaded(Question.objects.filter(machine__owner=user), most)


def _loaded(rows: QuerySet[Question], most: int) -> list[ShownQuestion]:
    """Load the open ones of these with all that is shown of them. One query; one more where any machine had a long job lately."""
    now = timezone.now()
    about = Concat(Value(questions.ABOUT), Cast(OuterRef("pk"), TextField()))
    unseen = Notice.objects.filter(about=about, channel=Notice.Channel.PAGE, state=Notice.State.DUE)
    jobs = durations.jobs_of_a_week(now).filter(machine=OuterRef("machine"))
    parts = ("machine__template__course", "machine__template__image", "machine__activity")
    wide = rows.open().annotate(unseen=Exists(unseen), had_jobs=Exists(jobs)).select_related(*parts)  # type: ignore[attr-defined]
    found: list[Any] = list(wide.order_by("asked_at", "pk")[:most])
    with_jobs = [row.machine_id for row in found if row.had_jobs]
    held = durations.held_in_a_week(with_jobs, now) if with_jobs else {}
    return [ShownQuestion(row, now, held.get(row.machine_id, timedelta(0))) for row in found]


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
