"""Cloud users that the portal makes for owners, so that they see their servers on the cloud's own pages (Horizon)."""

from dataclasses import dataclass, field
from typing import Protocol

from cloud.contract.identity import Owner


@dataclass(frozen=True, slots=True)
class UserSpec:
    """The wanted state of an owner's user. A cloud without domains ignores `domain`."""

    name: str  # the same for ever: a user that was made and lost on the way is found by it
    id: str = ""  # as ensure_user returned it; '': not known to be made
    password: str = field(default="", repr=False)  # '': it stays as it is
    enabled: bool | None = None  # None: it stays as it is; a new one is enabled
    domain: str = ""  # its name; '': the domain of the tenants


@dataclass(frozen=True, slots=True)
class MadeUser:
    """A user that exists in the cloud, as ensure_user left it."""

    id: str  # never changes, never reused
    tenant: str = ""  # Owner.tenant from now on


class Users(Protocol):
    """See Cloud for what each call may raise. CloudRefused also where the portal may make no users in that domain."""

    def ensure_user(self, owner: Owner, user: UserSpec) -> MadeUser:
        """Make the owner's user or bring it in line: a member of the owner's tenant, made where there is none, and of nothing else.

        A user without an id is searched for by its name. One that was made for this owner before is used again; CloudRefused if the
        name is anybody else's, CloudGone if no user has this id any more.
        """

    def ensure_user_gone(self, owner: Owner, user: UserSpec) -> None:
        """Delete the owner's user, with its sign-ins and credentials. Do nothing if there is none, or it is not this owner's."""
