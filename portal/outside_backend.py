"""The authentication backend of outside accounts. It is asked after the one of local passwords has found none."""

from typing import Any

from django.http import HttpRequest

from accounts.outside import sign_in
from portal.adapters import AuthenticationBackend


class OutsideBackend(AuthenticationBackend):
    """Sends a name and a password to the cloud or the directory. Raises OutsideRefusal."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:
        name = credentials.get("username") or credentials.get("email") or ""
        person = sign_in.sign_in(name, credentials.get("password") or "")
        if person is None or self.user_can_authenticate(person):
            return person
        self._stash_user(person)  # blocked here: allauth shows the page that says so
        return None
