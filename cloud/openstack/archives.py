"""Images that outlive their server: made of a server that is on a host, or taken over from Nova where the server is shelved.

Nova makes no image of a shelved server, whose disk is an image already: `<name>-shelved`, which Nova deletes with the server.
A refusal of Glance is only logged then (compute/api.py, _delete). So we protect that image, and it stays.
"""

from typing import Any

from cloud.contract import CloudBusy, CloudGone, CloudRefused
from cloud.openstack import cluster, images
from cloud.openstack.client import Client
from cloud.openstack.errors import Conflict, body
from cloud.openstack.server_actions import SOON, ServerActions

SHELVED = ("SHELVED", "SHELVED_OFFLOADED")


class Archives:
    """Archives belong to the student's project, as Nova's shelved images do: the project must not be deleted before them."""

    def __init__(self, client: Client, actions: ServerActions) -> None:
        self._client = client
        self._actions = actions

    def ensure(self, server_id: str, name: str) -> dict[str, Any]:
        """Make the archive, or find it. Return its row in Glance.

        The row says "saving" until Nova has finished. When Nova fails after Glance has the whole image, it deletes the image
        (compute/manager.py, delete_image_on_error), and the server must still exist then.
        """
        # The server before the image: after a failure Nova deletes the image first, and then says that the server is idle.
        row = self._look(server_id)
        if found := self._named(server_id, name):
            return {**found, "status": "saving"} if row and _is_copying(row) else found
        if row is None:
            raise CloudGone(f"There is no server {server_id}.")
        self._actions.must_be_idle(row)
        if not row["image"]:
            raise CloudRefused(f"The disk of server {server_id} is a volume: no image can keep it.")
        return self._take_over(row, name) if row["status"] in SHELVED else self._make(row, name)

    def undo(self, server_id: str, name: str) -> None:
        found = self._named(server_id, name)
        if found is None:
            return
        if found["protected"] and self._is_shelved(server_id):
            images.patch(self._client, found["id"], images.replace("protected", False), images.remove(cluster.ARCHIVE))
        else:
            self.delete(found["id"])

    def shelved(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return the row of the image that Nova keeps of a shelved server: the newest, since a failure may have left an older one."""
        if row["status"] not in SHELVED:
            return None
        found = cluster.pages(self._client, {"instance_uuid": row["id"], "limit": cluster.PAGE})
        kept = [one for one in found if one["name"].endswith("-shelved") and one["status"] == "active"]
        return max(kept, key=lambda one: str(one["created_at"]), default=None)

    def delete(self, image_id: str) -> None:
        try:
            self._client.request("image", "DELETE", f"/images/{image_id}")
        except CloudGone:
            return
        except CloudRefused as error:
            if "protected" not in str(error).lower():
                raise
            images.patch(self._client, image_id, images.replace("protected", False))
            self._client.request("image", "DELETE", f"/images/{image_id}")

    def _named(self, server_id: str, name: str) -> dict[str, Any] | None:
        found = cluster.pages(self._client, {"name": name, cluster.ARCHIVE: server_id, "limit": 1})
        return next((row for row in found if row["status"] not in images.DEAD), None)

    def _take_over(self, row: dict[str, Any], name: str) -> dict[str, Any]:
        """Take over Nova's image in one call, so that it is protected when it can be found by its new name."""
        kept = self.shelved(row)
        if kept is None:
            raise CloudRefused(f"Server {row['id']} is put away, but Glance has no image of it.")
        tagged = images.add(cluster.ARCHIVE, row["id"])
        changes = images.replace("protected", True), tagged, images.replace("name", name)
        return images.patch(self._client, kept["id"], *changes)

    def _make(self, row: dict[str, Any], name: str) -> dict[str, Any]:
        if row["status"] == "ERROR":  # Nova makes no image of a server in ERROR, but of one that is off
            self._actions.stop(row["id"])
            raise CloudBusy(f"Server {row['id']} is broken: it is switched off first, then copied.", retry_after=SOON)
        wish = {"name": name, "metadata": {cluster.ARCHIVE: row["id"], cluster.SNAPSHOT: ""}}
        try:
            made = self._actions.as_student(
                row, lambda project: self._actions.act(row["id"], "createImage", wish, project=project)
            )
        except Conflict:
            now = self._actions.get(row["id"])
            self._actions.must_not_be_ready(now)
            raise CloudRefused(f"No image can be made of a server that is {now['status']}.") from None
        return body(self._client.request("image", "GET", f"/images/{made['image_id']}"))

    def _is_shelved(self, server_id: str) -> bool:
        row = self._look(server_id)
        return row is not None and row["status"] in SHELVED

    def _look(self, server_id: str) -> dict[str, Any] | None:
        try:
            return self._actions.get(server_id)
        except CloudGone:
            return None


def _is_copying(row: dict[str, Any]) -> bool:
    return (row["OS-EXT-STS:task_state"] or "").startswith("image_")
