"""The authorized_keys of a simulated guest: files as in a real one, and what the portal's script does to them."""

import shlex
from collections.abc import Iterable

import asyncssh

from cloud.localcloud.simulated_files import FileError, SimulatedFiles

HOMES = {"student": "/home/student", "root": "/root"}
SCRIPT = "sh -s -- "  # how machines.authorized_keys calls its script, which comes over stdin


def path_of(user: str) -> str:
    return f"{HOMES[user]}/.ssh/authorized_keys"


def at_first_start(texts: dict[str, str], lines: Iterable[str]) -> dict[str, str]:
    """Return the files of a new disk: to what an archive knew already come the keys of the server."""
    found = {}
    for path in map(path_of, HOMES):
        known = texts.get(path, "").splitlines()
        found[path] = "".join(f"{line}\n" for line in dict.fromkeys([*known, *map(str.strip, lines)]))
    return {**texts, **found}


def lines_of(files: SimulatedFiles, user: str, otherwise: list[str]) -> list[str]:
    """Return whom the guest lets in as this user. A disk of an older version has no such file."""
    text = files.texts.get(path_of(user))
    return otherwise if text is None else text.splitlines()


def change(files: SimulatedFiles, user: str, command: str, otherwise: list[str]) -> str:
    """Do what the portal's script does in a real guest. Return its output."""
    _sh, _s, _end, verb, *wanted = shlex.split(command)
    lines = lines_of(files, user, otherwise)
    for key in wanted:
        blob = key.split()[1]
        if verb == "take":
            lines = [line for line in lines if blob not in line]
        elif not any(blob in line for line in lines):
            lines.append(key)
    try:
        files.write(path_of(user), "".join(f"{line}\n" for line in lines))
    except FileError as trouble:
        return f"{trouble}\nminga:failed\n"
    return "minga:done\n"


def parsed(lines: Iterable[str]) -> asyncssh.SSHAuthorizedKeys | None:
    """Return the keys, with their options as a real sshd reads them."""
    good = "\n".join(line for line in lines if _is_readable(line))
    return asyncssh.import_authorized_keys(good) if good else None


def _is_readable(line: str) -> bool:
    """Return whether the line is a key. A bad line must not keep the others from working."""
    try:
        asyncssh.import_authorized_keys(line)
    except ValueError:
        return False
    return True
