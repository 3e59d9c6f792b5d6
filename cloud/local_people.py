"""The client of the local cloud's people: the contract's People over HTTP. It needs no token, only a person's own password."""

from collections.abc import Collection
from typing import Any

import httpx

from cloud.contract import AppCredential, CloudBusy, CloudPerson, CloudRefused, Denial, WhichProject


class LocalPeople:
    """Safe to share between threads: each call has a connection of its own."""

    def __init__(self, url: str, *, seconds: float) -> None:
        self._url, self._seconds = url, seconds

    def sign_in(self, name: str, password: str, domain: str) -> CloudPerson | Denial:
        """Check a name and a password; this cloud has no domains."""
        answer = self._post("/people/sign-in", {"name": name, "password": password})
        if denied := answer.get("denied"):
            return Denial(denied)
        facts = answer["person"]
        return CloudPerson(**{**facts, "roles": frozenset(facts["roles"])})

    def make_credential(
        self, name: str, password: str, domain: str, *, label: str, project: str = "", leftovers: Collection[str] = ()
    ) -> AppCredential | WhichProject | Denial:
        raise CloudRefused("This cloud has no credentials for programs.")

    def _post(self, path: str, json: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = httpx.post(self._url + path, json=json, timeout=self._seconds, trust_env=False)
            if answer.is_success:
                found: dict[str, Any] = answer.json()
                return found
        except (httpx.HTTPError, ValueError) as error:
            raise CloudBusy(f"The local cloud does not answer: {error!r}", retry_after=1) from error
        raise CloudBusy(f"The local cloud answers {answer.status_code}.", retry_after=1)
