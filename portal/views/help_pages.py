"""Help: the list of pages, a search over their sections, and each page of docs/ in the portal's frame."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from portal import access
from portal.help import contents
from portal.help.documents import Document, document
from portal.help.search import MOST_ASKED, search


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the pages that this person may read, by their readers; answer a search."""
    asked = " ".join(request.GET.get("q", "")[:MOST_ASKED].split())
    language = _language()
    found = search(asked, language=language, may_read=lambda page: _may_read(request, page)) if asked else []
    groups = [(audience, _listed(request, audience, language)) for audience in contents.Audience]
    context = {
        "asked": asked,
        "found": found,
        "groups": [(audience, contents.HEADINGS[audience], pages) for audience, pages in groups if pages],
    }
    return render(request, "help/index.html", context)


@login_not_required
@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    """Show a page in the reader's language, or in English where it has not been translated."""
    wanted = contents.BY_NAME.get(name)
    if wanted is None:
        raise Http404
    if not _may_read(request, wanted):
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.get_full_path(), reverse("account_login"))
    return render(request, "help/page.html", {"document": document(wanted, _language()), "language": _language()})


def _language() -> str:
    return contents.SPANISH if get_language() == contents.SPANISH else "en"


def _may_read(request: HttpRequest, page: contents.Page) -> bool:
    """Return whether this person, signed in or not, may read a page."""
    return not page.is_for_admins or (request.user.is_authenticated and access.administers(request.user))


def _listed(request: HttpRequest, audience: contents.Audience, language: str) -> list[Document]:
    pages = [page for page in contents.PAGES if page.audience is audience and _may_read(request, page)]
    return [document(page, language) for page in pages]
