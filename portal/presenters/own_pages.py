"""Pages of a donor, in their account or by their link: addresses, and the links between them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Donor
from nodes.teams import team
from nodes.thanks import wall


@dataclass(frozen=True, slots=True)
class Own:
    """A donor at a page of their own. `token`: of the link by which they came, '' in their account."""

    donor: Donor
    token: str = ""

    def url(self, page: str = "") -> str:
        """Return the address of another page of theirs; without a name the one that shows what they gave."""
        if self.token:
            return reverse(f"given-{page}" if page else "given", args=[self.token])
        return reverse(f"donating-{page}" if page else "donating")

    @property
    def home(self) -> str:
        return self.url()

    def again(self, page: str) -> HttpResponse:
        return redirect(self.url(page))

    @property
    def links(self) -> Iterator[tuple[str, str]]:
        """Yield the addresses and names of their further pages."""
        if team.has_page(self.donor):
            yield self.url("team"), _("Your team")
        if wall.is_open():
            yield self.url("thanks"), _("The wall of thanks")
        yield self.url("picture"), _("A picture to share")
        yield self.url("data"), _("What is kept of you")
