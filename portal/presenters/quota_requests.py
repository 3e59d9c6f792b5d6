"""A request for more as its readers see it."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from courses.models import Template
from lib.measures import MEASURES
from quotas.models import QuotaRequest
from quotas.request_mails import title_of
from quotas.sentences import in_words


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request, with the slug of its template ('' where that is gone)."""

    row: QuotaRequest
    slug: str

    @property
    def title(self) -> str:
        return title_of(self.row)

    @property
    def amounts(self) -> dict[str, int]:
        """Return what is asked for, by measure; what is not asked for is left out."""
        return {m: n for m, n in zip(MEASURES, astuple(self.row.size), strict=True) if n}

    @property
    def words(self) -> str:
        """Say what is asked for: 1 machine, 1 processor, 256 MB of memory."""
        return ", ".join(str(in_words(measure, amount)) for measure, amount in self.amounts.items())

    @property
    def tone(self) -> str:
        return {"open": "tone-busy", "approved": "tone-on"}.get(self.row.state, "tone-away")

    @property
    def is_open(self) -> bool:
        return self.row.state == QuotaRequest.State.OPEN


def shown_requests(rows: Iterable[QuotaRequest]) -> list[ShownRequest]:
    """Return these requests as they are shown. Costs one query beside theirs."""
    found = list(rows)
    slugs = dict(Template.objects.filter(pk__in={row.subject for row in found}).values_list("pk", "slug"))
    return [ShownRequest(row, slugs.get(row.subject, "")) for row in found]
