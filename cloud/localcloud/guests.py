"""The interface between the engine and a kind of guest. Each verb can be repeated after it was cut off half-way."""

from pathlib import Path
from typing import Any, Protocol

from cloud.localcloud.rows import ImageRow, ServerRow


class GuestFailed(Exception):
    """The guest could not do it; the text becomes the server's fault."""


class Guests(Protocol):
    """Disks, memories and processes of guests. The engine alone writes server rows."""

    kind: str
    disk_format: str  # of an image's bytes
    build_seconds: float  # over which a build is spread so that it can be watched

    def base_images(self) -> list[ImageRow]: ...

    async def make_disk(self, row: ServerRow) -> None:
        """Make a fresh disk from the row's image."""

    async def start(self, row: ServerRow) -> None:
        """Start the guest from its kept memory, if there is one, otherwise from its disk. Does nothing when it runs."""

    async def suspend(self, row: ServerRow) -> None:
        """End the guest and keep its memory."""

    async def halt(self, row: ServerRow) -> None:
        """Shut the guest down: no memory is kept, the disk stays."""

    async def cut(self, row: ServerRow) -> None:
        """Cut the guest's power: what it had not written to its disk is lost."""

    async def erase(self, row: ServerRow) -> None:
        """Erase the guest and its disk."""

    async def snapshot(self, row: ServerRow, image: ImageRow) -> int:
        """Copy the guest's disk into the image. Return the size in bytes."""

    def erase_image(self, image: ImageRow) -> None: ...

    def image_bytes(self, image: ImageRow) -> Path | bytes:
        """Return the file of an image's bytes, or the bytes themselves where they are few. GuestFailed when they are gone."""

    async def set_ports(self, row: ServerRow) -> None:
        """Listen on exactly the row's ports."""

    def held_ports(self, row: ServerRow) -> frozenset[int]:
        """Return the guest's ports that are listened on now."""

    def why_not_running(self, row: ServerRow) -> str:
        """Return what happened to the guest; '' while it runs."""

    async def diagnostics(self, row: ServerRow) -> dict[str, Any]:
        """Return the fields of contract.Diagnostics; {} when the guest does not answer in time."""

    def console_log(self, row: ServerRow, lines: int) -> str:
        """Return the last lines of the console, at most contract.MOST_LOG_BYTES of them."""

    def serial_socket(self, row: ServerRow) -> Path | None:
        """Return the Unix socket of the running guest's serial line; None where it has none."""

    async def find_again(self, rows: list[ServerRow]) -> None:
        """Take over, at our start, the guests that still run; end those without a row.

        Set `parked` (in memory only) on a row that says running although the guest's memory was kept.
        """

    async def close(self, rows: list[ServerRow]) -> list[ServerRow]:
        """Stop all guests, at our end. Return the rows of those that were put to sleep for it."""
