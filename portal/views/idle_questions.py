"""Questions about idle machines: answered by a link without signing in, or by who is signed in; and who answered what."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.time_zones import zone_of
from lib.notes import Refusal
from machines.idle import answers, links, question_text, times
from machines.idle.questions import notices_of
from machines.models import Answer, Machine, Question
from portal import access
from portal.access import only
from portal.next_page import next_page
from portal.once import once_per_form
from portal.signed_in import SignedIn

SHOWN = 100  # the newest questions about machines that a teacher watches
CHOICE = Answer.Choice


@login_not_required
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a link of a mail. A GET shows one button and does nothing; the button's POST acts.

    csrf_exempt: what a forged request would need is the token, which proves more than a cookie does; and a mail program's own
    browser often keeps no cookies. No referrer tells the token to anybody.
    """
    response = _by_link(request, token, timezone.now())
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _by_link(request: HttpRequest, token: str, now: datetime) -> HttpResponse:
    try:
        question, choice = links.read(token)
    except Refusal as refusal:
        return render(request, "questions/over.html", {"sentence": str(refusal)}, status=refusal.status)
    owner = question.machine.owner
    with override(owner.language or get_language()), timezone.override(zone_of(owner)):
        return _respond(request, question, choice, by=None, now=now)


@never_cache
@require_http_methods(["GET", "POST"])
@once_per_form
def answer_signed_in(request: SignedIn, pk: int, choice: str) -> HttpResponse:
    """Answer for who is signed in: one tap in the banner or on the machine's page."""
    question = get_object_or_404(access.visible(request.user, Question), pk=pk)
    if choice not in answers.CHOICES[question.kind]:
        raise Http404
    return _respond(request, question, choice, by=request.user, now=timezone.now())


def _respond(request: HttpRequest, question: Question, choice: str, *, by: User | None, now: datetime) -> HttpResponse:
    question = answers.living(question)
    if request.method == "POST":
        return _act(request, question, choice, by=by, now=now)
    if refusal := answers.why_not(question, choice, now):
        return _closed(request, question, refusal, by=by)
    return _button(request, question, choice, by=by, now=now)


def _button(
    request: HttpRequest,
    question: Question,
    choice: str,
    *,
    by: User | None,
    now: datetime,
    refusal: Refusal | None = None,
) -> HttpResponse:
    context = {
        "question": question,
        "choice": choice,
        "title": question_text.asks(question, by),
        "deadline": question_text.deadline(question, now),
        "label": question_text.label(question, choice),
        "consequence": question_text.consequence(question, choice, now),
        "why": str(question.why),
        "refusal": str(refusal or ""),
        "until": request.POST.get("until", ""),
        "by_link": by is None,
        "has_switches": by is not None,
    }
    return render(request, "questions/answer.html", context, status=refusal.status if refusal else 200)


def _act(request: HttpRequest, question: Question, choice: str, *, by: User | None, now: datetime) -> HttpResponse:
    until = times.next_at(request.POST.get("until", ""), now) if choice == CHOICE.JOB else None
    try:
        if by is not None:
            access.require(by, choice, question)
        is_given = by is not None and access.may(by, "keep_awake", question.machine)
        answer = answers.answer(question=question, choice=choice, by=by, now=now, until=until, is_given=is_given)
    except answers.TooLate as refusal:
        return _closed(request, question, refusal, by=by)
    except Refusal as refusal:
        return _button(request, question, choice, by=by, now=now, refusal=refusal)
    thanks = question_text.thanks(answer, now)
    if by is None:
        return render(request, "questions/thanks.html", {"question": answer.ask, "sentence": thanks})
    messages.success(request, thanks)
    return redirect(next_page(request) or _machine_of(answer.ask, by))


def _closed(request: HttpRequest, question: Question, refusal: Refusal, *, by: User | None) -> HttpResponse:
    """Answer what came too late, or twice: what became of it, and the way to the machine."""
    context = {"question": question, "sentence": str(refusal), "has_switches": by is not None}
    return render(request, "questions/over.html", context, status=refusal.status)


@only("see", Question)
@require_GET
@never_cache
def questions(request: SignedIn) -> HttpResponse:
    """List the questions, to teachers about machines of their templates, to administrators all: delivered how, answered what, by whom."""
    rows = access.questions_to_watch(request.user).order_by("-asked_at")
    found = with_answers(rows, SHOWN)
    context = {
        "questions": found,
        "may_keep_awake": access.may_keep_awake(request.user, [each.machine for each in found]),
    }
    return render(request, "questions/list.html", context)


@require_POST
@once_per_form
def give(request: SignedIn, pk: UUID) -> HttpResponse:
    """Keep a machine awake until hh:mm, asked or not: for teachers and administrators."""
    now = timezone.now()
    machine = get_object_or_404(access.in_care_of(request.user).alive(), pk=pk)
    if refusal := access.why_not(request.user, "keep_awake", machine):
        raise PermissionDenied(str(refusal))
    until = times.next_at(request.POST.get("until", ""), now)
    try:
        reason = request.POST.get("reason", "")
        hold = answers.give(machine=machine, until=until, by=request.user, now=now, reason=reason)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        until_when = {"name": machine.name, "at": times.moment(hold.ends_at, now)}
        messages.success(request, _("“%(name)s” stays on until %(at)s.") % until_when)
    return redirect(next_page(request, otherwise="asks"))


def with_answers(rows: "QuerySet[Question]", most: int) -> list[Question]:
    """Load questions with their messages and answers, by a number of queries that does not grow."""
    found = list(
        rows.select_related("machine__owner", "machine__template__course").prefetch_related("answers__by")[:most]
    )
    notices = notices_of(found)
    for question in found:
        question.notices = notices[question.pk]
    return found


def latest_of(machine: Machine) -> list[Question]:
    """Return the last questions about one machine, for its page."""
    return with_answers(Question.objects.filter(machine=machine).order_by("-asked_at"), 5)


def _machine_of(question: Question, user: User) -> str:
    sees_it = access.visible(user, Machine).filter(pk=question.machine_id).exists()
    return reverse("machine" if sees_it else "teaching-machine", args=[question.machine_id])
