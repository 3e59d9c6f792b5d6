"""The fake cloud's servers: cloud.contract.Servers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cloud.contract import (
    CLOUD_CONFIG,
    MOST_LOG_BYTES,
    Cause,
    CloudFull,
    CloudGone,
    CloudRefused,
    Diagnostics,
    Listing,
    Owner,
    SerialConsole,
    Server,
    ServerSpec,
    Status,
)
from tests.cloud.fake_hosts import FakeHosts
from tests.cloud.fake_images import FakeImages
from tests.cloud.fake_state import FLAVORS, Row
from tests.cloud.fake_tenants import FakeTenants, project_of
from tests.cloud.fake_users import FakeUsers


class FakeServers(FakeHosts, FakeImages, FakeTenants, FakeUsers):
    def list_servers(self, changes_since: str | None = None) -> Listing:
        with self._call("list_servers", changes_since or ""):
            if changes_since is None:
                return Listing(self.living, str(self._version), whole=True)
            since = int(changes_since)
            return Listing(
                [row.server for row in self._rows.values() if row.version > since], str(self._version), whole=False
            )

    def find_server(self, machine: str, owner: Owner, project: str = "") -> Server | None:
        with self._call("find_server", machine):
            return self._found(machine, owner, project)

    def ensure_server(self, spec: ServerSpec) -> Server:
        with self._call("ensure_server", spec.machine):
            # As OpenStack: who says that it is new gets a new one, also a second time.
            return (None if spec.is_new else self._found(spec.machine, spec.owner)) or self._build(spec)

    def takes_host_key(self, spec: ServerSpec) -> bool:
        return bool(spec.host_key) and spec.user_data.startswith(CLOUD_CONFIG)

    def ensure_running(self, server_id: str) -> None:
        with self._call("ensure_running", server_id):
            row = self._row(server_id)
            verb = {
                Status.SUSPENDED: "resuming",
                Status.SHELVED: "unshelving",
                Status.STOPPED: "powering-on",
                Status.RESCUED: "unrescuing",
            }
            if row.goal[0] in (*verb.values(), "building", "rebooting", "rebooting-hard", "rebuilding"):
                return
            self._must_be_idle(row)
            if row.server.status == Status.ACTIVE:
                return
            self._must_be(row, *verb)
            if row.server.status == Status.SHELVED and not self._fits(row.spec.flavor_id):
                raise CloudFull("No valid host was found.")
            host = self._a_host() if row.server.status == Status.SHELVED else row.server.host
            self._start(row, verb[row.server.status], self._if_cured("start", {"status": Status.ACTIVE, "host": host}))

    def ensure_suspended(self, server_id: str) -> None:
        with self._call("ensure_suspended", server_id):
            row = self._row(server_id)
            if self._is_done(row, "suspending", Status.SUSPENDED):
                return
            self._must_be(row, Status.ACTIVE)
            image = self._images.get(row.spec.image_id)
            if image and not image.can_suspend:
                raise CloudRefused("This guest cannot be suspended.")
            self._start(row, "suspending", {"status": Status.SUSPENDED})

    def ensure_stopped(self, server_id: str) -> None:
        with self._call("ensure_stopped", server_id):
            row = self._row(server_id)
            if row.server.status == Status.SHELVED and not row.goal[0]:
                return
            if self._is_done(row, "powering-off", Status.STOPPED):
                return
            self._must_be(row, Status.ACTIVE, Status.ERROR)
            self._start(row, "powering-off", self._if_cured("stop", {"status": Status.STOPPED}))

    def ensure_shelved(self, server_id: str) -> None:
        with self._call("ensure_shelved", server_id):
            row = self._row(server_id)
            if self._is_done(row, "shelving", Status.SHELVED):
                return
            self._must_be(row, Status.ACTIVE, Status.SUSPENDED, Status.STOPPED)
            self._start(row, "shelving", {"status": Status.SHELVED, "host": ""})

    def ensure_restarted(self, server_id: str, number: int) -> None:
        with self._call("ensure_restarted", server_id, str(number)):
            row = self._row(server_id)
            if row.server.restarts >= number or row.goal == ("rebooting", number):
                return
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE)
            self._start(row, "rebooting", {"restarts": number}, number)

    def ensure_hard_restarted(self, server_id: str, number: int) -> None:
        with self._call("ensure_hard_restarted", server_id, str(number)):
            row = self._row(server_id)
            if row.server.restarts >= number or row.goal == ("rebooting-hard", number):
                return
            if row.goal[0] != "rebooting":
                self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.SUSPENDED, Status.ERROR)
            done = {"restarts": number, "status": Status.ACTIVE, "fault": ""}
            self._start(row, "rebooting-hard", {**self._if_cured("hard", done), "restarts": number}, number)

    def ensure_rescued(self, server_id: str) -> None:
        with self._call("ensure_rescued", server_id):
            row = self._row(server_id)
            if self._is_done(row, "rescuing", Status.RESCUED):
                return
            self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.ERROR)
            self._start(row, "rescuing", {"status": Status.RESCUED, "fault": ""})

    def ensure_rebuilt(self, server_id: str, spec: ServerSpec, number: int) -> None:
        with self._call("ensure_rebuilt", server_id, spec.image_id, str(number)):
            row = self._row(server_id)
            if row.server.resets >= number or row.goal == ("rebuilding", number):
                return
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.ERROR)
            self._image(spec.image_id)
            new = {
                name: getattr(spec, name) for name in ("image_id", "public_keys", "portal_key", "user_data", "host_key")
            }
            row.spec = replace(row.spec, **new)
            self._apply(row, {"status": Status.BUILDING, "fault": "", "full": False})
            self._start(row, "rebuilding", {"status": Status.ACTIVE, "resets": number}, number)

    def ensure_deleted(self, server_id: str) -> None:
        with self._call("ensure_deleted", server_id):
            row = self._rows.get(server_id)
            if row is None or row.server.status == Status.DELETED or row.goal[0] == "deleting":
                return
            self._start(row, "deleting", {"status": Status.DELETED})

    def ensure_renamed(self, server_id: str, name: str) -> str:
        with self._call("ensure_renamed", server_id, name):
            self._apply(self._row(server_id), {"name": self.keeps(name)})
            return self.keeps(name)

    def ensure_adopted(self, server_id: str, machine: str, owner: Owner) -> None:
        with self._call("ensure_adopted", server_id, machine, owner.key):
            self._apply(self._row(server_id), {"machine": machine, "owner": owner.key})

    def console_log(self, server_id: str, lines: int = 100, *, project: str = "") -> str:
        with self._call("console_log", server_id):
            name = self._row(server_id).server.name
            return "\n".join((self.console or [f"{name}: fake-guest: ready"])[-lines:])[-MOST_LOG_BYTES:]

    def serial_console(self, server_id: str, *, project: str = "") -> SerialConsole | None:
        with self._call("serial_console", server_id):
            is_running = self._row(server_id).server.status == Status.ACTIVE
            return SerialConsole(self.serial_url) if self.serial_url and is_running else None

    def console_url(self, server_id: str) -> str:
        with self._call("console_url", server_id):
            self._row(server_id)
            raise CloudRefused("A fake server has no screen.")

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        with self._call("diagnostics", *server_ids):
            rows = {server_id: self._rows[server_id] for server_id in server_ids if server_id in self._rows}
            return {
                key: Diagnostics(cpu_seconds=1.0, nic_rx_bytes=0, nic_tx_bytes=0)
                for key, row in rows.items()
                if row.server.status == Status.ACTIVE
            }

    def _found(self, machine: str, owner: Owner, project: str = "") -> Server | None:
        """Return the machine's server; one that is being deleted does not count, nor one of another project."""
        theirs = project_of(owner), project
        rows = [row for row in self._rows.values() if row.server.machine == machine and row.goal[0] != "deleting"]
        rows = [row for row in rows if row.server.project in theirs]
        return next((row.server for row in rows if row.server.status != Status.DELETED), None)

    def _must_be_possible(self, spec: ServerSpec) -> None:
        """Raise the error of a cloud that cannot make this server."""
        flavor = next((flavor for flavor in self.sizes if flavor.id == spec.flavor_id), None)
        if flavor is None:
            raise CloudGone(f"No flavor {spec.flavor_id}.", Cause.SIZE_GONE)
        image = self._image(spec.image_id)
        if not image.ready:
            raise CloudRefused(f"Image {image.id} is not active.", Cause.IMAGE_NOT_READY)
        if flavor.ram_mb < image.min_ram_mb or flavor.room_for_image < image.min_disk_gb:
            raise CloudRefused("Flavor's memory is too small for requested image.", Cause.SIZE_TOO_SMALL)
        self._must_be_allowed(spec)
        if not self._fits(spec.flavor_id):
            raise CloudFull("No valid host was found.")

    def _build(self, spec: ServerSpec) -> Server:
        self._must_be_possible(spec)
        number = next(self._numbers)
        server = Server(
            f"fake-{number}",
            spec.machine,
            spec.owner.key,
            self.keeps(spec.name),
            Status.BUILDING,
            project=project_of(spec.owner),
            flavor=next(flavor for flavor in FLAVORS if flavor.id == spec.flavor_id),
            created_at=datetime.now(UTC),
        )
        row = self._rows[server.id] = Row(server, spec, spec.ports)
        self._start(row, "building", {"status": Status.ACTIVE})
        self._apply(row, {"task": "scheduling"})
        address = f"127.127.{number // 250}.{number % 250 + 1}"
        row.plan[:0] = [
            {"task": "networking", "host": self._a_host(), "address": address},
            {"task": "block_device_mapping"},
            {"task": "spawning"},
        ]
        return row.server
