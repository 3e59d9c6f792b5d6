"""The picture that a donor shares: their own page, on which they make and end it, and the page and the picture for anybody who has the address."""

from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.utils.http import parse_etags
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import SharePicture
from lib.notes import Refusal
from nodes import what_came
from nodes.sharing import share_drawing, share_picture
from portal.presenters.own_pages import Own
from portal.views.as_donor import by_link, signed_in

KEPT = 600  # seconds: so long may the picture be seen after it was ended, where somebody's browser has it


@require_http_methods(["GET", "HEAD", "POST"])
def _choose(request: HttpRequest, own: Own) -> HttpResponse:
    """Show a donor their picture. A POST makes a new address, or ends the one that there is."""
    if request.method == "POST":
        _act(request, own)
        return own.again("picture")
    row, words = share_picture.of_donor(own.donor), share_picture.words_of(own.donor)
    context: dict[str, Any] = {
        "own": own, "row": row, "words": words, "may_draw_words": share_drawing.can_draw(words),
        "may_make": what_came.has_given(own.donor), **(_facts(row) if row else {}),
    }  # fmt: skip
    return render(request, "donating/picture.html", context)


def _act(request: HttpRequest, own: Own) -> None:
    if "withdraw" in request.POST:
        share_picture.withdraw(donor=own.donor)
        messages.success(request, _("The address leads nowhere any more."))
        return
    try:
        language = (get_language() or "en").partition("-")[0]
        share_picture.make(donor=own.donor, with_words="words" in request.POST, language=language)
        messages.success(request, _("The picture has an address now. Anyone who has it sees the picture."))
    except Refusal as refusal:
        messages.error(request, str(refusal))


def _facts(row: SharePicture) -> dict[str, Any]:
    """Return what the pages about a picture say, its description in its own language."""
    shown = share_picture.shown(row)
    with override(row.language):
        numbers = ", ".join(f"{number} {words}" for number, words in share_drawing.figures(shown))
    return {
        "shown": shown, "numbers": numbers, "picture": reverse("shared-picture", args=[row.key]),
        "page_url": f"{settings.PORTAL_URL}{reverse('shared', args=[row.key])}",
        "picture_url": f"{settings.PORTAL_URL}{reverse('shared-picture', args=[row.key])}",
        "width": share_drawing.WIDTH, "height": share_drawing.HEIGHT,
    }  # fmt: skip


chosen_by_link = by_link(_choose)
chosen_signed_in = signed_in(_choose)


def _found(key: str) -> SharePicture:
    row = share_picture.find(key)
    if row is None:
        raise Http404
    return row


@login_not_required
@require_safe
@never_cache
def shared(request: HttpRequest, key: str) -> HttpResponse:
    """Show the picture to anyone with its address, with what other sites read to show it."""
    row = _found(key)
    response = render(request, "donating/shared.html", {"row": row, **_facts(row)})
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@login_not_required
@require_safe
def picture(request: HttpRequest, key: str) -> HttpResponse:
    """Send the picture. A browser may keep it for KEPT seconds, and asks then whether it is still so."""
    row = share_picture.find(key)
    if row is None:
        response = HttpResponse(status=404)
        add_never_cache_headers(response)
        return response
    shown = share_picture.shown(row)
    tag = f'"{sha256(repr(shown).encode()).hexdigest()[:32]}"'
    try:
        # W/: as the middleware that packs answers marks it.
        is_known = tag in (each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", "")))
        response = (
            HttpResponse(status=304) if is_known else HttpResponse(share_drawing.png(shown), content_type="image/png")
        )
    except Refusal as refusal:  # the fonts are missing
        response = HttpResponse(str(refusal), status=refusal.status, content_type="text/plain; charset=utf-8")
        add_never_cache_headers(response)
        return response
    response["ETag"], response["X-Robots-Tag"] = tag, "noindex, nofollow"
    patch_cache_control(response, private=True, max_age=KEPT, must_revalidate=True)
    return response
