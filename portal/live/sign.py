"""A live process leaves a sign in Redis; web looks for it."""

from lib.events import database

SECONDS = 12.0  # after its last sign it counts as away


def key(url: str) -> str:
    return f"minga:{database(url)}:live"
