"""Needs that are a number of rows, all of them on one page: the rows of which there should be none."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from lib.notes import two_forms
from portal.dashboard.need_parts import CARE, Found, Need, Rule
from portal.dashboard.snapshot import Snapshot


def _counted(code: str, what: str, texts: tuple[str, str], label: str, route: str, query: str = "") -> Rule:
    """Return the rule about a kind of rows that all are on one page."""

    def rule(seen: Snapshot) -> Found:
        if count := seen.count(what):
            said = ngettext(*texts, count) % {"count": count}
            yield Need(code, CARE, said, _(label), reverse(route) + query)

    return rule


FAILING_ROWS = _counted(
    "rows",
    "failing rows",
    two_forms(
        "%(count)s thing keeps failing; everything else goes on.",
        "%(count)s things keep failing; everything else goes on.",
    ),
    gettext_noop("See which"),
    "failures",
)
FAILED_MAILS = _counted(
    "mails-failed",
    "mails failed",
    two_forms(
        "%(count)s mail of the last 7 days was not delivered.",
        "%(count)s mails of the last 7 days were not delivered.",
    ),
    gettext_noop("See why"),
    "notices",
    "?state=failed",
)
FAILED_IMAGES = _counted(
    "images",
    "images failed",
    two_forms("%(count)s system could not be made.", "%(count)s systems could not be made."),
    gettext_noop("Open the catalog"),
    "catalog",
)
LOST_SERVERS = _counted(
    "lost",
    "lost servers",
    two_forms(
        "%(count)s server was made by Minga, but its machine is not known here.",
        "%(count)s servers were made by Minga, but their machines are not known here.",
    ),
    gettext_noop("See which"),
    "servers",
)
OPEN_REQUESTS = _counted(
    "requests",
    "requests",
    two_forms(
        "%(count)s request for more quota waits for an answer.", "%(count)s requests for more quota wait for an answer."
    ),
    gettext_noop("Decide"),
    "requests-to-decide",
)
OFFERS = _counted(
    "offers",
    "offers",
    two_forms(
        "%(count)s computer is offered, and waits for a decision.",
        "%(count)s computers are offered, and wait for a decision.",
    ),
    gettext_noop("Decide"),
    "desk",
    "?state=offered",
)
