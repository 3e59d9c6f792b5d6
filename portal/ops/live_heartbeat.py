"""The sign of life that a live process leaves in Redis, for /readyz of web."""

from lib.events import database

SECONDS = 12.0  # after its last one the process counts as away


def key(url: str) -> str:
    return f"minga:{database(url)}:live"
