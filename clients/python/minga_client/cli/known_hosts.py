"""Host keys of machines, by the machine's id: a public port may be another machine's tomorrow."""

import subprocess
from contextlib import suppress
from pathlib import Path

from ..models import Machine
from .config import folder


def path() -> Path:
    return folder() / "known_hosts"


def quoted_path() -> str:
    """Return the path as one word of ssh's configuration, where blanks separate and % begins a token."""
    return '"' + str(path()).replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"') + '"'


def alias(machine: Machine) -> str:
    return f"minga-{machine.id}"


def forget(machine: Machine) -> None:
    """Forget the key of a machine that gets another one, or goes. Without ssh-keygen there is no key to forget."""
    if path().exists():
        with suppress(FileNotFoundError):
            subprocess.run(["ssh-keygen", "-q", "-R", alias(machine), "-f", path()], capture_output=True, check=False)
