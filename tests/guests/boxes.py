"""Guests as a cloud starts them, with cloud-init and the user-data that Minga writes; and beside each the computer of its agent."""

import base64
import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncssh

from cloud.openstack import userdata as user_data
from tests.guests.visitors import Visitors
from tests.installation import rootfs
from tests.installation.network import Namespace, ip
from tests.installation.nspawn_guest import Guest

AGENT, NEIGHBOUR, GUEST = "192.0.2.1", "192.0.2.3", "192.0.2.2"
LOGIN = "debian"  # who signs in to Debian's own cloud images
PACKAGES = ["ca-certificates", "cloud-init", "dbus", "dropbear", "fail2ban", "iproute2", "nftables", "openssh-client",
            "openssh-server", "procps", "python3", "python3-systemd", "sudo", "systemd-sysv"]  # fmt: skip
SERVICES = {"ssh", "dropbear", "fail2ban"}
SEED = "var/lib/cloud/seed/nocloud"


@dataclass
class Box:
    guest: Guest
    agents: Namespace  # the agent's computer; its second address is a neighbour's
    key: asyncssh.SSHKey
    keys: Path = Path()  # a folder with the agent's files, of a VPS

    def visitors(self, address: str = AGENT) -> Visitors:
        return Visitors(self.agents.path, address, GUEST, LOGIN, self.key)

    def ask(self, command: str) -> str:
        """A question in the guest, which must be answered."""
        ran = self.guest.run(command, user="root")
        assert ran.code == 0, f"{command}: {ran.output[-2000:]}"
        return ran.output.strip()


@contextlib.contextmanager
def base() -> Iterator[Path]:
    """Extract the root filesystem that all guests of a run share. Each writes into a layer of its own above it."""
    with TemporaryDirectory(prefix="minga-guests-", dir="/var/tmp") as name, rootfs.cache() as cache:
        rootfs.extract(rootfs.base(cache, PACKAGES), folder := Path(name) / "base")
        yield folder


@contextlib.contextmanager
def booted(base: Path, name: str, *services: str, exempt: tuple[str, ...] = (f"{AGENT}/32",)) -> Iterator[Box]:
    """Boot a guest in which only these services run. `exempt`: AGENT_ADDRESSES as its user-data has them."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix=f"{name}-", dir=base.parent)))
        box = Box(*_wired(stack, folder, name), asyncssh.generate_private_key("ssh-ed25519"))
        _layer(stack, base, folder)
        rootfs.settle(box.guest.root, name, {})
        _seed(box.guest.root, name, box.key.export_public_key().decode().strip(), exempt)
        for unit in ["ssh.socket", *(f"{service}.service" for service in SERVICES - set(services))]:
            (box.guest.root / "etc/systemd/system" / unit).symlink_to("/dev/null")
        stack.callback(box.guest.halt)
        box.guest.boot()
        yield box


def _layer(stack: contextlib.ExitStack, base: Path, folder: Path) -> None:
    for name in ("root", "upper", "work"):
        (folder / name).mkdir()
    layers = f"lowerdir={base},upperdir={folder}/upper,workdir={folder}/work"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, folder / "root"], check=True)
    stack.callback(lambda: subprocess.run(["umount", "--lazy", folder / "root"], check=True))


def _wired(stack: contextlib.ExitStack, folder: Path, name: str) -> tuple[Guest, Namespace]:
    """A guest and the agent's computer with a cable between them."""
    agents, guests = (Namespace(f"minga-{name}-{kind}-{os.getpid()}") for kind in ("agent", "guest"))
    for namespace in (agents, guests):
        stack.callback(namespace.remove)
    agents.wire(guests, AGENT, GUEST)
    ip("-n", agents.name, "address", "add", f"{NEIGHBOUR}/24", "dev", "to-other")
    # fail2ban writes rules of nftables; they are those of the guest's own network.
    options = ("--capability=CAP_NET_ADMIN",)
    return Guest(folder / "root", guests.path, log=folder / "console.log", options=options), agents


def _seed(root: Path, name: str, public_key: str, exempt: tuple[str, ...]) -> None:
    """Leave what Nova's metadata service would answer."""
    (root / SEED).mkdir(parents=True)
    facts = {"instance-id": name, "local-hostname": name, "public-keys": [public_key]}
    (root / SEED / "meta-data").write_text(json.dumps(facts))
    said = user_data.user_data("", (public_key,), agents=exempt)
    (root / SEED / "user-data").write_bytes(base64.b64decode(said or ""))
    for folder in ("etc", "var"):  # else systemd takes it for a computer whose /usr has just been renewed
        (root / folder / ".updated").touch()
    settings = "datasource_list: [ NoCloud ]\nnetwork: {config: disabled}\n"
    (root / "etc/cloud/cloud.cfg.d/99-here.cfg").write_text(settings)


def until(is_true: Callable[[], object], what: str, seconds: float = 60) -> None:
    ends_at = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < ends_at, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.3)
