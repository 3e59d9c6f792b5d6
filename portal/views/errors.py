"""Pages for what cannot be answered."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def wrong_method(request: HttpRequest, allow: str) -> HttpResponse:
    response = render(request, "405.html", status=405)
    response["Allow"] = allow
    return response
