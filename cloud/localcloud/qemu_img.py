"""Run qemu-img on disks that no guest has open."""

import asyncio
from pathlib import Path

from cloud.localcloud.guests import GuestFailed


async def run(*arguments: str) -> None:
    """Run qemu-img. Raises GuestFailed with its message."""
    process = await asyncio.create_subprocess_exec(
        "qemu-img", *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        error = (await process.communicate())[1]
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode:
        raise GuestFailed(error.decode(errors="replace").strip())


def bytes_of(disk: Path) -> int:
    """Read the size that a guest sees from the file's header."""
    with open(disk, "rb") as file:
        return int.from_bytes(file.read(32)[24:], "big")
