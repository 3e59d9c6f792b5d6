"""The world that the page is followed in: the server, the VPS, what lies between them, and the ways out."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType

from tests.installation import cloud, rootfs
from tests.installation.answers import PORTS_SITE, SERVER_ADDRESS, SITE, Answers
from tests.installation.copied import Copy
from tests.installation.network import Namespace, Ways
from tests.installation.nspawn_guest import Guest
from tests.installation.walk import Failed, Walk

VPS_ADDRESS = "192.0.2.2"
PATIENCE_SECONDS = 60
NO_CLOUD = (
    "There is no test cloud (../shared/openstack/up): no machine is launched, and what asks the cloud is left out."
)


class World:
    def __init__(self, folder: Path, *, has_cloud: bool) -> None:
        self.folder, self.has_cloud, self.stack = folder, has_cloud, ExitStack()
        self.seconds: dict[str, float] = {}
        self.copy = Copy(folder / "copy.git")
        self.answers = Answers()
        self.machine = ""  # the first one's id, while it is in the cloud

    def __enter__(self) -> "World":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()

    def prepare(self) -> None:
        """Start two guests, a cable between them, and the ways out."""
        began = time.monotonic()
        cache = self.stack.enter_context(rootfs.cache())
        archive = rootfs.base(cache)
        self.seconds["the base of the root filesystem"] = time.monotonic() - began
        self._wire()
        self._boot(archive, cache)
        if self.has_cloud:
            cloud.forget()
            self.stack.callback(lambda: cloud.forget(self.machine))
        else:
            print(NO_CLOUD)
        self.seconds["two guests booted"] = time.monotonic() - began - self.seconds["the base of the root filesystem"]

    @cached_property
    def walk(self) -> Walk:
        openstack = cloud.run if self.has_cloud else None
        address = cloud.ADDRESS if self.has_cloud else SERVER_ADDRESS
        return Walk(self.server, self.vps, self.answers, openstack, address)

    def _wire(self) -> None:
        names = f"minga-server-{os.getpid()}", f"minga-vps-{os.getpid()}"
        self.inside, self.outside = (Namespace(name) for name in names)
        self.stack.callback(self.outside.remove)
        self.stack.callback(self.inside.remove)
        self.inside.wire(self.outside, SERVER_ADDRESS, VPS_ADDRESS)
        self.ways = Ways()
        self.ways.proxy(self.inside.path, rootfs.PROXY_PORT)
        if self.has_cloud:
            cloud.reach(self.inside, self.ways)
        self.https = self.ways.forward(None, 0, ("127.0.0.1", 443), of=self.inside.path)

    def _boot(self, archive: Path, cache: Path) -> None:
        binds = {
            cache / "apt": "/var/cache/apt/archives",
            cache / "pip": "/root/.cache/pip",
            cache / "npm": "/root/.npm",
        }
        for outside in binds:
            outside.mkdir(exist_ok=True)
        binds[self.copy.place] = "/srv/minga.git"
        self.server = Guest(
            self.folder / "server", self.inside.path, binds, rootfs.THROUGH_THE_PROXY, self.folder / "server.log"
        )
        self.vps = Guest(self.folder / "vps", self.outside.path, log=self.folder / "vps.log")
        rootfs.unpack(archive, self.server.root, "labs", {"127.0.0.2": SITE, VPS_ADDRESS: PORTS_SITE})
        rootfs.unpack(archive, self.vps.root, "vps", {})
        rootfs.lead_to_the_registries(self.server.root)
        (self.vps.root / "root/setup.sh").write_bytes((Path(__file__).parents[2] / "deploy/vps/setup.sh").read_bytes())
        for guest in (self.vps, self.server):
            self.stack.callback(guest.halt)
            guest.boot()

    def ask(self, command: str) -> str:
        """A claim's own question in the server; it must be answered."""
        ran = self.server.run(command, user="root")
        if ran.code:
            raise Failed(f"{command}\nended with {ran.code} and said:\n{ran.output[-3000:]}")
        return ran.output.strip()

    def until(self, true: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        ends = time.monotonic() + seconds
        while not true():
            if time.monotonic() > ends:
                raise Failed(f"not within {seconds} s: {what}")
            time.sleep(0.5)  # each look starts a program in the guest

    def journal(self) -> str:
        """The end of what the services have logged, for whoever mends it."""
        ran = self.server.run("journalctl --no-pager --lines 60 --unit 'minga-*' --unit caddy", user="root")
        return ran.output[-6000:]
