"""A computer on which nobody has used ssh yet, for lines that are run exactly as they were copied."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

# ssh asks the user database for its home folder, not HOME: so the fresh folder is mounted there, in a namespace of its own.
IN_IT = 'mount --bind "$1" /root && exec sh -c "$2"'
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


class FreshHome:
    """A home folder with nothing in it but ~/Downloads."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        (self.home / "Downloads").mkdir(parents=True)
        self.answers_yes = folder / "yes"
        self.answers_yes.write_text("#!/bin/sh\necho yes\n")
        self.answers_yes.chmod(0o755)

    def run(self, line: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Paste a line into a terminal there, answer what ssh asks with yes, and type. After two minutes, as by Ctrl-C, the code is 124."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SSH_")}
        environment |= {"HOME": "/root", "SSH_ASKPASS": str(self.answers_yes), "SSH_ASKPASS_REQUIRE": "force"}
        whole = ["timeout", "120", *NAMESPACE, "sh", "-c", IN_IT, "sh", str(self.home), line]
        return subprocess.run(whole, env=environment, input=typed, capture_output=True, text=True)


def fresh_home(folder: Path) -> FreshHome:
    """Make one; skips the test where this system gives nobody a namespace."""
    tried = shutil.which("unshare") and subprocess.run([*NAMESPACE, "true"], capture_output=True)
    if not tried or tried.returncode:
        pytest.skip("no user namespaces here: unshare --user --mount")
    return FreshHome(folder)
