"""Pages for what cannot be answered."""

import errno
import logging
import sys
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from lib import seldom
from lib.cpu_turns import Busy
from lib.notes import Refusal
from lib.pool import is_exhausted
from portal import bad_requests
from portal.next_page import above, next_page
from portal.problems import MEDIA_TYPE, problem
from portal.request_facts import request_id

log = logging.getLogger(__name__)
PROGRAMS = ("/api/", "/agent/")


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say why, where a view said it; else that the page is for staff."""
    return render(request, "403.html", {"why": str(exception)}, status=403)


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django did not take. The page needs no session, no database and no host of ours: none of them may be there."""
    bad_requests.note(request, exception)
    with translation.override(translation.get_language_from_request(request)):
        why = bad_requests.reason(exception)
        if request.path.startswith(PROGRAMS):
            return JsonResponse(problem(400, why.text, why.code), status=400, content_type=MEDIA_TYPE)
        context = {"title": why.title, "text": why.text, "status": 400, "home": why.home}
        return HttpResponse(render_to_string("bare.html", context), status=400)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer when something of ours failed; it is in the log. Programs get a problem detail."""
    if is_exhausted(sys.exc_info()[1]):
        return pause(request, Busy(noop("Very many people are here at this moment. Try again in a few seconds.")))
    if _has_no_room(sys.exc_info()[1]):
        text = noop(
            "What you sent cannot be kept just now: our disk has no room for it. Tell an administrator, and send it again later."
        )
        return pause(request, Busy(text))
    number = request_id(request)
    if request.path.startswith("/api/"):
        body = problem(500, _("Something broke on our side. Try again in a minute."), "broken", request=number)
        return JsonResponse(body, status=500, content_type=MEDIA_TYPE)
    return HttpResponse(render_to_string("500.html", {"number": number}), status=500)


def _has_no_room(error: BaseException | None) -> bool:
    """Say whether what was sent could not be written: the disk is full, or FILES_DIR, where Django keeps it meanwhile, is not there."""
    if not isinstance(error, OSError):
        return False
    is_in_folder = isinstance(error.filename, str) and Path(error.filename).parent == Path(settings.FILES_DIR)
    return is_in_folder or error.errno in (errno.ENOSPC, errno.EDQUOT)


def refused(request: HttpRequest, status: int, most_mb: int) -> HttpResponse:
    """Answer a body that was larger than `most_mb`, took longer than it may, or came beside too many others. Nothing of it was kept."""
    title, words, code = _why_refused(status, most_mb)
    if request.path.startswith("/api/"):
        return JsonResponse(problem(status, words, code), status=status, content_type=MEDIA_TYPE)
    return render(request, "refused.html", {"title": title, "text": words, "number": status}, status=status)


def _why_refused(status: int, most_mb: int) -> tuple[str, str, str]:
    """Return the title, the sentence, and the code for programs."""
    if status == 413:
        words = _("Go back and send less: at most %(most)s MB in one go. Nothing has been kept.") % {"most": most_mb}
        return _("This is too much at once"), words, "too_large"
    if status == 503:
        words = _(
            "Many people are sending photos just now. Go back and send it again in a minute. Nothing has been kept."
        )
        return _("The site is busy"), words, "busy"
    words = _("The connection was too slow, or broke. Go back and send it again.")
    return _("This took too long"), words, "too_slow"


def pause(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Say when to try again. The page needs no database: it may be what is short."""
    headers = {"Retry-After": str(refusal.retry_after), "Cache-Control": "no-store"}
    # What is short may be the database: this is remembered in the process.
    text = refusal.note.in_english()
    seldom.warning(log, refusal.code, "turned away with %s: %s", refusal.status, text, memory=seldom.OWN)
    response = _pause(request, refusal, headers)
    response._has_been_logged = True  # type: ignore[attr-defined]  # else Django writes an error for each 503
    return response


def _pause(request: HttpRequest, refusal: Refusal, headers: dict[str, str]) -> HttpResponse:
    with translation.override(translation.get_language_from_request(request)):
        if request.path.startswith(PROGRAMS):
            body = problem(refusal.status, str(refusal), refusal.code)
            return JsonResponse(body, status=refusal.status, content_type=MEDIA_TYPE, headers=headers)
        context = {
            "title": _("One moment"),
            "text": str(refusal),
            "status": refusal.status,
            "again": request.get_full_path() if request.method == "GET" else "",
        }
        return HttpResponse(render_to_string("try_later.html", context), status=refusal.status, headers=headers)


@login_not_required
def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is old. The one for signing in leads on: in another tab the person signed in, or out, since."""
    if request.path == reverse("account_login"):
        safe = next_page(request)
        if request.user.is_authenticated:
            return redirect(safe or settings.LOGIN_REDIRECT_URL)
        messages.info(request, _("This page was open too long. Please sign in once more."))
        return redirect_to_login(safe, request.path) if safe else redirect(request.path)
    if request.path == reverse("account_logout") and not request.user.is_authenticated:
        return redirect("account_login")
    return render(request, "403_csrf.html", status=403)


def wrong_method(request: HttpRequest, allow: str) -> HttpResponse:
    """Answer 405; a browser that reloads the answer to a form is led to the page above instead."""
    if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        return redirect(above(request.path))
    response = render(request, "405.html", status=405)
    response["Allow"] = allow
    return response
