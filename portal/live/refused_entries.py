"""Visitors who were not let in."""

import logging
from collections import Counter

from lib import seldom

log = logging.getLogger("portal.live")


def note_refusal(counts: Counter[str], status: int, reason: str) -> None:
    """Count a refusal for /metrics, and name it in the log, seldom: refusals are as many as strangers like, and the path is their word."""
    text = "connections are refused: %d %s"
    seldom.info(log, f"refused {reason}", text, status, reason, memory=seldom.OWN)
    counts[f"refused {reason}"] += 1
