"""`python -m deploy.local`: all of Minga on this computer. PORT and DATA say where."""

import os
import sys
from pathlib import Path

from deploy.local import leftovers, place
from deploy.local.supervisor import Supervisor, say
from deploy.local.troubles import Trouble


def main() -> int:
    data = Path(os.environ.get("DATA") or _folder()).expanduser().absolute()
    try:
        lock = place.take(data)
        for name in leftovers.end_all(data / "run"):
            say(f"{name} was left over from an earlier start; ended it.")
        Supervisor(place.settle(data, os.environ.get("PORT") or "8000", lock)).run()
    except Trouble as trouble:
        print(f"minga: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _folder() -> str:
    """Each cloud has its own: the rows of one would be strangers on the other."""
    cloud = os.environ.get("OS_CLOUD") or ("openstack" if os.environ.get("OS_AUTH_URL") else "")
    return f".data-{cloud}" if cloud else ".data"


if __name__ == "__main__":
    sys.exit(main())
