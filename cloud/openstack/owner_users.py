"""Keystone users of owners: each a member of one project, found by its id, or by its name and our note of whose it is."""

import logging
from typing import Any

from keystoneauth1.exceptions.http import Conflict as Taken

from cloud.contract import CloudBusy, CloudGone, CloudRefused, MadeUser, Owner, UserSpec
from cloud.openstack.client import Client
from cloud.openstack.errors import translated
from cloud.openstack.tenants import ROLE, Tenant, Tenants

log = logging.getLogger(__name__)

# Our attribute on the user: only those who may change users in Keystone can write it.
OWNER = "minga_owner"


class OwnerUsers:
    def __init__(self, client: Client, tenants: Tenants) -> None:
        self._client, self._tenants = client, tenants

    def ensure(self, owner: Owner, user: UserSpec) -> MadeUser:
        """Make or change the user. An existing one that is being switched off gets no role, and no project is made for it."""
        found = self._by_id(user.id) if user.id else self._by_name(owner, user)
        try:
            if found and user.enabled is False:
                return MadeUser(self._change(found, user), owner.tenant)
            tenant = self._tenants.of(owner)
            made = self._change(found, user) if found else self._make(owner, user, tenant.project)
            return MadeUser(made, self._granted(owner, made, tenant).as_text)
        except CloudGone as error:  # must not look like the user's end, which only _by_id can see
            raise CloudBusy(f"The project of user {user.name} could not be found: {error}") from error

    def _granted(self, owner: Owner, user_id: str, tenant: Tenant) -> Tenant:
        """Give the user its role in the project, or in a new one if somebody deleted that by hand since we last saw it."""
        try:
            self._grant(user_id, tenant.project)
        except CloudGone:
            self._tenants.forget(owner)
            tenant = self._tenants.of(owner)
            self._grant(user_id, tenant.project)
        return tenant

    def ensure_gone(self, owner: Owner, user: UserSpec) -> None:
        """Delete the user, and with it its tokens and application credentials."""
        try:
            found = self._by_id(user.id) if user.id else self._by_name(owner, user)
            if found is None or getattr(found, OWNER, "") != owner.key:
                return
            with translated():
                self._client.keystone.users.delete(found.id)
        except (CloudGone, _NotOurs):
            return
        log.info("deleted user %s of %s", found.id, owner.key)

    def _by_id(self, user_id: str) -> Any:
        with translated():
            return self._client.keystone.users.get(user_id)

    def _by_name(self, owner: Owner, user: UserSpec) -> Any | None:
        """Find the owner's user. Raises CloudRefused if somebody else has the name."""
        with translated():
            found = self._client.keystone.users.list(domain=domain_id(self._client, user.domain), name=user.name)
        if found and getattr(found[0], OWNER, "") != owner.key:
            raise _NotOurs(f"The name {user.name} is another user's in Keystone.")
        return found[0] if found else None

    def _make(self, owner: Owner, user: UserSpec, project: str) -> str:
        facts = {
            "domain": domain_id(self._client, user.domain),
            "password": user.password or None,
            "default_project": project,
            "description": f"Made by Minga for {owner.name or owner.key}.",
            OWNER: owner.key,
        }
        try:
            with translated():
                made = self._client.keystone.users.create(user.name, enabled=user.enabled is not False, **facts)
        except CloudBusy as error:
            if isinstance(error.__cause__, Taken):  # another worker was a moment faster: the next try finds it
                raise CloudBusy(f"The name {user.name} has just been taken.", retry_after=1) from error
            raise
        log.info("made user %s for %s", made.id, owner.key)
        return str(made.id)

    def _change(self, found: Any, user: UserSpec) -> str:
        """Write what differs. Keystone ends the user's tokens when the password changes, and when the user is switched off."""
        changes: dict[str, Any] = {"password": user.password} if user.password else {}
        if user.enabled is not None and user.enabled != found.enabled:
            changes["enabled"] = user.enabled
        if changes:
            with translated():
                self._client.keystone.users.update(found.id, **changes)
        return str(found.id)

    def _grant(self, user_id: str, project: str) -> None:
        with translated():
            keystone = self._client.keystone
            role = next(iter(keystone.roles.list(name=ROLE)), None)
            if role is None:
                raise CloudRefused(f"Keystone has no role named {ROLE}.")
            keystone.roles.grant(role, user=user_id, project=project)


class UserVerbs:
    """The contract's verbs about users, for a cloud that has `users`."""

    users: OwnerUsers

    def ensure_user(self, owner: Owner, user: UserSpec) -> MadeUser:
        return self.users.ensure(owner, user)

    def ensure_user_gone(self, owner: Owner, user: UserSpec) -> None:
        self.users.ensure_gone(owner, user)


def domain_id(client: Client, name: str) -> str:
    """Return the id of the domain of this name; '' stands for that of students' projects. Raises CloudRefused if there is none."""
    if not name:
        return client.domain_id
    with translated():
        found = client.keystone.domains.list(name=name)
    if not found:
        raise CloudRefused(f"Keystone has no domain named {name}.")
    return str(found[0].id)


class _NotOurs(CloudRefused):
    """The name belongs to a user that we did not make, or made for another owner."""
