"""Files of a machine as links on its page: the live process sends them."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal import live_links
from portal.signed_in import SignedIn
from portal.views.machine_page import find


@require_GET
@never_cache
def download(request: SignedIn, pk: UUID) -> HttpResponse:
    """Lead to a file, a folder as tar, or the home, with a ticket that is good once."""
    row = find(request, pk, "dial")
    return HttpResponse(status=303, headers={"Location": live_links.to_files(request, row.pk)})
