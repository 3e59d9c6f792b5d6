"""qemu-img: what is done with disks while no guest has them open."""

import asyncio
from pathlib import Path

from cloud.localcloud.guests import GuestFailed


async def run(*arguments: str) -> None:
    """Raises GuestFailed with what it said."""
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


async def overlay(base: Path, disk: Path) -> None:
    """A fresh disk that shows what is in `base`, an absolute path, until it is written to."""
    await run("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(disk))


async def put_over(base: Path, disk: Path) -> None:
    """The overlay `disk`, copied from elsewhere, finds its base here."""
    await run("rebase", "-q", "-u", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(disk))
