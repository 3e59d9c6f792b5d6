"""Reports of this process on its terminals for the idle rules: how many are open in each machine, and when they were used."""

import asyncio
import logging
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from lib import seldom
from machines.idle.terminals import Reporter, hear
from portal.live.reading import read
from portal.live.terminals.open_terminals import OpenTerminals, of_machines

log = logging.getLogger("portal.live")
SECONDS = 10.0


async def report(terminals: OpenTerminals) -> None:
    """Report again and again. While the process stops there is no report: its terminals come back, or are unknown."""
    reporter = Reporter.begin(timezone.now())
    unreported: dict[UUID, datetime] = {}
    while not terminals.is_draining:
        unreported |= terminals.used_at
        terminals.used_at = {}
        try:
            await read(hear, reporter, of_machines(terminals), unreported, timezone.now())
            unreported = {}
        except Exception as error:  # what was used is told the next time
            seldom.warning(log, "terminals", "the terminals could not be reported: %r", error, memory=seldom.OWN)
        await asyncio.sleep(SECONDS)
