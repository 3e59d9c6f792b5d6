"""OpenStackCloud: the contract, kept by a real OpenStack (Zed or newer)."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import requests

from cloud.contract import (
    CloudBusy,
    CloudError,
    CloudGone,
    CloudRefused,
    Diagnostics,
    Flavor,
    Host,
    Image,
    Listing,
    Owner,
    Room,
    Server,
    ServerSpec,
    Status,
)
from cloud.openstack import cluster, guest, images, paging, servers
from cloud.openstack.desk import Desk
from cloud.openstack.problems import Conflict, NotSignedIn, body
from cloud.openstack.tenants import keypair_prefix
from cloud.openstack.wire import HOST_NAMES, LIST_SECONDS, Wire, as_iso, told_at
from lib.names import host_name

PAGE = 500  # servers asked for at once; Nova may give fewer
# Nova's times are whole seconds, from the clocks of several computers, and are written a moment before they can be read.
OVERLAP = timedelta(seconds=3)
CREATE_SECONDS = 40.0  # Nova goes on with a launch whose caller has left: who asks again gets a second server
DIAGNOSTICS_SECONDS = 5.0  # a host that takes longer is unknown
AT_ONCE = 8  # hosts asked for diagnostics side by side
STRIPES = 64


def _began(answer: requests.Response, asked: float) -> datetime | None:
    """When a question of ours (`asked`, time.monotonic()) began, by the cloud's clock.

    Its date is that of the reply; what the list tells was read before, by all the seconds that a loaded Nova took to put it together.
    """
    told = told_at(answer)
    return told - timedelta(seconds=time.monotonic() - asked) if told else None


def _named(spec: ServerSpec, wire: Wire) -> tuple[dict[str, str], str]:
    """The guest's name and the version of Nova that takes it. Nova's own guess keeps an ñ, which Neutron's DNS refuses."""
    if not wire.takes_host_names:
        return {}, ""
    return {"hostname": host_name(spec.name, otherwise=f"machine-{spec.machine[:8]}")}, HOST_NAMES


class OpenStackCloud:
    """`cloud`: its name in clouds.yaml, None for what OS_CLOUD or OS_* say. `network` and `agents` ('' or CIDRs) are found when empty.

    `blocked`: networks (CIDR) to which guests open no connections; None: found.
    """

    kind = "openstack"

    def __init__(
        self,
        cloud: str | None = None,
        *,
        network: str = "",
        agents: Sequence[str] = (),
        blocked: Sequence[str] | None = None,
        **settings: Any,
    ) -> None:
        self._cloud = cloud
        self._settings = settings
        self._network_wish = network
        self._agents_wish = list(agents)
        self._egress_wish = None if blocked is None else list(blocked)
        self._desks: dict[int, Desk] = {}
        self._lock = threading.Lock()
        self._stripes = [threading.Lock() for _ in range(STRIPES)]

    @classmethod
    def from_environment(
        cls, *, network: str = "", agents: Sequence[str] = (), blocked: Sequence[str] | None = None
    ) -> "OpenStackCloud":
        return cls(None, network=network, agents=agents, blocked=blocked)

    @property
    def identity(self) -> str:
        return f"openstack:{self.wire.catalogue_id}"

    @property
    def desk(self) -> Desk:
        """This process's own connection: one shared with a fork would mix up answers."""
        with self._lock:
            if os.getpid() not in self._desks:
                self._desks[os.getpid()] = Desk(
                    self._cloud, self._network_wish, self._agents_wish, self._egress_wish, self._settings
                )
            return self._desks[os.getpid()]

    @property
    def wire(self) -> Wire:
        return self.desk.wire

    def close(self) -> None:
        with self._lock:
            if desk := self._desks.pop(os.getpid(), None):
                desk.wire.close()

    # ---- what there is ----

    def flavors(self) -> list[Flavor]:
        return cluster.flavors(self.wire)

    def images(self) -> list[Image]:
        return cluster.images(self.wire)

    def room(self) -> Room:
        return cluster.room(self.wire)

    def has_room(self, flavor: Flavor) -> bool:
        return cluster.has_room(self.wire, flavor)

    def hosts(self) -> list[Host]:
        return cluster.hosts(self.wire)

    def list_servers(self, changes_since: str | None = None) -> Listing:
        """One call of all projects for each 500 servers, and one for each that broke. The cursor is the cloud's own time, a little earlier."""
        params: dict[str, Any] = {"all_tenants": 1, "limit": PAGE}
        if changes_since:
            params["changes-since"] = changes_since
        rows: list[dict[str, Any]] = []
        began, asked = None, time.monotonic()
        answers = paging.pages(self.wire, "compute", "/servers/detail", "servers", params, seconds=LIST_SECONDS)
        for answer, page in answers:
            began = began or _began(answer, asked)
            rows += page
        if began is None:
            raise CloudBusy("Nova's answer has no date.")
        self.desk.faults.fill(rows)
        network = self.desk.network_name
        found = [servers.server_or_unknown(row, network) for row in rows]
        return Listing(found, as_iso(began, minus=OVERLAP), whole=changes_since is None)

    def find_server(self, machine: str) -> Server | None:
        params = {"all_tenants": 1, "tags": servers.machine_tag(machine), "sort_key": "created_at", "sort_dir": "asc"}
        rows = paging.rows(self.wire, "compute", "/servers/detail", "servers", params)
        found = (self._server(row) for row in rows)
        # One that was adopted since may still carry the tag: the metadata say whose it is.
        ours = (one for one in found if one.machine == machine and one.status != Status.DELETED)
        return next((one for one in ours if not one.is_going), None)

    # ---- a new one ----

    def ensure_server(self, spec: ServerSpec) -> Server:
        """One call for a new machine of a known student. Who asks again pays for a look, too."""
        with self._stripes[hash(spec.machine) % STRIPES]:
            if not spec.is_new and (found := self.find_server(spec.machine)):
                return found
            try:
                return self._create(spec)
            except (NotSignedIn, CloudRefused) as error:
                if not self._mend_tenant(spec, error):
                    raise
                return self._create(spec)

    def _mend_tenant(self, spec: ServerSpec, error: CloudError) -> bool:
        """The project or its group was deleted, or our role in it was taken away: make it whole. False: it is something else."""
        tenants = self.desk.tenants
        if isinstance(error, NotSignedIn):
            tenants.forget(spec.owner)
            tenants.let_us_in(tenants.of(spec.owner).project)
            return True
        if "security" in str(error).lower():
            tenants.forget(spec.owner)
            return True
        return False

    def _create(self, spec: ServerSpec) -> Server:
        desk = self.desk
        tenant = desk.tenants.of(spec.owner)
        wish: dict[str, Any] = {
            "name": servers.kept_name(spec.name, spec.machine),
            "flavorRef": spec.flavor_id,
            "imageRef": spec.image_id,
            "networks": [{"uuid": desk.network["id"]}],
            "security_groups": [{"name": tenant.group}],
            "metadata": servers.metadata(spec.machine, spec.owner.key, spec.owner.name, spec.labels),
            "tags": [servers.machine_tag(spec.machine)],
        }
        if spec.public_keys:
            wish["key_name"] = guest.keypair_name(keypair_prefix(spec.owner), spec.public_keys[0])
        if data := guest.user_data(spec.user_data, spec.public_keys, spec.line_key, desk.exempt()):
            wish["user_data"] = data
        named, version = _named(spec, desk.wire)
        where: dict[str, Any] = {"project": tenant.project, "version": version, "seconds": CREATE_SECONDS}

        def ask() -> str:
            answer = desk.wire.ask("compute", "POST", "/servers", json={"server": {**wish, **named}}, **where)
            return str(body(answer)["server"]["id"])

        if tenant.is_new:  # then their key is new, too: told first, it spares a call that would be refused
            desk.verbs.keep_keypair(spec)
        server_id = desk.verbs.mending(spec, tenant.project, ask)
        return Server(
            id=server_id, machine=spec.machine, owner=spec.owner.key, name=wish["name"], status=Status.BUILDING, task="scheduling",
            project=tenant.project, tenant=tenant.as_text,
        )  # fmt: skip

    # ---- wishes about one that exists ----

    def ensure_running(self, server_id: str) -> None:
        self.desk.verbs.run(server_id)

    def ensure_suspended(self, server_id: str) -> None:
        self.desk.verbs.suspend(server_id)

    def ensure_stopped(self, server_id: str) -> None:
        self.desk.verbs.stop(server_id)

    def ensure_shelved(self, server_id: str) -> None:
        self.desk.verbs.shelve(server_id)

    def ensure_restarted(self, server_id: str, number: int) -> None:
        self.desk.verbs.restart(server_id, number)

    def ensure_hard_restarted(self, server_id: str, number: int) -> None:
        self.desk.repairs.restart_hard(server_id, number)

    def ensure_rescued(self, server_id: str) -> None:
        self.desk.repairs.rescue(server_id)

    def ensure_moved(self, server_id: str, number: int) -> None:
        self.desk.repairs.move(server_id, number)

    def ensure_rebuilt(self, server_id: str, spec: ServerSpec, number: int) -> None:
        self.desk.verbs.rebuild(server_id, spec, number)

    def ensure_deleted(self, server_id: str) -> None:
        try:
            self.wire.ask("compute", "DELETE", f"/servers/{server_id}")
        except CloudGone:
            return

    def ensure_renamed(self, server_id: str, name: str) -> str:
        kept = servers.kept_name(name, server_id)
        self.wire.ask("compute", "PUT", f"/servers/{server_id}", json={"server": {"name": kept}})
        return kept

    def ensure_ports(self, server_id: str, ports: frozenset[int]) -> None:
        """The agent reaches every port of every guest: which are public is decided by the tunnels."""
        self.desk.verbs.get(server_id)

    def ensure_snapshot(self, server_id: str, name: str) -> Image:
        return cluster.image(self.desk.verbs.snapshot(server_id, name))

    def ensure_archived(self, server_id: str, name: str) -> Image:
        return cluster.image(self.desk.archives.ensure(server_id, name))

    def ensure_not_archived(self, server_id: str, name: str) -> None:
        self.desk.archives.undo(server_id, name)

    def kept_image(self, server_id: str) -> Image | None:
        row = self.desk.archives.shelved(self.desk.verbs.get(server_id))
        return cluster.image(row) if row else None

    def ensure_image_deleted(self, image_id: str) -> None:
        self.desk.archives.delete(image_id)

    def image_size(self, image_id: str) -> int:
        return images.size(self.wire, image_id)

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        return images.read(self.wire, image_id, start, length)

    def ensure_adopted(self, server_id: str, machine: str, owner: Owner) -> None:
        """It stays in the project in which it is. CloudRefused while it is put away: Nova then lets nobody mark it."""
        row = self.desk.verbs.get(server_id)
        try:
            self.desk.verbs.mark(server_id, servers.metadata(machine, owner.key, owner.name, {}))
            self.wire.ask("compute", "PUT", f"/servers/{server_id}/tags", json={"tags": servers.retagged(row, machine)})
        except Conflict as error:
            if row["OS-EXT-STS:task_state"]:
                raise
            raise CloudRefused(f"A server that is {row['status']} cannot be marked: start it first.") from error
        self.desk.let_agent_in(server_id, row["tenant_id"])

    # ---- owners ----

    def ensure_quota(self, owner: Owner) -> None:
        self.desk.tenants.ensure_quota(owner)

    def ensure_rules(self, owner: Owner) -> str:
        return self.desk.tenants.ensure_rules(owner)

    def ensure_owner_gone(self, owner: Owner) -> None:
        self.desk.tenants.ensure_gone(owner)

    # ---- looking inside ----

    def console_log(self, server_id: str, lines: int = 100) -> str:
        try:
            return str(self.desk.verbs.act(server_id, "os-getConsoleOutput", {"length": lines})["output"])
        except Conflict:
            return ""  # it is not running
        except CloudGone:
            self.desk.verbs.get(server_id)  # of one that its host does not have yet, Nova says the same
            return ""

    def console_url(self, server_id: str) -> str:
        wish = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
        try:
            answer = self.wire.ask("compute", "POST", f"/servers/{server_id}/remote-consoles", json=wish)
        except CloudGone:
            self.desk.verbs.get(server_id)
            raise CloudRefused("It has no screen yet.") from None
        except Conflict as error:
            raise CloudRefused(f"It has no screen now: {error}") from error
        return str(body(answer)["remote_console"]["url"])

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            told = pool.map(self._diagnostics, server_ids)
            return {key: facts for key, facts in zip(server_ids, told, strict=True) if facts}

    def _diagnostics(self, server_id: str) -> Diagnostics | None:
        try:
            answer = self.wire.ask("compute", "GET", f"/servers/{server_id}/diagnostics", seconds=DIAGNOSTICS_SECONDS)
            said = body(answer)
        except CloudError:
            return None
        return servers.diagnostics(said)

    def _server(self, row: dict[str, Any]) -> Server:
        return servers.server(row, self.desk.network_name)
