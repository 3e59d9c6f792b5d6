"""Reports of this process on its terminals for the idle rules: how many are open in each machine, and when they were used."""

import asyncio
import contextlib
import logging
from datetime import datetime

from django.utils import timezone

from lib import seldom
from machines.idle.terminals import QUIET, Reporter, hear
from portal.live.reading import read
from portal.live.terminals.open_terminals import OpenTerminals, of_machines

log = logging.getLogger("portal.live")
SECONDS = 10.0
SOON = 1.0  # seconds until a machine is reported that is used again: it may be about to be put to sleep
LATELY = 2 * QUIET  # use is reported for so long: within it a row is written, unless others hold it all the time


async def report(terminals: OpenTerminals) -> None:
    """Report again and again. While the process stops there is no report: its terminals come back, or are unknown."""
    reporter = Reporter.begin(timezone.now())
    while not terminals.is_draining:
        terminals.used_again.clear()
        begun = timezone.now()
        try:
            await read(hear, reporter, of_machines(terminals), dict(terminals.used_at), begun)
            _forget(terminals, begun - LATELY)
        except Exception as error:  # what was used is told the next time
            seldom.warning(log, "terminals", "the terminals could not be reported: %r", error, memory=seldom.OWN)
        await asyncio.sleep(min(SOON, SECONDS))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(terminals.used_again.wait(), SECONDS - min(SOON, SECONDS))


def _forget(terminals: OpenTerminals, before: datetime) -> None:
    """Forget machines that were not used since then."""
    terminals.used_at = {machine: at for machine, at in terminals.used_at.items() if at > before}
