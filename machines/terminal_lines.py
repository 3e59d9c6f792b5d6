"""Write a line into the open terminals of a guest, over SSH, with a key of the portal's own that can do nothing else.

The guest holds the portal's public key with a command that the guest's own sshd runs in place of whatever is asked for: it reads
one line and writes it to the terminals of that user. So whoever stole the key could write lines, too, and no more. The host key
of a guest is not pinned: guests make theirs at their first boot, and nothing tells the portal which it is. What goes over is the
same line that all who sit there read, and a key pair cannot be used by somebody in the middle to sign in elsewhere.
"""

import asyncio
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

# asyncssh is imported where a line is written: it would add a fifth to the start of every process, and only a worker writes.
if TYPE_CHECKING:
    import asyncssh

SECONDS = 5.0  # for one guest: connecting, signing in, writing
AT_ONCE = 20  # guests side by side
LONGEST = 300  # characters of a line
# asyncssh would offer some fifty algorithms. Dropbear hangs up at so long a list.
HOST_KEYS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
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
class Guest:
    """Address of a machine's SSH from outside, and the user as whom its person signs in."""

    host: str
    port: int
    user: str


@dataclass(frozen=True, slots=True)
class Written:
    """terminals: into how many. `fault` says why into none; `again`: it may be better in a moment."""

    terminals: int = 0
    fault: str = ""
    again: bool = False


def key_line() -> str:
    """Return the line for a guest's authorized_keys, options first; '' where the portal has no key."""
    key = _key()
    if key is None:
        return ""
    kind_and_key = " ".join(key.export_public_key().decode().split()[:2])
    return f"{OPTIONS} {kind_and_key} {COMMENT}"


def has_key() -> bool:
    return _key() is not None


def write(lines: dict[Guest, str]) -> dict[Guest, Written]:
    """Write each guest its line, many side by side; takes seconds, however many do not answer."""
    return asyncio.run(_all(lines))


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


async def _all(lines: dict[Guest, str]) -> dict[Guest, Written]:
    few = asyncio.Semaphore(AT_ONCE)

    async def one(guest: Guest, line: str) -> Written:
        async with few:
            return await _write(guest, line)

    return dict(zip(lines, await asyncio.gather(*(one(g, text) for g, text in lines.items())), strict=True))


async def _write(guest: Guest, line: str) -> Written:
    import asyncssh

    key = _key()
    if key is None:
        return Written(fault="The portal has no key of its own.")
    try:
        async with asyncio.timeout(SECONDS):
            return await _said(guest, one_line(line), key)
    except asyncssh.PermissionDenied:
        return Written(fault="The guest does not know the portal's key.")
    except TimeoutError:
        return Written(fault=f"Its SSH did not answer within {SECONDS:g} s.", again=True)
    except Exception as error:  # a guest may answer anything: it must not cost another guest its line
        return Written(fault=f"Its SSH could not be reached: {error or type(error).__name__}"[:200], again=True)


async def _said(guest: Guest, line: str, key: "asyncssh.SSHKey") -> Written:
    import asyncssh

    async with asyncssh.connect(guest.host, guest.port, username=guest.user, **_options(key)) as connection:
        # The guest runs the command beside the key, whatever is asked for. This word only shows in its log.
        done = await connection.run("minga-line", input=f"{line}\n", check=False)
    count = _lines(done.stdout).count("told")
    return Written(count) if count else Written(fault="No terminal is open.")


def _lines(output: object) -> list[str]:
    return str(output or "").split()


def _options(key: "asyncssh.SSHKey") -> dict[str, object]:
    """Return options that use nothing of whoever runs the worker: no agent, no configuration, no other keys."""
    return {
        "client_keys": [key], "known_hosts": None, "agent_path": None, "config": None, "gss_host": None,
        "preferred_auth": "publickey", "request_pty": False, "server_host_key_algs": HOST_KEYS,
        "x509_trusted_certs": None, "x509_trusted_cert_paths": [],
    }  # fmt: skip
