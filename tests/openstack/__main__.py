"""`python -m tests.openstack [pytest's options]`: the tests against the OpenStack of OS_CLOUD, or else of the bench beside the repository.

Where a network namespace OPENSTACK_NAMESPACE (labcloud) is the only place from which guests are reached, all of it runs in there.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT.parent / "shared" / "openstack" / "clouds.yaml"
HERE = Path(__file__).resolve().parent


def main() -> None:
    if not os.environ.get("OS_CLOUD"):
        if not BENCH.exists():
            sys.exit("OS_CLOUD names no cloud. Say which one of your clouds.yaml is the portal's service user.")
        os.environ.setdefault("OS_CLIENT_CONFIG_FILE", str(BENCH))
        os.environ["OS_CLOUD"] = "labcloud-portal"
    os.chdir(ROOT)
    command = [sys.executable, "-m", "pytest", str(HERE), *sys.argv[1:]]
    os.execvp("ip" if _inside() else command[0], [*_inside(), *command])


def _inside() -> list[str]:
    """The words that enter the namespace, if there is one and we are not in it already."""
    name = os.environ.get("OPENSTACK_NAMESPACE", "labcloud")
    place = Path("/run/netns") / name
    if not place.exists() or place.stat().st_ino == Path("/proc/self/ns/net").stat().st_ino:
        return []
    return ["ip", "netns", "exec", name]


if __name__ == "__main__":
    main()
