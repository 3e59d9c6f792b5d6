"""The service user's sign-in to a student's project, by a token that all processes of a worker share."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from keystoneauth1.access import AccessInfoV3
from keystoneauth1.exceptions.http import Forbidden, Unauthorized
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from cloud.shared_tokens import TOKENS


class StudentSignIn(v3.Password):
    """A sign-in that asks Keystone only where no process of this worker has a token that lasts for two minutes more.

    All that is known of a shared token is when it ends: it has no service catalog and no roles. Calls in a student's project
    go to an address that was found before.
    """

    def __init__(self, auth: Mapping[str, Any], project: str) -> None:
        super().__init__(**auth, project_id=project, reauthenticate=True, include_catalog=False)
        # Whoever signs in otherwise (to another cloud, as another user) must never meet this token.
        self._key = sha256(json.dumps([sorted(auth.items()), project]).encode()).hexdigest()

    def get_auth_ref(self, session: Session) -> AccessInfoV3:
        known = _read(TOKENS.get(self._key))
        if known is not None and not known.will_expire_soon(self.MIN_TOKEN_LIFE_SECONDS):
            return known
        fresh = self._asked(session)
        TOKENS.put(self._key, _written(fresh))
        return fresh

    def _asked(self, session: Session) -> AccessInfoV3:
        """Get a token for our own one: for a password Keystone takes a quarter of a second of its processor."""
        own = v3.Token(
            self.auth_url or "", session.get_token() or "", project_id=self.project_id, include_catalog=False
        )
        try:
            return own.get_auth_ref(session)
        except (Forbidden, Unauthorized):  # its operator may have forbidden this; else the password is refused, too
            return super().get_auth_ref(session)

    def invalidate(self) -> bool:
        """Forget a token that was refused, for all processes: the session does so at a 401, then asks once more."""
        if self.auth_ref is not None:
            TOKENS.drop(self._key, _written(self.auth_ref))
        return super().invalidate()

    def forget(self) -> None:
        """Forget whatever token is shared for this project."""
        TOKENS.drop(self._key, TOKENS.get(self._key))


def _written(access: Any) -> str:
    return json.dumps([access.auth_token, access.expires.isoformat()])


def _read(text: str) -> AccessInfoV3 | None:
    if not text:
        return None
    token, end = json.loads(text)
    return AccessInfoV3({"token": {"expires_at": end}}, auth_token=token)
