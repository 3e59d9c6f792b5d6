"""Addresses of the live process, and for what a ticket to each is made: for those who hand them out, and for the doors there."""

from uuid import UUID

MACHINE_ID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"  # in the patterns by which the doors know their addresses
SESSION = r"[a-z0-9]{1,20}"  # the name of a terminal
TERMINAL = "/live/terminal/{machine}/{name}"
FILES = "/live/files/{machine}"
CHECK = "/live/check/{machine}"


def terminal_purpose(machine: UUID) -> str:
    """Return the purpose of a ticket to the terminals of a machine."""
    return f"terminal {machine}"


def files_purpose(machine: UUID, method: str) -> str:
    """Return the purpose of a ticket to the files of a machine: a link that reads is no good for a deletion."""
    return f"files {machine} {method}"


def check_purpose(machine: UUID) -> str:
    """Return the purpose of a ticket to a check of the way to a machine."""
    return f"check {machine}"
