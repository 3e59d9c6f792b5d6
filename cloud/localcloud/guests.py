"""What the conductor asks of a kind of guest. Each verb can be said again after it was cut off half-way."""

from pathlib import Path
from typing import Any, Protocol

from cloud.localcloud.record import ImageRecord, ServerRecord


class GuestFailed(Exception):
    """The guest could not do it; the text becomes the server's fault."""


class Guests(Protocol):
    """Disks, memories and processes of guests. The conductor alone writes server rows."""

    kind: str
    disk_format: str  # of an image's bytes
    build_seconds: float  # over which a build is spread so that it can be watched

    def base_images(self) -> list[ImageRecord]: ...

    async def make_disk(self, record: ServerRecord) -> None:
        """A fresh disk from the record's image."""

    async def start(self, record: ServerRecord) -> None:
        """Running: from its memory where one was kept, else from its disk. Does nothing when it runs."""

    async def suspend(self, record: ServerRecord) -> None:
        """Memory kept, nothing running."""

    async def halt(self, record: ServerRecord) -> None:
        """Nothing running, no memory kept, the disk stays."""

    async def cut(self, record: ServerRecord) -> None:
        """As `halt`, but the power is cut: what the guest had not written to its disk is lost."""

    async def erase(self, record: ServerRecord) -> None:
        """Nothing left of it."""

    async def snapshot(self, record: ServerRecord, image: ImageRecord) -> int:
        """Its disk as an image; the size in bytes."""

    def erase_image(self, image: ImageRecord) -> None: ...

    def image_bytes(self, image: ImageRecord) -> Path | bytes:
        """Where an image's bytes are, or those themselves where they are few. GuestFailed when they are gone."""

    async def set_ports(self, record: ServerRecord) -> None:
        """Listens on exactly the record's ports."""

    def held_ports(self, record: ServerRecord) -> frozenset[int]:
        """The guest's ports that are listened on now."""

    def why_not_running(self, record: ServerRecord) -> str:
        """'' while it runs, else what happened."""

    async def diagnostics(self, record: ServerRecord) -> dict[str, Any]: ...

    def console_log(self, record: ServerRecord, lines: int) -> str: ...

    async def find_again(self, records: list[ServerRecord]) -> None:
        """At our start: takes over the guests that still run, ends those that no record knows.

        Marks as `parked` (in memory only) a guest whose memory was kept while its record still says that it runs.
        """

    async def close(self, records: list[ServerRecord]) -> list[ServerRecord]:
        """At our end: nothing keeps running. The guests that were put to sleep for it."""
