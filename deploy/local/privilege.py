"""PostgreSQL refuses to run as root. In a container root is often all there is, so there it runs as nobody.

Nobody cannot walk through a folder like /root (mode 700). Instead of loosening the person's folders, or copying the
server, the process then keeps the one capability that walks through closed folders (docs/adr/0002).
"""

import ctypes
import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path

from deploy.local.troubles import Trouble

PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITIES_VERSION_3 = 0x20080522


def is_root() -> bool:
    return os.geteuid() == 0


def lesser_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise Trouble(
            "PostgreSQL does not run as root, and there is no user nobody. Start Minga as an ordinary user."
        ) from None


def give_away(folder: Path) -> None:
    """Make the folder the lesser user's, with all in it."""
    user = lesser_user()
    for place, _, names in os.walk(folder):
        for path in (place, *(os.path.join(place, name) for name in names)):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def drop(paths: list[Path]) -> Callable[[], None] | None:
    """What a child process must do before it becomes PostgreSQL; None for an ordinary user. `paths`: what it must reach."""
    if not is_root():
        return None
    user, capability = lesser_user(), None if all(map(_is_open, paths)) else _walking_capability()
    libc = ctypes.CDLL(None, use_errno=True)

    def become() -> None:
        if capability is not None:
            libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        if capability is not None:
            _keep(libc, capability)

    return become


def _is_open(path: Path) -> bool:
    """May everybody walk to this path?"""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def _walking_capability() -> int:
    """The smaller of the two that we have: to read everything, else to write everything (all that Docker leaves)."""
    status = Path("/proc/self/status")
    permitted = 0
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("CapPrm"))
        permitted = int(line.split()[1], 16)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if permitted & 1 << capability:
            return capability
    raise Trouble(
        "PostgreSQL does not run as root, and nobody else may enter this folder. Start Minga as an ordinary user."
    )


def _keep(libc: ctypes.CDLL, capability: int) -> None:
    """Keep one capability over the change of user and over exec (capset and an ambient capability)."""
    bits = 1 << capability
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION_3, 0)
    wanted = (ctypes.c_uint32 * 6)(
        bits, bits, bits, 0, 0, 0
    )  # effective, permitted, inheritable; then their high halves
    if libc.capset(header, wanted) or libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0):
        raise OSError(ctypes.get_errno(), "keeping the capability to walk through closed folders")
