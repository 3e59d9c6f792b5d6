"""Pages for what cannot be answered."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from portal.api.problems import MEDIA_TYPE, problem
from portal.request_id import request_id


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def broken(request: HttpRequest) -> HttpResponse:
    """Something of ours failed; it is in the log. Programs are told in their own form."""
    number = request_id(request)
    if request.path.startswith("/api/"):
        body = problem(500, _("Something broke on our side. Try again in a minute."), "broken", request=number)
        return JsonResponse(body, status=500, content_type=MEDIA_TYPE)
    return HttpResponse(render_to_string("500.html", {"number": number}), status=500)


def refused(request: HttpRequest, status: int) -> HttpResponse:
    """A body that was larger, or took longer, than it may. Nothing of it was kept."""
    title, words, code = _why_refused(status)
    if request.path.startswith("/api/"):
        return JsonResponse(problem(status, words, code), status=status, content_type=MEDIA_TYPE)
    return render(request, "refused.html", {"title": title, "text": words, "number": status}, status=status)


def _why_refused(status: int) -> tuple[str, str, str]:
    """Title, sentence, and the code for programs."""
    if status == 413:
        words = _("Go back and send less: at most 2 MB in one go. Nothing has been kept.")
        return _("This is too much at once"), words, "too_large"
    words = _("The connection was too slow, or broke. Go back and send it again.")
    return _("This took too long"), words, "too_slow"


def wrong_method(request: HttpRequest, allow: str) -> HttpResponse:
    response = render(request, "405.html", status=405)
    response["Allow"] = allow
    return response
