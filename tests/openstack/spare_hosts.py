"""Further hosts for the test bench with its fake driver: enough to see what Nova does when a host is emptied, or dies."""

import tempfile
from pathlib import Path
from typing import Any

from cloud.contract import CloudRefused
from tests.cloud.local_stage import insist
from tests.openstack.guests import inside_cloud
from tests.openstack.openstack_stage import OpenStackStage, until

STATE = Path("/var/lib/labcloud")
DAEMONS = {
    "nova": ("nova.conf", "import sys; from nova.cmd.compute import main; sys.argv[0] = 'nova-compute'; sys.exit(main())"),
    "neutron": ("neutron.conf", "import sys; from neutron.cmd.eventlet.plugins.linuxbridge_neutron_agent import main; sys.exit(main())"),
}  # fmt: skip
OWN = "[DEFAULT]\nhost = {name}\ncompute_driver = fake.FakeDriver\n"
# As if its last report had come long ago: the bench calls a host down after two minutes.
LONG_AGO = "update services set last_seen_up = '2020-01-01', updated_at = '2020-01-01' where host = '{name}'"


def driver() -> str:
    """Return the kind of guests on the bench: qemu or fake; '' where there is no bench."""
    file = STATE / "driver"
    return file.read_text().strip() if file.exists() else ""


class SpareHost:
    """A host of the test bench that can be killed: nova-compute, and the agent of Neutron that its ports are bound to."""

    def __init__(self, stage: OpenStackStage, name: str) -> None:
        self.stage, self.name = stage, name
        self._pids: dict[str, str] = {}
        self._folder = tempfile.TemporaryDirectory(prefix=f"{name}-")

    def start(self) -> None:
        """Start what does not run, and wait until Nova has it."""
        for daemon in DAEMONS.keys() - self._pids.keys():
            self._pids[daemon] = self._started(daemon)
        until(
            lambda: self._service().get("state") == "up" or self._service().get("forced_down"), f"{self.name} is heard"
        )
        until(lambda: any(each.name == self.name for each in self.stage.cloud.hosts()), f"{self.name} is listed")

    def kill(self) -> None:
        """Cut its power, and let Nova think that its last report is long ago."""
        inside_cloud("kill", "-9", self._pids.pop("nova"))
        assert (
            inside_cloud("mariadb", "-h127.0.0.1", "-uroot", "nova", "-e", LONG_AGO.format(name=self.name)).returncode
            == 0
        )
        until(lambda: self._service()["state"] == "down", f"{self.name} is down")

    def remove(self) -> None:
        """End it, and take it out of Nova: no server may be on it."""
        self.heal()
        service = self._service()["id"]
        for pid in self._pids.values():
            inside_cloud("kill", "-9", pid)
        until(
            lambda: self.stage.admin.compute.delete(f"/os-services/{service}", microversion="2.53").status_code == 204,
            "it is out",
        )
        self._folder.cleanup()

    def heal(self) -> None:
        """Have it up again, not fenced, as before a test. Its service removes what was evacuated, which Nova waits for."""
        self.start()
        until(self._is_unfenced, f"{self.name} is not fenced any more")
        insist(self.stage.cloud.set_host_enabled, self.name, True)
        until(lambda: self._service()["state"] == "up", f"{self.name} is up")

    def _is_unfenced(self) -> bool:
        try:
            self.stage.cloud.set_host_fenced(self.name, False)
        except CloudRefused:
            return False
        return True

    def _started(self, daemon: str) -> str:
        """Start a daemon among the cloud's processes and return its pid there."""
        config, program = DAEMONS[daemon]
        own, log = (Path(self._folder.name) / f"{daemon}.{end}" for end in ("conf", "log"))
        own.write_text(OWN.format(name=self.name))
        given = STATE / driver() / "conf" / config
        command = f'setsid /usr/bin/python3 -c "$0" --config-file {given} --config-file {own} > {log} 2>&1 < /dev/null & echo $!'
        return inside_cloud("bash", "-c", command, program).stdout.strip()

    def _service(self) -> dict[str, Any]:
        answer = self.stage.admin.compute.get(
            "/os-services", params={"host": self.name, "binary": "nova-compute"}, microversion="2.53"
        )
        return next(iter(answer.json()["services"]), {})
