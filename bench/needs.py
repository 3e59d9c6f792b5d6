"""Say in one sentence, before a bench begins, what it needs of this computer and does not find."""

import os
import shutil
import sys

PACKAGES = {
    "sshd": "openssh-server", "ssh": "openssh-client", "ssh-keygen": "openssh-client", "ip": "iproute2",
    "qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils", "mke2fs": "e2fsprogs",
}  # fmt: skip
# sshd is where a normal user's PATH often does not look.
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def tools(*names: str) -> None:
    """End with a sentence and status 2 where one of these programs is missing."""
    missing = [name for name in names if not shutil.which(name, path=PATH)]
    if missing:
        packages = " ".join(dict.fromkeys(PACKAGES[name] for name in missing))
        print(f"This bench needs {' and '.join(missing)}. On Debian: apt install {packages}", file=sys.stderr)
        sys.exit(2)
