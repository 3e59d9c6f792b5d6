"""The test cloud of ../shared/openstack, as the portal's server sees it: its APIs on loopback, its guests one cable away."""

import json
import os
import shlex
import subprocess
from pathlib import Path

from tests.installation.answers import ASKS_PASSWORD
from tests.installation.network import Namespace, Ways, ip
from tests.installation.nspawn_guest import Ran, talk

BENCH = Path(__file__).resolve().parents[3] / "shared" / "openstack" / "clouds.yaml"
NAMESPACE = Path("/run/netns/labcloud")
PORTS = (5000, 8774, 8778, 9292, 9696, 6080)
ADDRESS = "10.77.3.251"  # in the guests' network, beyond what its DHCP gives away
OF_THE_STUDENT = "minga-luis-"  # how the portal names his project
ACCOUNT = "minga-portal"  # as the page names user and project
IMAGE, LOGIN, SIZE = "lab-linux", "lab", "m1.micro"


def is_up() -> bool:
    """Keystone answers, and there is a bridge to which guests are tied."""
    try:
        return BENCH.exists() and NAMESPACE.exists() and _admin("token", "issue").code == 0 and bool(_bridge())
    except FileNotFoundError:
        return False  # there is no client


def reach(server: Namespace, ways: Ways) -> None:
    """Tie the server's namespace to the cloud's: as a computer that stands beside it."""
    for port in PORTS:
        ways.forward(server.path, port, ("127.0.0.1", port), of=NAMESPACE)
    device = f"minga{os.getpid()}"[:15]
    ip(
        "link",
        "add",
        "to-guests",
        "netns",
        server.name,
        "type",
        "veth",
        "peer",
        "name",
        device,
        "netns",
        NAMESPACE.name,
    )
    ip("-n", NAMESPACE.name, "link", "set", device, "master", _bridge(), "up")
    ip("-n", server.name, "address", "add", f"{ADDRESS}/22", "dev", "to-guests")
    ip("-n", server.name, "link", "set", "to-guests", "up")


def run(line: str, password: str) -> Ran:
    """A line of the page for the openstack client, with an administrator's credentials."""
    return talk(["env", *_credentials(), *shlex.split(line)], [(ASKS_PASSWORD, password)] * 2)


def forget(machine: str = "") -> None:
    """Take away what a run has left: its machine, the student's project, the portal's account."""
    if machine:
        listed = _admin("server", "list", "--all-projects", "--tags", f"minga-{machine}", "-f", "value", "-c", "ID")
        for server in listed.output.split():
            _admin("server", "delete", "--all-projects", "--wait", server)
    names = _admin("project", "list", "-f", "value", "-c", "Name").output.split()
    for project in [name for name in names if name.startswith(OF_THE_STUDENT)]:
        _admin("project", "delete", project)
    _admin("user", "delete", ACCOUNT)
    _admin("project", "delete", ACCOUNT)


def _bridge() -> str:
    """The bridge of the provider network: the one that holds prov0."""
    told = subprocess.run(
        ["ip", "-n", NAMESPACE.name, "-json", "link", "show", "prov0"], capture_output=True, text=True, check=False
    ).stdout
    return str(json.loads(told or "[{}]")[0].get("master", ""))


def _admin(*words: str) -> Ran:
    done = subprocess.run(["env", *_credentials(), "openstack", *words], capture_output=True, text=True, check=False)
    if done.returncode == 127:
        raise FileNotFoundError(done.stderr)
    return Ran(done.returncode, done.stdout)


def _credentials() -> list[str]:
    return [f"OS_CLIENT_CONFIG_FILE={BENCH}", "OS_CLOUD=labcloud-admin"]
