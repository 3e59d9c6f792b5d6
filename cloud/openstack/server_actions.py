"""Act on a server that exists. The likely call is made at once; the server is looked at only when Nova says "not in this state"."""

import logging
from collections.abc import Callable
from typing import Any

from cloud.contract import Cause, CloudBusy, CloudFull, CloudGone, CloudLimit, CloudRefused, Flavor, ServerSpec
from cloud.openstack import cluster, images, paging, userdata
from cloud.openstack.client import Client
from cloud.openstack.errors import BadRequest, Conflict, NotSignedIn, body
from cloud.openstack.nova_servers import GONE, PREFIX, flavor_of, metadata, number_of
from cloud.openstack.tenants import keypair_prefix

log = logging.getLogger(__name__)

SOON = 1.0  # seconds: the server is busy with something short
WAKES = 3.0  # seconds until the next question about a server that had to be woken first
ASLEEP = ("SUSPENDED", "PAUSED")
OUR_REBOOTS = f"{PREFIX}reboots"  # of Nova's history, how many were ours when `restarts` was written down


class ServerActions:
    """Actions as the service user, who may act in every project; as the student where the result belongs to the student."""

    def __init__(self, client: Client, agents: Callable[[], list[str]] = list) -> None:
        self._client, self._agents = client, agents

    def get(self, server_id: str, *, project: str | None = None) -> dict[str, Any]:
        answer = self._client.request("compute", "GET", f"/servers/{server_id}", project=project)
        row: dict[str, Any] = body(answer)["server"]
        if row["status"] in GONE:
            raise CloudGone(f"Server {server_id} is deleted.")
        return row

    def act(self, server_id: str, action: str, facts: Any = None, *, project: str | None = None) -> dict[str, Any]:
        """Run an action. Raises Conflict when the server's state does not allow it now."""
        answer = self._client.request(
            "compute", "POST", f"/servers/{server_id}/action", json={action: facts}, project=project
        )
        return body(answer) if answer.content else {}

    # ---- running ----

    def run(self, server_id: str) -> None:
        try:
            self.act(server_id, "resume")  # most servers that are to run are asleep
        except Conflict:
            self._run_as_it_needs(self._idle(server_id))

    def _run_as_it_needs(self, row: dict[str, Any]) -> None:
        status = row["status"]
        if status in ("ACTIVE", "VERIFY_RESIZE"):
            return
        if status == "SHELVED_OFFLOADED" and not cluster.has_room(self._client, _flavor(row)):
            raise CloudFull("No computer of the cluster has room for it.")
        actions = {
            "SUSPENDED": "resume", "PAUSED": "unpause", "SHUTOFF": "os-start", "SHELVED": "unshelve",
            "SHELVED_OFFLOADED": "unshelve", "RESCUE": "unrescue",
        }  # fmt: skip
        if status not in actions:
            raise CloudRefused(f"A server that is {status} cannot be started.")
        self.act(row["id"], actions[status])

    def suspend(self, server_id: str) -> None:
        try:
            self.act(server_id, "suspend")
        except Conflict:
            row = self.get(server_id)
            asleep = ("SUSPENDED", "SHELVED", "SHELVED_OFFLOADED")
            if row["status"] in asleep or row["OS-EXT-STS:task_state"] == "suspending":
                return
            self.must_not_be_ready(row)
            raise CloudRefused(f"A server that is {row['status']} cannot be suspended.") from None

    def stop(self, server_id: str) -> None:
        """Power off. Nova presses the power button, and pulls the plug after a minute."""
        try:
            self.act(server_id, "os-stop")
        except Conflict:
            row = self.get(server_id)
            off = ("SHUTOFF", "SHELVED", "SHELVED_OFFLOADED")
            if row["OS-EXT-STS:task_state"] == "powering-off" or (
                row["status"] in off and not row["OS-EXT-STS:task_state"]
            ):
                return
            self.must_not_be_ready(row)
            raise CloudRefused(f"A server that is {row['status']} cannot be switched off.") from None

    def shelve(self, server_id: str) -> None:
        row = self.get(server_id)
        task = row["OS-EXT-STS:task_state"] or ""
        if row["status"] == "SHELVED_OFFLOADED" or task.startswith("shelving"):
            return
        self.must_be_idle(row)
        if row["status"] == "SHELVED":  # this cloud would keep it on its host for a while: free the host now
            self.act(server_id, "shelveOffload")
        elif row["status"] in ("ACTIVE", "SHUTOFF", *ASLEEP):
            self.as_student(row, lambda project: self.act(server_id, "shelve", project=project))
        else:
            raise CloudRefused(f"A server that is {row['status']} cannot be put away.")

    def restart(self, server_id: str, number: int) -> None:
        """Reboot once for each number. Counted in Nova's own history of the server: metadata cannot be written while it reboots."""
        row = self.get(server_id)
        facts = row.get("metadata") or {}
        if number_of(facts.get(f"{PREFIX}restarts")) >= number:
            return
        if (row["OS-EXT-STS:task_state"] or "").startswith("reboot"):
            return
        self.must_be_idle(row)
        if row["status"] != "ACTIVE":
            raise CloudRefused(f"A server that is {row['status']} cannot be restarted.")
        count = self.our_count(server_id, "reboot")
        if count > number_of(facts.get(OUR_REBOOTS)):
            self.write_metadata(server_id, {f"{PREFIX}restarts": str(number), OUR_REBOOTS: str(count)})
        else:
            self.act(server_id, "reboot", {"type": "SOFT"})  # Nova itself reboots hard after two minutes

    def our_count(self, server_id: str, action: str) -> int:
        """Return how often we did this, by Nova's history of the server."""
        rows = paging.rows(self._client, "compute", f"/servers/{server_id}/os-instance-actions", "instanceActions")
        own = self._client.user_id
        return sum(row["action"] == action and row["user_id"] == own for row in rows)

    # ---- its disk ----

    def rebuild(self, server_id: str, spec: ServerSpec, number: int) -> None:
        row = self.get(server_id)
        facts = dict(row.get("metadata") or {})
        if number_of(facts.get(f"{PREFIX}resets")) >= number:
            return
        self.must_be_idle(row)
        if row["status"] in (*ASLEEP, "SHELVED", "SHELVED_OFFLOADED"):
            self.run(server_id)
            raise CloudBusy("It is woken first, then rebuilt.", retry_after=WAKES)
        fresh: dict[str, Any] = {
            "imageRef": spec.image_id,
            "user_data": userdata.of_spec(spec, self._agents()),
        }
        facts |= metadata(spec.machine, spec.owner.key, spec.owner.name, spec.labels)
        fresh["metadata"] = {**facts, f"{PREFIX}resets": str(number)}
        if spec.public_keys:
            fresh["key_name"] = userdata.keypair_name(keypair_prefix(spec.owner), spec.public_keys[0])
        self.retry_mended(spec, row["tenant_id"], lambda: self.act(server_id, "rebuild", fresh))

    def snapshot(self, server_id: str, name: str) -> dict[str, Any]:
        """Make an image, or find it. Return its row in Glance. Templates must outlive their makers, so it is the portal's own project's."""
        client = self._client
        found = cluster.pages(client, {"name": name, cluster.SNAPSHOT: server_id, "limit": 1})
        living = [row for row in found if row["status"] not in images.DEAD]
        if living:
            return living[0]
        try:
            # ARCHIVE: a restored server would otherwise hand its own on.
            metadata = {cluster.SNAPSHOT: server_id, cluster.ARCHIVE: ""}
            made = self.act(server_id, "createImage", {"name": name, "metadata": metadata})
        except Conflict:
            row = self.get(server_id)
            self.must_not_be_ready(row)
            raise CloudRefused(f"No image can be made of a server that is {row['status']}.") from None
        return body(client.request("image", "GET", f"/images/{made['image_id']}"))

    # ---- its facts ----

    def write_metadata(self, server_id: str, facts: dict[str, str]) -> None:
        self._client.request("compute", "POST", f"/servers/{server_id}/metadata", json={"metadata": facts})

    def retry_mended(self, spec: ServerSpec, project: str, call: Callable[[], Any]) -> Any:
        """Make a call of Nova. Where it lacks the person's key or the right to the image, give it that and repeat; otherwise no extra call."""
        for mended in range(3):
            try:
                return call()
            except BadRequest as error:
                if mended == 2 or not self._mend(spec, project, str(error).lower()):
                    raise gone_or_refused(error) from error
        return None

    def _mend(self, spec: ServerSpec, project: str, text: str) -> bool:
        if "key_name" in text and spec.public_keys:
            self.keep_keypair(spec)
            return True
        return "image" in text and self._share(spec.image_id, project)

    def keep_keypair(self, spec: ServerSpec) -> None:
        if not spec.public_keys:
            return
        name = userdata.keypair_name(keypair_prefix(spec.owner), spec.public_keys[0])
        wish = {"keypair": {"name": name, "public_key": spec.public_keys[0]}}
        try:
            self._client.request("compute", "POST", "/os-keypairs", json=wish)
        except Conflict:
            log.debug("keypair %s is there", name)
        except CloudLimit as error:  # the portal's own limit, not the person's
            raise CloudRefused(f"The portal may have no more key pairs (manage.py setup_cloud): {error}") from error

    def _share(self, image_id: str, project: str) -> bool:
        """Let the student's project use an image of the portal's own. Return False when something else is wrong."""
        client = self._client
        try:
            row = body(client.request("image", "GET", f"/images/{image_id}"))
        except (CloudGone, CloudRefused):
            return False
        if row["owner"] != client.project_id or row["visibility"] in ("public", "community"):
            return False
        if row["visibility"] != "shared":
            images.patch(client, image_id, images.replace("visibility", "shared"))
        try:
            client.request("image", "POST", f"/images/{image_id}/members", json={"member": project})
        except Conflict:
            return False  # it is shared already: something else is wrong
        return True

    def as_student(self, row: dict[str, Any], call: Callable[[str | None], Any]) -> Any:
        """Make a call in the student's own project, which then owns the new image; as ourselves where we have no role there."""
        project = row["tenant_id"]
        try:
            return call(project)
        except NotSignedIn:
            self._client.sign_out(project)
            log.warning("no role in project %s: acting as ourselves", project)
            return call(None)

    def _idle(self, server_id: str) -> dict[str, Any]:
        row = self.get(server_id)
        self.must_be_idle(row)
        return row

    def must_be_idle(self, row: dict[str, Any]) -> None:
        if task := row["OS-EXT-STS:task_state"]:
            raise CloudBusy(f"Server {row['id']} is {task}.", retry_after=SOON)
        if row["status"] in ("BUILD", "REBUILD"):
            raise CloudBusy(f"Server {row['id']} is being built.", retry_after=SOON)

    def must_not_be_ready(self, row: dict[str, Any]) -> None:
        """Raise CloudBusy where the server has reached the right state meanwhile: that is no refusal."""
        self.must_be_idle(row)
        if row["status"] == "ACTIVE":
            raise CloudBusy(f"Server {row['id']} was in the middle of something.", retry_after=SOON)


def _flavor(row: dict[str, Any]) -> Flavor:
    size = flavor_of(row["flavor"])
    if size is None:
        raise CloudBusy(f"Nova does not say how big server {row['id']} is.")
    return size


def gone_or_refused(error: BadRequest) -> CloudGone | CloudRefused:
    """Return the error behind Nova's 400. Nova sends no codes, so this is the one place that reads its English."""
    text = str(error)
    english = text.lower()
    if any(word in english for word in ("could not be found", "can not find", "imageref", "flavorref")):
        return CloudGone(text, Cause.SIZE_GONE if "flavor" in english else Cause.IMAGE_GONE)
    if "is not active" in english:
        return CloudRefused(text, Cause.IMAGE_NOT_READY)
    if "too small" in english or "smaller than" in english:
        return CloudRefused(text, Cause.SIZE_TOO_SMALL)
    return CloudRefused(text)
