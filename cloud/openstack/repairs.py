"""Repair a broken server, or move it to another host: power cut, rescue, cold migration, evacuation.

Nova writes no metadata of a server that is in ERROR, being rescued or moved. So we count in Nova's own history of the server, and
write the number down as soon as the server is well: see ServerActions.restart.
"""

from collections.abc import Collection
from typing import Any

from cloud.contract import CloudBusy, CloudRefused
from cloud.openstack import compute_hosts
from cloud.openstack.client import Client
from cloud.openstack.errors import BadRequest, Conflict
from cloud.openstack.nova_servers import PREFIX, number_of
from cloud.openstack.server_actions import OUR_REBOOTS, SOON, ServerActions

HARD = ("rebooting_hard", "reboot_pending_hard", "reboot_started_hard")
SOFT = ("rebooting", "reboot_pending", "reboot_started")
MOVING = ("RESIZE", "MIGRATING")
MOVABLE = ("ACTIVE", "SHUTOFF")
EVACUATING = ("rebuilding", "rebuild_block_device_mapping", "rebuild_spawning")
OUR_MOVES = f"{PREFIX}migrations"  # of Nova's history, how many were ours when `moves` was written down
OUR_EVACUATIONS = f"{PREFIX}evacuations"  # likewise


class Repairs:
    """Repairs, made as the service user: rescue, migrate and evacuate are for administrators."""

    def __init__(self, client: Client, actions: ServerActions) -> None:
        self._client, self._actions = client, actions

    def restart_hard(self, server_id: str, number: int) -> None:
        row = self._actions.get(server_id)
        task = row["OS-EXT-STS:task_state"] or ""
        if _done(row, "restarts") >= number or task in HARD:
            return
        if task not in SOFT:
            self._actions.must_be_idle(row)
            if row["status"] == "ACTIVE" and self._was_done(row, "reboot", OUR_REBOOTS, "restarts", number):
                return
        self._act(server_id, "reboot", {"type": "HARD"}, "restarted")

    def rescue(self, server_id: str) -> None:
        row = self._actions.get(server_id)
        if row["status"] == "RESCUE" or row["OS-EXT-STS:task_state"] == "rescuing":
            return
        self._actions.must_be_idle(row)
        self._act(server_id, "rescue", {}, "rescued")

    def move(self, server_id: str, number: int) -> None:
        """Take one step of a move: stop a server in ERROR, migrate, confirm, write the number down."""
        row = self._actions.get(server_id)
        task, status = row["OS-EXT-STS:task_state"] or "", row["status"]
        if _done(row, "moves") >= number or status in MOVING or task.startswith("resize"):
            return
        self._actions.must_be_idle(row)
        if status == "VERIFY_RESIZE":
            self._confirm(server_id)
        elif status == "ERROR":
            self._actions.stop(server_id)
        elif status not in MOVABLE:
            raise CloudRefused(f"A server that is {status} cannot be moved.")
        elif not self._was_done(row, "migrate", OUR_MOVES, "moves", number):
            self._act(server_id, "migrate", None, "moved", fits=MOVABLE)

    def evacuate(self, server_id: str, number: int) -> None:
        """Start a server of a fenced host elsewhere, and write the number down. What the dead host was at work on does not go on."""
        row = self._actions.get(server_id)
        if _done(row, "moves") >= number or row["OS-EXT-STS:task_state"] in EVACUATING:
            return
        host = row["OS-EXT-SRV-ATTR:host"] or ""
        if not host or not compute_hosts.is_fenced(self._client, host):
            if self._was_done(row, "evacuate", OUR_EVACUATIONS, "moves", number):
                return
            raise CloudRefused(f"Host {host or '–'} is not fenced: what it carries may still run there.")
        if row["status"] in ("SHELVED", "SHELVED_OFFLOADED"):
            raise CloudRefused(f"A server that is {row['status']} is on no host.")
        if row["status"] not in ("ACTIVE", "SHUTOFF", "ERROR") or row["OS-EXT-STS:task_state"]:
            self._act(server_id, "os-resetState", {"state": "error"}, "evacuated")
        self._act(server_id, "evacuate", {}, "evacuated")

    def _confirm(self, server_id: str) -> None:
        """Confirm a migration. While that goes on the server looks as before, and Nova refuses it a second time."""
        try:
            self._actions.act(server_id, "confirmResize")
        except (BadRequest, Conflict) as error:
            raise CloudBusy(f"Its move is being confirmed: {error}", retry_after=SOON) from error

    def _was_done(self, row: dict[str, Any], action: str, counter: str, name: str, number: int) -> bool:
        """Return whether the history has one more move of ours than is written down, and write that down."""
        count = self._actions.our_count(row["id"], action)
        if count <= number_of((row.get("metadata") or {}).get(counter)):
            return False
        self._actions.write_metadata(row["id"], {f"{PREFIX}{name}": str(number), counter: str(count)})
        return True

    def _act(self, server_id: str, action: str, facts: Any, word: str, fits: Collection[str] = ()) -> None:
        try:
            self._actions.act(server_id, action, facts)
        except Conflict as error:
            row = self._actions.get(server_id)
            self._actions.must_be_idle(row)
            if row["status"] in fits:  # then the server is not the reason: for a moment Nova did not hear its host
                raise
            raise CloudRefused(f"A server that is {row['status']} cannot be {word}: {error}") from error


def _done(row: dict[str, Any], name: str) -> int:
    return number_of((row.get("metadata") or {}).get(f"{PREFIX}{name}"))
