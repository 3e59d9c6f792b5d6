"""Images: what servers are made of, snapshots of their disks, archives that outlive them, and the bytes of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Image:
    """A disk in the cloud's store."""

    id: str
    name: str
    ready: bool  # a server can be made of it; not while it is uploaded or snapshotted, or switched off
    min_ram_mb: int = 0
    min_disk_gb: int = 0
    size_bytes: int = 0
    login: str = ""  # the user to sign in as over SSH, where the image says so
    can_suspend: bool = True
    disk_format: str = "qcow2"  # of the bytes: qcow2, raw…
    status: str = ""  # the cloud's own word, where it is not ready: queued, saving, deactivated…
    fault: str = ""  # why it could not be made, for administrators
    checksum: str = ""  # of the bytes, after its method: sha512:…; '' where the cloud gives none


class Images(Protocol):
    """See Cloud for what each call may raise."""

    def images(self) -> list[Image]:
        """List images, also those that are not ready, but no archives."""

    def ensure_snapshot(self, server_id: str, name: str) -> Image:
        """Make an image of the server's disk, found again by `name`. Not ready at once: see images()."""

    def ensure_archived(self, server_id: str, name: str) -> Image:
        """Make an image of the server's disk that outlives it, found again by `name`. Ask again until it is `ready`: then the server may go.

        The server may be running, in any kind of rest, or in ERROR (which may switch it off first).
        """

    def ensure_not_archived(self, server_id: str, name: str) -> None:
        """Undo ensure_archived: delete the image. The server, where it still exists, is unaffected. No such image: done."""

    def kept_image(self, server_id: str) -> Image | None:
        """Return the image in which this cloud itself keeps the disk of a shelved server; we must never delete it. None: there is none."""

    def ensure_image_deleted(self, image_id: str) -> None:
        """Delete an image, also an archive; no such image: done."""

    def image_size(self, image_id: str) -> int:
        """Return the image's size in bytes. CloudGone when it does not exist, CloudBusy while it is being made."""

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the image's bytes from `start` on, a chunk at a time, never whole in memory.

        Errors come with the chunks. Only CloudBusy cuts a stream short.
        """
