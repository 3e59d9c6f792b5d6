"""People of Keystone: signing in with the name and password of Horizon, and application credentials of their own.

Plain requests, not OpenStack's clients: those sign in again by themselves when they meet a 401, and a wrong password must never be
sent twice. Outside cloud.openstack, for web would load 30 MB of clients with it.
"""

import time
from collections.abc import Collection
from typing import Any

import requests

from cloud.contract import AppCredential, CloudBusy, CloudPerson, CloudRefused, Denial, WhichProject

SECONDS = 5.0  # for all calls of one sign-in
MOST_PROJECTS = 10  # whose roles are looked up: more would cost a call each
RECEIPT = "Openstack-Auth-Receipt"  # with a 401: the password was right, and another factor is missing
# Parts of Keystone's own sentences (keystone/exception.py). Since CVE-2021-38155 it says of a locked account no more than of a wrong password.
DENIALS = {
    "password is expired": Denial.EXPIRED,
    "account is locked": Denial.LOCKED,
    "account is disabled": Denial.LOCKED,
}


class KeystonePeople:
    """Safe to share between threads: each sign-in has a connection of its own, which ends with it."""

    def __init__(self, url: str, *, ca: str = "", seconds: float = SECONDS) -> None:
        """Take Keystone's address, with /v3 or without, and the file of its certificate authority where that is one of your own."""
        self._url = url.rstrip("/") if url.rstrip("/").endswith("/v3") else f"{url.rstrip('/')}/v3"
        self._ca = ca
        self._seconds = seconds

    def sign_in(self, name: str, password: str, domain: str) -> CloudPerson | Denial:
        with _Visit(self._url, self._ca, self._seconds) as visit:
            if denial := visit.sign_in(name, password, domain):
                return denial
            facts = visit.get(f"/users/{visit.user['id']}", "user")
            return CloudPerson(
                id=visit.user["id"],
                name=visit.user["name"],
                email=str(facts.get("email") or ""),
                full_name=str(facts.get("description") or "") if facts.get("description") != facts.get("name") else "",
                roles=visit.roles(),
            )

    def make_credential(
        self, name: str, password: str, domain: str, *, label: str, project: str = "", leftovers: Collection[str] = ()
    ) -> AppCredential | WhichProject | Denial:
        with _Visit(self._url, self._ca, self._seconds) as visit:
            if denial := visit.sign_in(name, password, domain):
                return denial
            chosen = _chosen(visit.projects(), project)
            if isinstance(chosen, WhichProject):
                return chosen
            visit.scope_to(chosen["id"])
            asked = {"application_credential": {"name": label, "description": "Made with Minga"}}
            path = f"/users/{visit.user['id']}/application_credentials"
            visit.remove(path, leftovers)
            made = visit.post(path, asked)["application_credential"]
            return AppCredential(made["id"], made["secret"], self._url, chosen["name"], visit.region)


class _Visit:
    """The calls of one person, from the password to the last answer."""

    def __init__(self, url: str, ca: str, seconds: float) -> None:
        self._url, self._ends_at = url, time.monotonic() + seconds
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca or True
        self.user: dict[str, Any] = {}
        self._roles: set[str] = set()
        self._project = self.region = ""

    def __enter__(self) -> "_Visit":
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()

    def sign_in(self, name: str, password: str, domain: str) -> Denial | None:
        who = {"name": name, "password": password, "domain": {"name": domain}}
        answer = self._token({"methods": ["password"], "password": {"user": who}}, scope=None)
        if answer.status_code == 401:
            return _denial(answer)
        self._take(answer)
        return None

    def scope_to(self, project: str) -> None:
        identity = {"methods": ["token"], "token": {"id": self._session.headers["X-Auth-Token"]}}
        self._take(self._token(identity, scope={"project": {"id": project}}))

    def projects(self) -> list[dict[str, Any]]:
        """Return the projects in which the person has a role, by name."""
        return sorted(self.get("/auth/projects", "projects"), key=lambda project: str(project["name"]))

    def roles(self) -> frozenset[str]:
        """Return the names of the person's roles; where they have more than MOST_PROJECTS projects, of the first ones."""
        for project in self.projects()[:MOST_PROJECTS]:
            if project["id"] != self._project:
                self.scope_to(project["id"])
        return frozenset(self._roles)

    def get(self, path: str, key: str) -> Any:
        return _good(self._send("GET", path))[key]

    def post(self, path: str, json: Any) -> dict[str, Any]:
        return _good(self._send("POST", path, json))

    def remove(self, path: str, labels: Collection[str]) -> None:
        """Delete the person's application credentials of these names, if there are any."""
        found = self.get(path, "application_credentials") if labels else []
        for row in found:
            if row["name"] in labels and (answer := self._send("DELETE", f"{path}/{row['id']}")).status_code != 404:
                _good(answer) if answer.content else answer.raise_for_status()

    def _token(self, identity: dict[str, Any], scope: Any) -> requests.Response:
        asked = {"identity": identity, **({"scope": scope} if scope else {})}
        return self._send("POST", "/auth/tokens", {"auth": asked})

    def _take(self, answer: requests.Response) -> None:
        token = _good(answer)["token"]
        self.user = token["user"]
        self._project = token.get("project", {}).get("id", "")
        self._roles |= {str(role["name"]) for role in token.get("roles", ())}
        ends = [end for entry in token.get("catalog", ()) for end in entry["endpoints"]]
        self.region = next((str(end["region"]) for end in ends if end.get("region")), self.region)
        self._session.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]

    def _send(self, method: str, path: str, json: Any = None) -> requests.Response:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise CloudBusy("Keystone did not answer in time.")
        try:
            return self._session.request(method, self._url + path, json=json, timeout=left, allow_redirects=False)
        except (requests.RequestException, OSError) as error:
            raise CloudBusy(f"Keystone does not answer: {error!r}") from error


def _good(answer: requests.Response) -> dict[str, Any]:
    """Return the JSON of a good answer. CloudRefused in Keystone's own words for one that says no, CloudBusy for anything else."""
    try:
        found: Any = answer.json()
    except ValueError as error:
        raise CloudBusy(f"Keystone answers {answer.status_code}: {answer.text[:200]!r}") from error
    if answer.ok and answer.status_code < 300 and isinstance(found, dict):
        return found
    text = str(found.get("error", {}).get("message", "")) if isinstance(found, dict) else ""
    refuses = answer.status_code in (400, 403, 404, 409) and text
    raise (CloudRefused if refuses else CloudBusy)(text[:300] or f"Keystone answers {answer.status_code}.")


def _denial(answer: requests.Response) -> Denial:
    """Return what a 401 means. Keystone tells an expired password and a locked account from a wrong one by its sentence only."""
    if RECEIPT in answer.headers:
        return Denial.SECOND_FACTOR
    text = answer.text[:2000]
    return next((denial for words, denial in DENIALS.items() if words in text), Denial.WRONG)


def _chosen(projects: list[dict[str, Any]], name: str) -> dict[str, Any] | WhichProject:
    found = [project for project in projects if not name or project["name"] == name]
    return found[0] if len(found) == 1 else WhichProject(tuple(str(project["name"]) for project in projects))
