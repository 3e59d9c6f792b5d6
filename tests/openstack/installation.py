"""A whole Minga on the real cloud, with a real sshd as its gateway, as an administrator sets it up."""

import json
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

from cloud.contract import Owner, Server
from cloud.starter.recipes import Recipe
from tests.cloud.local_stage import insist
from tests.journeys.stack import ROOT, Person, Stack, wait_for
from tests.openstack.openstack_stage import FLAVOR, IMAGE, RecordedCloud, open_cloud, own
from tests.ports import free_range
from tests.tunnels.agent_stage import HERE, Program, openssh_vps

PORTS = 40  # public ports of the gateway
# At the start templates are of the first image and sizes that the cloud has: others may have put theirs there for a moment.
SET_UP = f"""
from catalog.models import Flavor, Image
from courses.models import Template
from tunnels.models import Gateway
Gateway.objects.exclude(name="sshd").update(enabled=False)
Template.objects.update(image=Image.objects.get(name={IMAGE!r}), flavor=Flavor.objects.get(name={FLAVOR!r}))
"""
PEOPLE = "from accounts.models import User\nfor user in User.objects.all(): print(user.uuid, user.username)"
# The card that a local cloud with this image has. What else is left to people on this cloud is not said here. Prints the image's id.
DEBIAN_CARD = """
from contextlib import suppress
from django.core.management import call_command
from catalog.models import Flavor, Image
from courses.models import Template
with suppress(SystemExit):
    call_command("setup_cloud", "--build", {name!r}, "--folder", {folder!r}, "--lang", "en")
image, flavor = Image.objects.get(name={title!r}), Flavor.objects.get(name={flavor!r})
Image.objects.filter(pk=image.pk).update(offered=True)
Flavor.objects.filter(pk=flavor.pk).update(offered=True)
ssh = {{"name": "ssh", "port": 22, "scheme": "ssh"}}
Template.objects.create(slug="debian", name="Debian", summary="Debian.", image=image, flavor=flavor, services=[ssh])
print(image.cloud_id)
"""


class Installation(Stack):
    """`make run` with OS_CLOUD. Its embedded VPS is switched off: the gateway is OpenSSH's own server, with an agent of its own."""

    def __init__(self, data: Path, **environment: str) -> None:
        # A claim must outlast every step: on a busy cluster a launch alone may take half a minute.
        super().__init__(data, "openstack", **{"SWEEP_QUIET_SECONDS": "3", "CLAIM_SECONDS": "60", **environment})
        self.gateway: list[Program] = []
        self.people: list[Owner] = []

    def start(self) -> "Installation":
        super().start()
        folder, first = self.data / "sshd", free_range(PORTS)
        sshd, port = openssh_vps(folder, first, first + PORTS - 1)
        facts = {
            **dict.fromkeys(("public-host", "ssh-host", "bind-address"), HERE),
            "ssh-port": port,
            "ssh-user": "root",
            "first-port": first,
            "last-port": first + PORTS - 1,
            "host-key-file": folder / "host_key.pub",
            "token-file": folder / "token",
        }
        self.manage("gateway", "sshd", *(word for name, fact in facts.items() for word in (f"--{name}", str(fact))))
        self.django(SET_UP)
        self.know_people()
        live = f"http://127.0.0.1:{json.loads((self.data / 'ports.json').read_text())['live']}"
        agent = [sys.executable, "-m", "tunnels.agent", "--portal", self.url, "--live", live]
        agent += ["--token-file", str(folder / "token")]
        self.gateway = [sshd, Program([*agent, "--key-file", str(folder / "agent_key")], folder / "agent.log")]
        return self

    def know_people(self) -> None:
        """Note who there is, so that what they have in the cloud is taken away with them."""
        self.people = [Owner(*line.split()) for line in self.django(PEOPLE).splitlines() if line]
        for person in self.people:
            own(person)

    def add_debian_card(self, folder: Path, recipe: Recipe, flavor: str) -> str:
        """Upload a built image as an administrator does, and make a card of it. Return the image's id in the cloud."""
        facts = {"name": recipe.name, "title": recipe.title, "folder": str(folder), "flavor": flavor}
        return self.django(DEBIAN_CARD.format(**facts)).split()[-1]

    def stop(self) -> int:
        for program in reversed(self.gateway):
            program.kill()
        return super().stop()

    def leave_nothing(self) -> None:
        """Delete what a failed test has left behind: processes, servers, projects."""
        if self.process is None or self.process.poll() is not None:
            return
        self.stop()
        keys = {owner.key for owner in self.people}
        for server in self.cloud.list_servers().servers:
            if server.owner in keys:
                self.cloud.ensure_deleted(server.id)
        wait_for(lambda: not any(s.owner in keys for s in self.cloud.list_servers().servers), 300, "servers are gone")
        for owner in self.people:
            insist(self.cloud.ensure_owner_gone, owner)

    def manage(self, *command: str) -> str:
        """manage.py with this installation's settings; what it said."""
        code = f"from django.core.management import call_command as c; c(*{list(command)!r})"
        return self.django(code)

    @cached_property
    def cloud(self) -> RecordedCloud:  # type: ignore[override]
        return open_cloud()

    def servers(self, machine: str) -> list[Server]:
        return [s for s in self.cloud.list_servers().servers if s.machine == machine]


def cli(*command: str, cloud: str = "") -> Any:
    """The OpenStack command line client, as somebody who sees only OpenStack uses it."""
    where = ["--os-cloud", cloud] if cloud else []
    line = ["openstack", *where, *command, "-f", "json"]
    ran = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


__all__ = ["Installation", "Person", "cli"]
