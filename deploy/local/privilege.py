"""Run PostgreSQL, which refuses root, as the user nobody where Minga is started by root, as in most containers.

That user cannot walk through a folder like /root (mode 700), nor start a program that was installed with umask 077. Instead of
loosening the person's folders, or copying the server, the process then keeps the one capability that it needs (docs/adr/0002).
"""

import ctypes
import os
import pwd
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.local.errors import LauncherError

PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAP_SETPCAP = 8
CAPABILITIES_VERSION_3 = 0x20080522
# PostgreSQL asks access(2) whether it may start its own programs. Without this bit, access(2) ignores the capabilities of an
# ordinary user, and PostgreSQL says "Permission denied" of a file that it could read.
SECBIT_NO_SETUID_FIXUP = 1 << 2


def is_root() -> bool:
    return os.geteuid() == 0


def lesser_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise LauncherError(
            "PostgreSQL does not run as root, and there is no user nobody. Start Minga as an ordinary user."
        ) from None


def give_away(folder: Path) -> None:
    """Make the lesser user the owner of the folder and of all in it."""
    user = lesser_user()
    for place, _, names in os.walk(folder):
        for path in (place, *(os.path.join(place, name) for name in names)):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def drop(paths: list[Path]) -> Callable[[], None] | None:
    """Return what a child process must do before it becomes PostgreSQL; None for an ordinary user. `paths`: what it must reach."""
    if not is_root():
        return None
    user, capability = lesser_user(), _needed_capability(paths, _permitted())
    libc = ctypes.CDLL(None, use_errno=True)

    def become() -> None:
        if capability is not None:
            _must(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        if capability is not None:
            _keep_only(libc, capability)

    return become


def not_started(program: str, error: Exception) -> LauncherError:
    """Return the sentence for a PostgreSQL that did not start: it took too long, or the system forbids what `drop` asks for."""
    return LauncherError(
        f"{program} could not be started here ({error}). "
        + (
            "Start Minga as an ordinary user, not as root."
            if is_root()
            else "Is its folder on a disk that runs programs?"
        )
    )


def _needed_capability(paths: list[Path], permitted: int) -> int | None:
    """Return None where everybody may reach the paths; else the smallest capability of `permitted` (bits) that opens them.

    Raises LauncherError where there is none.
    """
    closed = [path for path in paths if not _is_open(path)]
    if not closed:
        return None
    # READ_SEARCH cannot start a program that only root may start. OVERRIDE can, and is the only one that Docker leaves.
    fits = [CAP_DAC_OVERRIDE] if any(map(_has_closed_program, paths)) else [CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE]
    found = next((one for one in fits if permitted & 1 << one), None)
    if found is None or not permitted & 1 << CAP_SETPCAP:
        raise LauncherError(
            f"PostgreSQL does not run as root, and nobody else may enter {closed[0]}. Start Minga as an ordinary user, or from "
            "a clone in a folder that everybody may enter, like /srv."
        )
    return found


def _is_open(path: Path) -> bool:
    """Return whether everybody may walk to this path and start the programs in it."""
    folders = path.resolve().parents
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders) and not _has_closed_program(path)


def _has_closed_program(path: Path) -> bool:
    """Return whether its programs were installed for their owner only (umask 077). The data's folder, private by design, has none."""
    return any(not file.stat().st_mode & stat.S_IXOTH for file in _programs(path))


def _programs(path: Path) -> Iterator[Path]:
    return (path / name for name in ("initdb", "postgres") if (path / name).is_file())


def _permitted() -> int:
    """Return the capabilities that this process has, as bits; none where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1], 16) for line in lines if line.startswith("CapPrm")), 0)


def _keep_only(libc: ctypes.CDLL, capability: int) -> None:
    """Give up all capabilities but one, and keep that one over exec (capset and an ambient capability)."""
    bits = 1 << capability
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION_3, 0)
    # Effective, permitted, inheritable; then their high halves.
    wanted = (ctypes.c_uint32 * 6)(bits, bits, bits, 0, 0, 0)
    _must(libc.capset(header, wanted))
    _must(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _must(failed: int) -> None:
    if failed:
        raise OSError(ctypes.get_errno(), "keeping the capability to walk through closed folders")
