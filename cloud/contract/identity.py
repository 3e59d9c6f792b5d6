"""The identity of the cloud, and its tenants: one for each owner of servers (a Keystone project; the local cloud has none)."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits of what an owner may keep in the cloud, asleep or not. The second line of defence behind our own admission."""

    servers: int
    vcpus: int
    ram_mb: int


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of servers. A cloud with tenants keeps one for each `key`."""

    key: str  # never changes, never reused (a UUID as text)
    name: str = ""  # for people who look at the cloud's own pages; may change
    quota: Quota | None = None  # written when the tenant is made; see ensure_quota
    tenant: str = ""  # the last Server.tenant from ensure_server: saves a search; may be out of date


def tenant_project(tenant: str) -> str:
    """Return the project that a cloud's note of a tenant (Owner.tenant) is about: it stands before the first colon."""
    return tenant.partition(":")[0]


class Identity(Protocol):
    """See Cloud for what each call may raise."""

    @property
    def kind(self) -> str:
        """Return openstack, qemu or simulated."""

    @property
    def identity(self) -> str:
        """Return the name of this cloud: the same for ever, unlike any other cloud's. Rows of one cloud mean nothing on another."""

    def ensure_quota(self, owner: Owner) -> None:
        """Write owner.quota to the owner's tenant, where there is one; a cloud without tenants does nothing."""

    def ensure_owner_gone(self, owner: Owner) -> None:
        """Remove the owner's empty tenant; no tenant: done. CloudRefused while anything is left in it."""
