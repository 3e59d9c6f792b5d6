"""Keep Keystone projects, one per student: found by a tag, never made twice, with a security group and a quota."""

import logging
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from keystoneauth1.exceptions.http import Conflict as Taken
from keystoneauth1.exceptions.http import NotFound

from cloud.contract import CloudBusy, CloudError, CloudGone, CloudRefused, Owner, tenant_project
from cloud.openstack import paging
from cloud.openstack.client import Client
from cloud.openstack.errors import body, translated
from cloud.openstack.security_groups import GROUP, GROUP_NOTE, SecurityGroups

log = logging.getLogger(__name__)

TAG = "minga"
ROLE = "member"
MAKING_SECONDS = 3.0  # by then the maker of a group has written its rules, or has died
SPARE_PORTS = 2  # Neutron ports beyond one for each server: a port lives a moment longer than its server


@dataclass(frozen=True, slots=True)
class Tenant:
    project: str
    group: str  # the security group's id
    digest: str  # digest of what the group's rules were made from
    is_new: bool = False  # made by this call

    @property
    def as_text(self) -> str:
        return f"{self.project}:{self.group}:{self.digest}"


class Tenants:
    def __init__(self, client: Client, security_groups: SecurityGroups) -> None:
        self._client = client
        self._security_groups = security_groups
        self._known: dict[str, Tenant] = {}
        self._wrong: set[str] = set()  # notes that turned out to be out of date
        self._lock = threading.Lock()  # one project at a time: each is made once in a student's life

    def of(self, owner: Owner) -> Tenant:
        """Find or make the project. Makes no call where owner.tenant names it, or where this process has seen it."""
        if tenant := self.known(owner):
            return tenant
        with self._lock:
            if owner.key not in self._known:
                project, is_new = self.find(owner), False
                if project is None:
                    project, is_new = self._make(owner), True
                    self._try_to_clear_after(tenant_project(owner.tenant))
                if is_new and owner.quota:
                    self.write_quota(project, owner)
                tenant = Tenant(project, self.group_of(project), self._security_groups.digest)
                self._known[owner.key] = tenant
                return replace(tenant, is_new=is_new)
            return self._known[owner.key]

    def known(self, owner: Owner) -> Tenant | None:
        """Return the tenant as this process, or owner.tenant, last knew it. Asks nobody."""
        return self._known.get(owner.key) or self._from_note(owner)

    def _from_note(self, owner: Owner) -> Tenant | None:
        """Read owner.tenant, unless it was wrong before or the rules that the settings ask for have changed since."""
        parts = owner.tenant.split(":")
        if len(parts) != 3 or parts[2] != self._security_groups.digest or owner.tenant in self._wrong:
            return None
        return Tenant(parts[0], parts[1], parts[2])

    def forget(self, owner: Owner) -> None:
        """Search again next time: the project may have been deleted, or our role in it taken away."""
        tenant = self._known.pop(owner.key, None) or self._from_note(owner)
        if tenant:
            self._client.sign_out(tenant.project)
        self._wrong.add(owner.tenant)

    def find(self, owner: Owner) -> str | None:
        """Return the project's id."""
        with translated():
            found = self._client.keystone.projects.list(domain=self._client.domain_id, tags=f"{TAG},{owner_tag(owner)}")
        self._count("identity")
        return found[0].id if found else None

    def _make(self, owner: Owner) -> str:
        """Make the project. Its name ends in the student's own id, so Keystone itself refuses a second one."""
        client = self._client
        name = project_name(owner)
        try:
            with translated():
                project = client.keystone.projects.create(
                    name,
                    client.domain_id,
                    f"Machines of {owner.name or owner.key} in Minga. Owner {owner.key}.",
                    tags=[TAG, owner_tag(owner)],
                )
        except CloudBusy as error:
            if isinstance(error.__cause__, Taken):
                return self._take_up(owner, name)
            raise
        self._count("identity")
        log.info("made project %s for %s", project.id, owner.name)
        self.grant_own_role(project.id)
        return str(project.id)

    def _take_up(self, owner: Owner, name: str) -> str:
        """Take over a project that another process made a moment ago, or whose tags somebody removed: write the tags again."""
        if project := self.find(owner):
            return project
        with translated():
            keystone = self._client.keystone
            found = keystone.projects.list(domain=self._client.domain_id, name=name)
            if not found:
                raise CloudBusy(f"The name {name} is taken, and yet there is no such project.")
            keystone.projects.update_tags(found[0], [TAG, owner_tag(owner)])
        self.grant_own_role(found[0].id)
        return str(found[0].id)

    def grant_own_role(self, project: str) -> None:
        """Give us our own role in the project: servers are made by us, in the student's project."""
        with translated():
            keystone = self._client.keystone
            role = next((r for r in keystone.roles.list(name=ROLE)), None)
            if role is None:
                raise CloudRefused(f"Keystone has no role named {ROLE}.")
            keystone.roles.grant(role, user=self._client.user_id, project=project)
        self._count("identity", 2)
        self._client.sign_out(project)

    # ---- who may reach the machines ----

    def group_of(self, project: str) -> str:
        """Return the project's security group that lets the agent in, made or corrected."""
        groups = self._groups(project)
        if groups and self._is_being_made(groups[0]):
            raise CloudBusy("Another worker is making the security group.", retry_after=1)
        if not groups:
            wish = {"name": GROUP, "description": GROUP_NOTE, "project_id": project}
            made = body(self._client.request("network", "POST", "/security-groups", json={"security_group": wish}))
            groups = self._groups(project)
            if groups[0]["id"] != made["security_group"]["id"]:  # another worker was faster by a moment
                self._delete("network", f"/security-groups/{made['security_group']['id']}")
        try:
            self._security_groups.keep(groups[0])
        except CloudGone as error:  # its maker found an older group and deleted this one
            raise CloudBusy("Another worker has just replaced the security group.", retry_after=1) from error
        return str(groups[0]["id"])

    def let_agent_in(self, server_id: str, project: str) -> None:
        """Put our security group on the ports of a server that somebody else made."""
        group = self.group_of(project)
        for port in paging.rows(self._client, "network", "/ports", "ports", {"device_id": server_id}):
            if group not in port["security_groups"] and port.get("port_security_enabled", True):
                groups = {"security_groups": [*port["security_groups"], group]}
                self._client.request("network", "PUT", f"/ports/{port['id']}", json={"port": groups})

    def _is_being_made(self, group: dict[str, Any]) -> bool:
        """Return whether another worker is writing the group's rules: two writers would keep Neutron's database busy for a minute."""
        at, ahead = str(group.get("created_at", "")), self._client.clock_ahead or 0.0
        try:
            age = time.time() + ahead - datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
        except ValueError:
            return False
        return 0 <= age < MAKING_SECONDS and not self._security_groups.are_right(group)

    def _groups(self, project: str) -> list[dict[str, Any]]:
        """List the project's groups, the oldest first: Neutron lets two have the same name, and the oldest is meant."""
        params = {"project_id": project, "name": GROUP}
        found = paging.rows(self._client, "network", "/security-groups", "security_groups", params)
        return sorted(found, key=lambda g: (g.get("created_at", ""), g["id"]))

    def ensure_rules(self, owner: Owner) -> str:
        """Bring the group of the owner's project in line with the settings. Return owner.tenant; '': there is no project."""
        if self._from_note(owner):
            return owner.tenant
        if not (project := self.find(owner)):
            return ""
        self._known[owner.key] = Tenant(project, self.group_of(project), self._security_groups.digest)
        return self._known[owner.key].as_text

    # ---- what they may keep ----

    def ensure_quota(self, owner: Owner) -> None:
        known = self.known(owner)
        if project := known.project if known else self.find(owner):
            self.write_quota(project, owner)

    def write_quota(self, project: str, owner: Owner) -> None:
        """Write Nova's and Neutron's own limits, behind our admission. RAM in MiB."""
        if owner.quota is None:
            return
        limits = {"instances": owner.quota.servers, "cores": owner.quota.vcpus, "ram": owner.quota.ram_mb}
        # force: also below what is in use. The limit then stops only what is new.
        wish = {"quota_set": {**limits, "force": True}}
        self._client.request("compute", "PUT", f"/os-quota-sets/{project}", json=wish)
        ports = {"quota": {"port": owner.quota.servers + SPARE_PORTS}}
        self._client.request("network", "PUT", f"/quotas/{project}", json=ports)

    # ---- the end ----

    def ensure_gone(self, owner: Owner) -> None:
        """Delete the empty project and what we put into it. CloudRefused while servers or images are in it."""
        project, before = self.find(owner), tenant_project(owner.tenant)
        self.forget(owner)
        if project is None:
            return self._clear_after(before)
        self._must_be_empty(project)
        client = self._client
        self._delete_groups(project)
        self._delete("network", f"/quotas/{project}")
        self._delete("compute", f"/os-quota-sets/{project}")
        self._delete_keypairs(owner)
        try:
            with translated():
                client.keystone.projects.delete(project)
        except CloudError as error:
            if not isinstance(error.__cause__, NotFound):
                raise
        # Neutron makes a "default" group whenever somebody asks for the groups of a project that has none.
        self._delete_groups(project)

    def _try_to_clear_after(self, project: str) -> None:
        """Clear up without making a launch wait. What cannot be deleted now goes with the owner's next project, or stays."""
        try:
            self._clear_after(project)
        except CloudError as error:
            log.warning("project %s was deleted by hand, and not all that was left of it could be: %s", project, error)

    def _clear_after(self, project: str) -> None:
        """Delete what Neutron and Nova keep of a project that was deleted by hand. A living project is left alone."""
        if not project or self._exists(project):
            return
        self._delete_groups(project)
        self._delete("network", f"/quotas/{project}")
        self._delete("compute", f"/os-quota-sets/{project}")
        log.info("cleared what was left of project %s, which was deleted by hand", project)

    def _exists(self, project: str) -> bool:
        try:
            with translated():
                self._client.keystone.projects.get(project)
        except CloudError as error:
            if isinstance(error.__cause__, NotFound):
                return False
            raise
        return True

    def _must_be_empty(self, project: str) -> None:
        client = self._client
        servers = body(
            client.request("compute", "GET", "/servers", params={"all_tenants": 1, "project_id": project, "limit": 1})
        )
        images = body(client.request("image", "GET", "/images", params={"owner": project, "limit": 1}))
        ports = body(
            client.request("network", "GET", "/ports", params={"project_id": project, "limit": 1, "fields": "id"})
        )
        for what, found in (("servers", servers["servers"]), ("images", images["images"]), ("ports", ports["ports"])):
            if found:
                raise CloudRefused(f"Project {project} still has {what} in it.")

    def _delete_keypairs(self, owner: Owner) -> None:
        prefix = keypair_prefix(owner)
        for row in paging.rows(self._client, "compute", "/os-keypairs", "keypairs"):
            if row["keypair"]["name"].startswith(prefix):
                self._delete("compute", f"/os-keypairs/{row['keypair']['name']}")

    def _delete_groups(self, project: str) -> None:
        params = {"project_id": project}
        for group in paging.rows(self._client, "network", "/security-groups", "security_groups", params):
            self._delete("network", f"/security-groups/{group['id']}")

    def _delete(self, service: str, path: str) -> None:
        try:
            self._client.request(service, "DELETE", path)
        except CloudGone:
            pass

    def _count(self, service: str, calls: int = 1) -> None:
        self._client.calls[service] = self._client.calls.get(service, 0) + calls


def owner_tag(owner: Owner) -> str:
    return f"{TAG}-owner-{owner.key}"


def project_name(owner: Owner) -> str:
    """Return the project's name: readable in Horizon, at most 64 characters (Keystone's limit), the same whoever asks."""
    name = "".join(c if c.isalnum() or c in ".-_" else "-" for c in owner.name)[:40]
    return "-".join(part for part in (TAG, name, owner.key[:8]) if part)


def keypair_prefix(owner: Owner) -> str:
    return f"{TAG}-{owner.key[:8]}-"
