"""Write a line into the open terminals of a guest, over SSH, with a key of the portal's own that can do nothing else.

The guest holds the portal's public key with a command that the guest's own sshd runs in place of whatever is asked for: it reads
one line and writes it to the terminals of that user. So whoever stole the key could write lines, too, and no more. The way there is
the portal's own (machines.ssh_contact), not the public port, and a guest with another host key than its own gets no line.
"""

import asyncio
import contextlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from machines import host_keys, ssh_contact
from machines.ssh_contact import Contact, Fault, Guest, OtherHostKey

# asyncssh is imported where a line is written: it would add a fifth to the start of every process, and only a worker writes.
if TYPE_CHECKING:
    import asyncssh

AT_ONCE = 20  # guests side by side
LONGEST = 300  # characters of a line
MOST_READ = 10_000  # characters of what a guest says
COMMENT = "minga-lines-in-terminals"
# POSIX, for dash, ash and BusyBox. No quotes and no backslashes: servers unpack those in authorized_keys in different ways. A write
# to a terminal that was stopped (Ctrl-S) hangs, so all writers are killed after a second.
SCRIPT = (
    "set -- /dev/pts/[0-9]*; set -f; IFS=; line=$(head -c 1200 | tr -d [:cntrl:]); p=; "
    "for t do [ -O $t ] && [ -w $t ] && { echo; printf %s $line; echo; } > $t && echo told & p=$p$!,; done 2> /dev/null; "
    "sleep 1; IFS=,; kill $p 2> /dev/null; exit 0"
)
OPTIONS = f"restrict,command=\"exec sh -c '{SCRIPT}'\""


@dataclass(frozen=True, slots=True)
class Written:
    """terminals: into how many. `fault` says why into none; `again`: it may be better in a moment.

    shown: another host key than the known one.
    """

    terminals: int = 0
    fault: str = ""
    again: bool = False
    shown: str = ""


def key_line() -> str:
    """Return the line for a guest's authorized_keys, options first; '' where the portal has no key."""
    key = _key()
    if key is None:
        return ""
    kind_and_key = " ".join(key.export_public_key().decode().split()[:2])
    return f"{OPTIONS} {kind_and_key} {COMMENT}"


def has_key() -> bool:
    return _key() is not None


def write(lines: Mapping[Contact, str]) -> dict[Contact, Written]:
    """Write each machine its line, AT_ONCE side by side; that takes seconds, however many of them do not answer."""
    waiting, written = list(lines), dict[Contact, Written]()
    while waiting:
        some, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        written |= _write({one: lines[one] for one in some})
    return written


def _write(lines: Mapping[Contact, str]) -> dict[Contact, Written]:
    ways = ssh_contact.guests(lines)
    there = {one: way for one, way in ways.items() if isinstance(way, Guest)}
    sent = asyncio.run(send({way: lines[one] for one, way in there.items()}))
    faults = {one: Written(fault=way.text, again=way.again) for one, way in ways.items() if isinstance(way, Fault)}
    written = faults | {one: _noted(one, sent[way]) for one, way in there.items()}
    host_keys.shown_again(one.disk.machine for one, line in written.items() if not (line.again or line.shown))
    return written


def _noted(one: Contact, written: Written) -> Written:
    """Write down that the guest showed another host key. It may have been reset meanwhile: then it is asked again."""
    if not written.shown or host_keys.refuse(one.disk, written.shown):
        return written
    return replace(written, again=True)


def one_line(text: str) -> str:
    """Remove everything that a terminal would obey: control and format characters of all of Unicode, line ends too."""
    spaced = " ".join(text.split())
    return "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))[:LONGEST]


def _key() -> "asyncssh.SSHKey | None":
    path = Path(settings.PORTAL_KEY_FILE)
    if not settings.PORTAL_KEY_FILE or not path.is_file():
        return None
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, changed: int) -> "asyncssh.SSHKey":
    import asyncssh

    return asyncssh.read_private_key(path)


async def send(lines: Mapping[Guest, str]) -> dict[Guest, Written]:
    """Write each guest its line, all side by side."""
    sent = await asyncio.gather(*(_send(guest, line) for guest, line in lines.items()))
    return dict(zip(lines, sent, strict=True))


async def _send(guest: Guest, line: str) -> Written:
    import asyncssh

    key = _key()
    if key is None:
        return Written(fault="The portal has no key of its own.")
    try:
        async with asyncio.timeout(ssh_contact.SECONDS):
            return await _said(guest, one_line(line), key)
    except OtherHostKey as error:
        return Written(fault=str(error), shown=error.shown)
    except asyncssh.PermissionDenied:
        return Written(fault="The guest does not know the portal's key.")
    except Exception as error:
        fault = ssh_contact.fault_of(error)
        return Written(fault=fault.text, again=fault.again)


async def _said(guest: Guest, line: str, key: "asyncssh.SSHKey") -> Written:
    async with ssh_contact.signed_in(guest, [key], request_pty=False) as connection:
        # The guest runs the command beside the key, whatever is asked for. This word only shows in its log.
        process = await connection.create_process("minga-line", errors="replace")
        with contextlib.suppress(OSError):  # a guest that runs another command may not read it
            process.stdin.write(f"{line}\n")
            process.stdin.write_eof()
        said = ""
        while len(said) < MOST_READ and (more := await process.stdout.read(MOST_READ)):
            said += more
    count = said.split().count("told")
    return Written(count) if count else Written(fault="No terminal is open.")
