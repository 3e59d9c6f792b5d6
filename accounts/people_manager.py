"""The manager of accounts. The address that the university writes down is taken as proven."""

import warnings
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import UserManager
from django.db import transaction

if TYPE_CHECKING:
    from accounts.models import User


class People(UserManager["User"]):
    use_in_migrations = False

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the person of this name in any case. Of two whose capital letters are the same ("iris", "ırıs") the more exact one."""
        name = self.model.normalize_username(username or "")
        alike = self.filter(username__iexact=name).order_by("pk")
        found = sorted(alike, key=lambda user: (user.username != name, user.username.lower() != name.lower()))
        if not found:
            raise self.model.DoesNotExist(f"There is nobody called {name!r}.")
        return found[0]

    @transaction.atomic
    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **facts: Any
    ) -> "User":
        """Create an administrator. A sign-up of that name or address which nobody has confirmed ends."""
        from accounts import sign_up  # they need the model
        from accounts.audit.trail import Thing, record

        sign_up.give_way(username=self.model.normalize_username(username), email=(email or "").strip())
        user = super().create_superuser(username, email, password, **facts)
        detail = {"roles": sorted(user.held_roles)}
        record(by=None, verb="create_person", whom=user, thing=Thing("person", user.pk), detail=detail)
        return user

    def _create_user(self, username: str, email: str | None, password: str | None, **facts: Any) -> "User":
        from accounts import emails  # it needs the model

        if "role" in facts:  # until 0.5
            warnings.warn("create_user takes roles=[…] now; role= goes with version 0.5.", FutureWarning, stacklevel=3)
            facts["roles"] = [facts.pop("role")]
        user: User = super()._create_user(username, email, password, **facts)  # type: ignore[misc]
        emails.trust(user)
        return user
