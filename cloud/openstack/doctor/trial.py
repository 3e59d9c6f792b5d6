"""Try a real machine in a project of its own: timed step by step, and deleted whatever happens."""

import contextlib
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from cloud.contract import (
    CloudBusy,
    CloudError,
    CloudFull,
    CloudRefused,
    Flavor,
    Image,
    Owner,
    Quota,
    Server,
    ServerSpec,
    Status,
)
from cloud.diagnosis import Check, right, wrong
from cloud.openstack import nova_servers
from cloud.openstack.doctor import probe, way_out_trial
from cloud.openstack.doctor.checks_catalog import fits
from cloud.openstack.openstack_cloud import OpenStackCloud

TOPIC = _("Trial machine")
# Always the same, so that the next trial finds what a killed one left behind.
OWNER_KEY = str(uuid.uuid5(uuid.NAMESPACE_URL, "minga:check_cloud:owner"))
MACHINE = str(uuid.uuid5(uuid.NAMESPACE_URL, "minga:check_cloud:machine"))
BUILD_SECONDS = 300.0  # an image of a GB is first copied to its host
BOOT_SECONDS = 180.0
STEP_SECONDS = 90.0
GOODBYE_SECONDS = 120.0
LATE_SECONDS = 45.0  # Nova may still do what we have stopped waiting for
KNOCK_SECONDS = 2.0  # for one attempt at port 22
PAUSE_SECONDS = 0.5
CONSOLE_LINES = 400


class Failed(Exception):
    """A step that failed, with its row."""

    def __init__(self, row: Check) -> None:
        super().__init__(str(row.found))
        self.row = row


def trial(cloud: OpenStackCloud) -> Iterator[Check]:
    """Yield a row for each step. Nothing is left behind, also after Ctrl-C, an error, or a caller that stops reading."""
    run = _Trial(cloud)
    try:
        yield from run.steps()
    except Failed as failed:
        yield failed.row
    except CloudError as error:
        yield wrong(TOPIC, _("The cloud broke it off: %(said)s"), said=str(error)[:300])
    except KeyboardInterrupt:
        yield wrong(TOPIC, _("You broke it off."))
    finally:
        cleaned = clean_up(cloud, LATE_SECONDS if run.is_asking else 0)
    yield cleaned


def clean_up(cloud: OpenStackCloud, watch_seconds: float = 0) -> Check:
    """Delete what a trial made, this one or an earlier. Never raises CloudError.

    watch_seconds: for this long a server may still appear whose launch had no answer.
    """
    began = time.monotonic()
    owner = Owner(OWNER_KEY, "check")
    reason = ""
    while time.monotonic() - began < GOODBYE_SECONDS:
        try:
            if server := cloud.find_server(MACHINE, owner):
                cloud.ensure_deleted(server.id)
            elif time.monotonic() - began >= watch_seconds:
                cloud.ensure_owner_gone(owner)
                return right(TOPIC, _("Deleted, and its project with it, in %(seconds)s s."), seconds=_since(began))
        except CloudError as error:  # the project may not go before the server, and its ports stay a moment longer
            reason = str(error)[:200]
        time.sleep(PAUSE_SECONDS)
    mend = f"openstack server list --all-projects --tags {nova_servers.machine_tag(MACHINE)}\nopenstack project list --tags minga-owner-{OWNER_KEY}"
    return wrong(TOPIC, _("It could not be deleted: %(said)s. Look for it, and delete it by hand:"), mend, said=reason)


@dataclass
class _Trial:
    cloud: OpenStackCloud
    is_asking: bool = False  # for a server, and the answer has not been heard

    def steps(self) -> Iterator[Check]:
        if self.cloud.find_server(MACHINE, Owner(OWNER_KEY)):
            clean_up(self.cloud)
        image, flavor = self.smallest()
        began = time.monotonic()
        server = self.wait(self.launch(image, flavor), Status.ACTIVE, BUILD_SECONDS)
        text = _("“%(image)s” in size %(flavor)s was built on %(host)s in %(seconds)s s, with the address %(address)s.")
        facts = {"image": image.name, "flavor": flavor.name, "host": server.host, "address": server.address}
        yield right(TOPIC, text, seconds=_since(began), **facts)
        yield self.knock(server, began)
        yield from self.way_out(server)
        yield self.screen(server)
        yield from self.sleep(server)

    def smallest(self) -> tuple[Image, Flavor]:
        """Return the image that is copied fastest, in the smallest size that it boots in."""
        flavors = sorted(self.cloud.flavors(), key=lambda f: (f.ram_mb, f.disk_gb, f.vcpus))
        for image in sorted(self.cloud.images(), key=lambda i: i.size_bytes):
            for flavor in flavors:
                if image.ready and fits(image, flavor):
                    return image, flavor
        raise Failed(wrong(TOPIC, _("There is no image with a size that fits."), "manage.py setup_cloud"))

    def launch(self, image: Image, flavor: Flavor) -> Server:
        owner = Owner(OWNER_KEY, "check", Quota(1, flavor.vcpus, flavor.ram_mb))
        spec = ServerSpec(
            machine=MACHINE,
            owner=owner,
            name="minga-check",
            flavor_id=flavor.id,
            image_id=image.id,
            ports=frozenset({22}),
            user_data=probe.script(way_out_trial.targets(self.cloud.way_out)),
        )
        self.is_asking = True
        try:
            server = self.cloud.ensure_server(spec)
        except CloudFull:
            self.is_asking = False
            raise Failed(wrong(TOPIC, _("No computer of the cluster has room for it."))) from None
        self.is_asking = False
        return server

    def wait(self, server: Server, status: Status, seconds: float) -> Server:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            with contextlib.suppress(CloudBusy):
                server = self.cloud.look(server.id)
                if server.status == status and not server.task:
                    return server
                if server.status == Status.ERROR:
                    break
            time.sleep(PAUSE_SECONDS)
        raise Failed(_did_not(server, status))

    def knock(self, server: Server, began: float) -> Check:
        """Connect to port 22 from this computer, as the agent would."""
        ends = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < ends:
            try:
                with socket.create_connection((server.address, 22), KNOCK_SECONDS):
                    text = _(
                        "Port 22 answers this computer, %(seconds)s s after the launch: an agent here reaches machines."
                    )
                    return right(TOPIC, text, seconds=_since(began))
            except OSError:
                time.sleep(PAUSE_SECONDS)
        text = _(
            "Port 22 of %(address)s did not answer this computer within %(seconds)s s. Machines let in %(agents)s only: "
            "run this where the agent is, or say where it is."
        )
        agents = ", ".join(self.cloud.network.agents())
        facts = {"address": server.address, "seconds": f"{BOOT_SECONDS:.0f}", "agents": agents}
        return wrong(TOPIC, text, "AGENT_ADDRESSES=ADDRESS/32", **facts)

    def way_out(self, server: Server) -> list[Check]:
        """Report which of the cloud's services answer the machine: its first-boot script tries them and writes to the console."""
        wanted = way_out_trial.targets(self.cloud.way_out)
        ends, heard = time.monotonic() + probe.patience(len(wanted)), None
        while heard is None and time.monotonic() < ends:
            with contextlib.suppress(CloudBusy):
                heard = probe.read(self.cloud.console_log(server.id, CONSOLE_LINES))
            if heard is None:
                time.sleep(PAUSE_SECONDS)
        return way_out_trial.rows(self.cloud.way_out, heard)

    def screen(self, server: Server) -> Check:
        began = time.monotonic()
        try:
            url = self.cloud.console_url(server.id)
        except CloudRefused as error:
            return wrong(TOPIC, _("It has no screen for the browser: %(said)s"), said=str(error)[:200])
        text = _("Its screen is at %(address)s, told in %(seconds)s s.")
        return right(TOPIC, text, address=url.split("?")[0], seconds=_since(began))

    def sleep(self, server: Server) -> Iterator[Check]:
        for text, call, status in self.nap(server.id):
            began = time.monotonic()
            try:
                call()
            except CloudRefused as error:
                text = _("It cannot be put to sleep, and so no image can here: %(said)s")
                raise Failed(wrong(TOPIC, text, said=str(error)[:200])) from None
            self.wait(server, status, STEP_SECONDS)
            yield right(TOPIC, text, seconds=_since(began))

    def nap(self, server_id: str) -> list[tuple[str, Callable[[], Any], Status]]:
        return [
            (_("Put to sleep in %(seconds)s s."), lambda: self.cloud.ensure_suspended(server_id), Status.SUSPENDED),
            (_("Awake again in %(seconds)s s."), lambda: self.cloud.ensure_running(server_id), Status.ACTIVE),
        ]


def _did_not(server: Server, status: Status) -> Check:
    mend = f"openstack server show {server.id}"
    if server.full:
        return wrong(TOPIC, _("No computer of the cluster has room for it."), "openstack hypervisor list --long")
    if server.status == Status.ERROR:
        return wrong(TOPIC, _("The cloud gave it up: %(said)s"), mend, said=server.fault[:300])
    text = _("It did not become %(wanted)s in time; it is %(status)s (%(task)s).")
    return wrong(TOPIC, text, mend, wanted=status.value, status=server.status.value, task=server.task or "–")


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f}"
