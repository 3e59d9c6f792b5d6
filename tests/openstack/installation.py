"""A whole Minga on the real cloud, with a real sshd as its gateway, as an administrator sets it up."""

import json
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

from cloud.contract import Owner, Server
from tests.cloud.local_stage import insist
from tests.journeys.stack import ROOT, Person, Stack, wait_for
from tests.openstack.openstack_stage import FLAVOR, IMAGE, RecordedCloud, open_cloud, own
from tests.tunnels.agent_stage import HERE, Program, free_range, openssh_vps

PORTS = 40  # public ports of the gateway
# At the start templates are of the first image and sizes that the cloud has: others may have put theirs there for a moment.
# Prints all people.
SET_UP = f"""
from accounts.models import User
from catalog.models import Flavor, Image
from courses.models import Template
from tunnels.models import Gateway
Gateway.objects.exclude(name="sshd").update(enabled=False)
Template.objects.update(image=Image.objects.get(name={IMAGE!r}), flavor=Flavor.objects.get(name={FLAVOR!r}))
for user in User.objects.all(): print(user.uuid, user.username)
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
        self.people = [Owner(*line.split()) for line in self.django(SET_UP).splitlines() if line]
        for person in self.people:
            own(person)
        live = f"http://127.0.0.1:{json.loads((self.data / 'ports.json').read_text())['live']}"
        agent = [sys.executable, "-m", "tunnels.agent", "--portal", self.url, "--live", live]
        agent += ["--token-file", str(folder / "token")]
        self.gateway = [sshd, Program([*agent, "--key-file", str(folder / "agent_key")], folder / "agent.log")]
        return self

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
        wait_for(lambda: not any(s.owner in keys for s in self.cloud.list_servers().servers), 60, "servers are gone")
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
    ran = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


__all__ = ["Installation", "Person", "cli"]
