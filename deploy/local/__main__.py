"""`python -m deploy.local`: all of Minga on this computer. PORT and DATA say where."""

import os
import sys
from pathlib import Path

from deploy.local import installation, pidfiles
from deploy.local.errors import LauncherError
from deploy.local.supervisor import Supervisor, say


def main() -> int:
    data = Path(os.environ.get("DATA") or _folder()).expanduser().absolute()
    try:
        lock = installation.take(data)
        for name in pidfiles.end_leftovers(data / "run"):
            say(f"{name} was left over from an earlier start; ended it.")
        Supervisor(installation.settle(data, os.environ.get("PORT") or "8000", lock)).run()
    except LauncherError as error:
        print(f"minga: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _folder() -> str:
    """Return the default of DATA. Each cloud has a folder of its own: the rows of one cloud mean nothing on another."""
    cloud = os.environ.get("OS_CLOUD") or ("openstack" if os.environ.get("OS_AUTH_URL") else "")
    return f".data-{cloud}" if cloud else ".data"


if __name__ == "__main__":
    sys.exit(main())
