"""The local cloud's client: the contract over HTTP to the small server process of `cloud.localcloud`."""

import os
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx

from cloud.contract import (
    Cause,
    CloudBusy,
    CloudFull,
    CloudGone,
    CloudRefused,
    Diagnostics,
    Flavor,
    Host,
    Image,
    Listing,
    MadeUser,
    Owner,
    Room,
    SerialConsole,
    Server,
    ServerSpec,
    Status,
    UserSpec,
)

TIMEOUT_SECONDS = 10.0  # for one call; verbs are only accepted in it, not done
CHUNK_BYTES = 256 * 1024  # of an image, in memory at once


class LocalCloud:
    """Blocking and safe to share between threads; a process that forks gets connections of its own."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._clients: dict[int, httpx.Client] = {}
        self._lock = threading.Lock()
        self._facts: dict[str, Any] = {}

    @property
    def kind(self) -> str:
        """Return qemu or simulated: the kind of guests."""
        return str(self._about()["kind"])

    @property
    def identity(self) -> str:
        return f"local:{self._about()['instance']}"

    def close(self) -> None:
        """Close the connections of this process; the next call opens new ones."""
        with self._lock:
            if client := self._clients.pop(os.getpid(), None):
                client.close()

    def flavors(self) -> list[Flavor]:
        return [Flavor(**row) for row in self._request("GET", "/flavors")]

    def images(self) -> list[Image]:
        return [Image(**row) for row in self._request("GET", "/images")]

    def room(self) -> Room:
        return Room(**self._request("GET", "/room"))

    def has_room(self, flavor: Flavor) -> bool:
        return self.room().fits(flavor)

    def hosts(self) -> list[Host]:
        return [Host(**row, heard_at=datetime.now(UTC)) for row in self._request("GET", "/hosts")]

    def loads(self) -> dict[str, tuple[float, float, float]]:
        return {name: (each[0], each[1], each[2]) for name, each in self._request("GET", "/loads").items()}

    def list_servers(self, changes_since: str | None = None) -> Listing:
        query = {} if changes_since is None else {"changes_since": changes_since}
        answer = self._request("GET", "/servers", params=query)
        return Listing([_server(row) for row in answer["servers"]], answer["cursor"], answer["whole"])

    def find_server(self, machine: str, owner: Owner, project: str = "") -> Server | None:
        row = self._request("GET", "/servers/find", params={"machine": machine})
        return _server(row) if row else None

    def ensure_server(self, spec: ServerSpec) -> Server:
        return _server(self._request("POST", "/servers", json=_spec_as_json(spec)))

    def takes_host_key(self, spec: ServerSpec) -> bool:
        return bool(spec.host_key)

    def ensure_running(self, server_id: str) -> None:
        self._verb(server_id, "run")

    def ensure_suspended(self, server_id: str) -> None:
        self._verb(server_id, "suspend")

    def ensure_stopped(self, server_id: str) -> None:
        self._verb(server_id, "stop")

    def ensure_shelved(self, server_id: str) -> None:
        self._verb(server_id, "shelve")

    def ensure_restarted(self, server_id: str, number: int) -> None:
        self._verb(server_id, "restart", number=number)

    def ensure_hard_restarted(self, server_id: str, number: int) -> None:
        self._verb(server_id, "restart-hard", number=number)

    def ensure_rescued(self, server_id: str) -> None:
        """Raise CloudRefused: this cloud has no rescue image."""
        self._verb(server_id, "rescue")

    def ensure_moved(self, server_id: str, number: int) -> None:
        """Raise CloudRefused: this cloud is one computer."""
        self._verb(server_id, "move")

    def ensure_evacuated(self, server_id: str, number: int) -> None:
        """Raise CloudRefused: this cloud is one computer, which is up."""
        self._verb(server_id, "evacuate")

    def set_host_enabled(self, name: str, enabled: bool, reason: str = "") -> None:
        self._request("PUT", f"/hosts/{quote(name, safe='')}", json={"enabled": enabled, "reason": reason})

    def set_host_weight(self, name: str, weight: float) -> None:
        """Keep the weight, which chooses nothing: this cloud is one computer."""
        self._request("PUT", f"/hosts/{quote(name, safe='')}", json={"weight": weight})

    def set_host_fenced(self, name: str, fenced: bool) -> None:
        """Raise CloudRefused where it is to be fenced: this cloud is one computer, which is up."""
        self._request("PUT", f"/hosts/{quote(name, safe='')}", json={"fenced": fenced})

    def ensure_rebuilt(self, server_id: str, spec: ServerSpec, number: int) -> None:
        self._verb(server_id, "rebuild", spec=_spec_as_json(spec), number=number)

    def ensure_deleted(self, server_id: str) -> None:
        self._request("DELETE", f"/servers/{server_id}")

    def ensure_renamed(self, server_id: str, name: str) -> str:
        self._verb(server_id, "rename", name=name)
        return name

    def ensure_adopted(self, server_id: str, machine: str, owner: Owner) -> None:
        self._verb(server_id, "adopt", machine=machine, owner=owner.key)

    def ensure_quota(self, owner: Owner) -> None:
        """Do nothing: this cloud has no tenants."""

    def ensure_rules(self, owner: Owner) -> str:
        """Do nothing: this cloud has no tenants."""
        return owner.tenant

    def ensure_owner_gone(self, owner: Owner) -> None:
        """Do nothing: this cloud has no tenants."""

    def ensure_user(self, owner: Owner, user: UserSpec) -> MadeUser:
        wish = {"id": user.id, "name": user.name, "password": user.password, "enabled": user.enabled}
        made = self._request("POST", "/users", json={**wish, "owner": owner.key})
        return MadeUser(made["id"], owner.tenant)

    def ensure_user_gone(self, owner: Owner, user: UserSpec) -> None:
        self._request("DELETE", "/users", params={"id": user.id, "name": user.name, "owner": owner.key})

    def ensure_ports(self, server_id: str, ports: frozenset[int]) -> None:
        self._verb(server_id, "ports", ports=sorted(ports))

    def ensure_snapshot(self, server_id: str, name: str) -> Image:
        return Image(**self._verb(server_id, "snapshot", name=name))

    def ensure_archived(self, server_id: str, name: str) -> Image:
        return Image(**self._request("POST", "/archives", json={"server": server_id, "name": name}))

    def ensure_not_archived(self, server_id: str, name: str) -> None:
        self._request("DELETE", "/archives", params={"name": name})

    def kept_image(self, server_id: str) -> Image | None:
        """Return None: a shelved server keeps its disk in its own folder, of which an archive is made."""
        self._verb(server_id, "look")
        return None

    def ensure_image_deleted(self, image_id: str) -> None:
        self._request("DELETE", f"/images/{image_id}")

    def image_size(self, image_id: str) -> int:
        size: int = self._request("GET", f"/images/{image_id}/size")["bytes"]
        return size

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes over a connection of their own: a slow reader must not keep one from the verbs."""
        if length == 0:
            return
        headers = {**self._headers, "Range": f"bytes={start}-{'' if length is None else start + length - 1}"}
        try:
            path = f"{self._url}/images/{image_id}/file"
            with httpx.stream("GET", path, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False) as answer:
                if answer.status_code == 416:
                    return
                if not answer.is_success:
                    answer.read()
                    raise _problem(answer)
                yield from answer.iter_raw(CHUNK_BYTES)
        except httpx.HTTPError as error:
            raise CloudBusy(f"The local cloud broke off: {error!r}", retry_after=1) from error

    def console_log(self, server_id: str, lines: int = 100, *, project: str = "") -> str:
        text: str = self._request("GET", f"/servers/{server_id}/console", params={"lines": lines})["text"]
        return text

    def serial_console(self, server_id: str, *, project: str = "") -> SerialConsole | None:
        if not self._request("GET", f"/servers/{server_id}/serial")["offered"]:
            return None
        return SerialConsole(
            f"ws{self._url.removeprefix('http')}/servers/{server_id}/serial/line", headers=self._headers
        )

    def console_url(self, server_id: str) -> str:
        url: str = self._request("GET", f"/servers/{server_id}/screen")["url"]
        return url

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        answer = self._request("POST", "/diagnostics", json={"ids": list(server_ids)})
        return {server_id: Diagnostics(**row) for server_id, row in answer.items()}

    def _about(self) -> dict[str, Any]:
        if not self._facts:
            self._facts = self._request("GET", "/")
        return self._facts

    def _verb(self, server_id: str, verb: str, **fields: Any) -> Any:
        return self._request("POST", f"/servers/{server_id}/{verb}", json=fields)

    def _request(self, method: str, path: str, **rest: Any) -> Any:
        try:
            answer = self._client().request(method, path, **rest)
        except httpx.HTTPError as error:
            raise CloudBusy(f"The local cloud does not answer: {error!r}", retry_after=1) from error
        if answer.is_success:
            return answer.json()
        raise _problem(answer)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _client(self) -> httpx.Client:
        with self._lock:
            client = self._clients.get(os.getpid())  # Celery forks: a connection shared by two processes mixes answers
            if client is None:
                client = httpx.Client(
                    base_url=self._url,
                    headers=self._headers,
                    timeout=TIMEOUT_SECONDS,
                    trust_env=False,
                    verify=_trusted(),
                )
                self._clients[os.getpid()] = client
            return client


@cache
def _trusted() -> ssl.SSLContext:
    """Return the trusted certificates, for https. Loading them takes 20 ms, so each process does it once."""
    return httpx.create_ssl_context(trust_env=False)


def _spec_as_json(spec: ServerSpec) -> dict[str, Any]:
    """Return the spec as JSON. Only the owner's key is sent: nobody but Minga looks at this cloud."""
    keys = [*spec.public_keys, *filter(None, [spec.portal_key, spec.line_key])]  # lines with options, too
    fields = asdict(spec) | {"owner": spec.owner.key, "public_keys": keys, "ports": sorted(spec.ports)}
    # The search that is_new saves costs nothing here.
    del fields["is_new"], fields["portal_key"], fields["line_key"], fields["login"]
    return fields


def _server(row: dict[str, Any]) -> Server:
    row["flavor"] = Flavor(**row["flavor"])
    row["status"] = Status(row["status"])
    row["port_map"] = {int(inside): outside for inside, outside in row["port_map"].items()}
    row["created_at"] = datetime.fromisoformat(row["created_at"])
    return Server(**row)


def _problem(answer: httpx.Response) -> CloudBusy | CloudFull | CloudGone | CloudRefused:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    text = body.get("text", answer.text)
    if answer.status_code >= 500:
        return CloudBusy(text, retry_after=1)
    if body.get("problem") == "full":
        return CloudFull(text)
    cause = Cause(body.get("cause", ""))
    return CloudGone(text, cause) if answer.status_code == 404 else CloudRefused(text, cause)
