"""A system check: files with keys to machines must be closed to everybody else on the computer."""

import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks

FILES = ("MACHINE_KEYS_FILE", "PORTAL_KEY_FILE")
ANYBODY = stat.S_IROTH | stat.S_IWOTH


@checks.register(checks.Tags.security)
def files_closed(**_more: Any) -> list[checks.CheckMessage]:
    """Warn about each file that any user of this computer may read or write. One that cannot be looked at is not ours to judge."""
    return [
        checks.Warning(
            f"{name}={path} may be read or written by every user of this computer, and it opens students' machines.",
            hint=f"chmod o-rwx {path}",
            id="minga.W002",
        )
        for name in FILES
        if (path := getattr(settings, name)) and _is_open(Path(path))
    ]


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & ANYBODY)
    except OSError:
        return False
