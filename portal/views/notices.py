"""The outbox for administrators: what was delivered and what failed; and the link by which anybody ends a kind of mails."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Donor, Notice, User
from accounts.notices import kinds, outbox, unsubscribe
from accounts.notices.kinds import Kind
from lib.notes import Refusal
from portal import access
from portal.access import only
from portal.numbered_pages import page_of
from portal.signed_in import SignedIn


@only("see", Notice)
@require_GET
@never_cache
def notices(request: SignedIn) -> HttpResponse:
    """List the newest first. `state` leaves only those of one state."""
    state = request.GET.get("state", "")
    rows = access.visible(request.user, Notice).select_related("recipient", "donor").order_by("-pk")
    if state in Notice.State.values:
        rows = rows.filter(state=state)
    page = page_of(request, rows)
    found = [(row, kinds.label(row.kind), _may_be_sent_again(row)) for row in page]
    return render(
        request, "notices/list.html", {"page": page, "rows": found, "state": state, "states": Notice.State.choices}
    )


def _may_be_sent_again(notice: Notice) -> bool:
    return (notice.state, notice.channel) == (Notice.State.FAILED, Notice.Channel.MAIL)


@only("send_again", Notice)
@require_POST
def again(request: SignedIn, pk: int) -> HttpResponse:
    notice = get_object_or_404(access.visible(request.user, Notice), pk=pk)
    try:
        outbox.send_again(notice=notice, by=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("It is sent again now."))
    return redirect("notices")


@login_not_required
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Unsubscribe by a link. A GET only shows one button, for scanners of mail open every link; the POST acts, also that of RFC 8058.

    csrf_exempt: what a forged request would need is the token, and mail programs have no cookie of ours.
    """
    try:
        person, kind = unsubscribe.read(token)
    except Refusal as refusal:
        return _private(render(request, "questions/over.html", {"sentence": str(refusal)}, status=refusal.status))
    if request.method == "POST":
        change = unsubscribe.begin_again if "again" in request.POST else unsubscribe.end
        change(person, kind)
    return _private(_page(request, person, kind))


def _page(request: HttpRequest, person: User | Donor, kind: Kind) -> HttpResponse:
    with override(person.language or get_language()):
        context = {"kind": kind, "is_ended": unsubscribe.is_ended(person, kind)}
        return render(request, "notices/unsubscribe.html", context)


def _private(response: HttpResponse) -> HttpResponse:
    """Keep the link from other sites and from search machines."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
