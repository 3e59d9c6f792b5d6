"""Reading reports of agents in the portal. Their format: tunnels.agent.protocol."""

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal
from tunnels.agent.protocol import Malformed, Report


class BadReport(Refusal):
    status = 400
    code = "bad_report"


def read_report(body: bytes) -> Report:
    """Read what an agent has sent. Raises BadReport."""
    try:
        return Report.parse(body)
    except Malformed:
        raise BadReport(_("This is not a report of an agent: see docs/admin/tunnels.md.")) from None
