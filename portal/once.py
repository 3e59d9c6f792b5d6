"""Pages and API calls that create something are carried out once, however often a person clicks or a program repeats.

A form carries a token ({% once %}); a program may send an Idempotency-Key. The key and the answer are stored in the transaction in which
the action is carried out, the only transaction that the portal opens.
"""

import json
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import once
from lib.notes import Refusal
from portal.signed_in import SignedIn

FIELD = "once"
LONGEST = 200  # characters of a token
View = Callable[..., HttpResponse]
_HEADERS = ("Location", "Cache-Control", "Expires")


def new_token() -> str:
    return token_urlsafe(18)


def once_per_form(view: View) -> View:
    """Lead a second POST of the same form to what the first one led to. What was refused is not remembered."""

    @wraps(view)
    def guarded(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponse:
        token = request.POST.get(FIELD, "") if request.method == "POST" else ""
        if not token or len(token) > LONGEST:  # a page from before an upgrade, or not a page of ours
            return view(request, *args, **kwargs)
        try:
            return _once(request, token, lambda: view(request, *args, **kwargs))
        except once.SentAlready as refusal:
            return _refused(request, refusal)

    guarded.is_once = True  # type: ignore[attr-defined]
    return guarded


def _once(request: SignedIn, token: str, carry_out: Callable[[], HttpResponse]) -> HttpResponse:
    # Another body is another request: who goes back, changes the form and sends it again means a new thing.
    typed = sorted((name, values) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken")
    request_hash = hash_of(request.path, json.dumps(typed))
    key = f"{token}:{request_hash}"
    with once.key(request.user, key, request_hash) as row:
        if row.status is not None:
            return _replayed(request, row.status, json.loads(once.answer_of(row, key, timezone.now())))
        response = carry_out()
        if response.status_code >= 400:
            transaction.set_rollback(True)
        else:
            secret = response.status_code == 200  # only what is shown once is shown without a redirect
            once.remember(row, key, response.status_code, _packed(request, response), is_secret=secret)
        return response


def _packed(request: SignedIn, response: HttpResponse) -> bytes:
    storage: Any = messages.get_messages(request)
    shown = [(message.level, str(message.message)) for message in storage._queued_messages]
    headers = {name: response[name] for name in _HEADERS if name in response}
    return json.dumps({"headers": headers, "body": response.content.decode(), "said": shown}).encode()


def _replayed(request: SignedIn, status: int, kept: dict[str, Any]) -> HttpResponse:
    storage: Any = messages.get_messages(request)
    # What was not shown yet need not be said twice.
    waiting = {(message.level, str(message.message)) for message in storage._loaded_messages}
    for level, text in kept["said"]:
        if (level, text) not in waiting:
            messages.add_message(request, level, text)
    return HttpResponse(kept["body"], status=status, headers=kept["headers"])


def _refused(request: SignedIn, refusal: Refusal) -> HttpResponse:
    context = {"title": _("This form was sent already"), "text": str(refusal)}
    return render(request, "409.html", context, status=refusal.status)


def hash_of(*parts: str) -> str:
    return sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
