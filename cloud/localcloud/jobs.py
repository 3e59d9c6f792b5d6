"""The background job of each goal. A job may be cut off anywhere and is then done again from its beginning."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from cloud.contract import Status
from cloud.localcloud import loopback
from cloud.localcloud.guests import GuestFailed, Guests
from cloud.localcloud.rows import HOST, ServerRow
from cloud.localcloud.store import Store


async def build(store: Store, guests: Guests, row: ServerRow) -> None:
    pause = guests.build_seconds / 4
    store.save(row, task="scheduling")
    await asyncio.sleep(pause)
    store.save(row, task="networking")
    _take_address(store, guests, row)
    await asyncio.sleep(pause)
    store.save(row, task="block_device_mapping")
    await guests.make_disk(row)
    await asyncio.sleep(pause)
    store.save(row, task="spawning")
    await asyncio.sleep(pause)
    await _run(guests, row)
    _done(store, row, Status.ACTIVE)


async def start(store: Store, guests: Guests, row: ServerRow) -> None:
    _take_address(store, guests, row)
    await _run(guests, row)
    _done(store, row, Status.ACTIVE)


async def suspend(store: Store, guests: Guests, row: ServerRow) -> None:
    await guests.suspend(row)
    _done(store, row, Status.SUSPENDED)


async def stop(store: Store, guests: Guests, row: ServerRow) -> None:
    await guests.halt(row)
    _done(store, row, Status.STOPPED)


async def shelve(store: Store, guests: Guests, row: ServerRow) -> None:
    await guests.halt(row)
    _done(store, row, Status.SHELVED, host="")


async def reboot(store: Store, guests: Guests, row: ServerRow) -> None:
    await guests.halt(row)
    await _run(guests, row)
    _done(store, row, Status.ACTIVE, restarts=row.number)


async def reboot_hard(store: Store, guests: Guests, row: ServerRow) -> None:
    await guests.cut(row)
    _take_address(store, guests, row)
    await _run(guests, row)
    _done(store, row, Status.ACTIVE, restarts=row.number, host=HOST, fault="")


async def rebuild(store: Store, guests: Guests, row: ServerRow) -> None:
    await guests.halt(row)
    store.save(row, image_id=row.target)
    await guests.make_disk(row)
    _take_address(store, guests, row)
    await _run(guests, row)
    _done(store, row, Status.ACTIVE, resets=row.number)


async def delete(store: Store, guests: Guests, row: ServerRow) -> None:
    await guests.erase(row)
    _done(store, row, Status.DELETED, host="", deleted_at=time.time())


async def snapshot(store: Store, guests: Guests, row: ServerRow) -> None:
    image = store.images.get(row.target)
    if image:
        size = await guests.snapshot(row, image)
        if image.id in store.images:  # nobody deleted it meanwhile
            store.save_image(replace(image, size_bytes=size, ready=True))
        else:
            guests.erase_image(image)
    _done(store, row, Status(row.status))


Job = Callable[[Store, Guests, ServerRow], Awaitable[None]]

JOBS: dict[str, Job] = {
    "building": build,
    "resuming": start,
    "powering-on": start,
    "unshelving": start,
    "suspending": suspend,
    "powering-off": stop,
    "shelving": shelve,
    "rebooting": reboot,
    "rebooting-hard": reboot_hard,
    "rebuilding": rebuild,
    "deleting": delete,
    "image_snapshot": snapshot,
}


def give_up(store: Store, row: ServerRow, fault: str) -> None:
    """End a goal that failed. A failed snapshot leaves the server as it was; any other failure leaves it in ERROR."""
    if row.goal == "image_snapshot":
        store.delete_image(row.target)
        _done(store, row, Status(row.status))
        return
    tried = {"restarts": row.number} if row.goal.startswith("rebooting") else {}
    _done(store, row, Status.ERROR, fault=fault, **tried)


async def _run(guests: Guests, row: ServerRow) -> None:
    try:
        await guests.start(row)
    except (
        GuestFailed
    ):  # perhaps a port or socket that was not free yet; try once more before the server counts as broken
        await asyncio.sleep(1)
        await guests.start(row)
    await guests.set_ports(row)  # they may have been changed while it started


def _take_address(store: Store, guests: Guests, row: ServerRow) -> None:
    """Give the server its address, which it keeps for life, and map ports that another program has taken."""
    address = row.address or loopback.draw(other.address for other in store.living)
    held = guests.held_ports(row)
    mapped = loopback.map_ports(address, row.outside_ports, row.port_map, held)
    if (address, mapped) != (row.address, row.port_map):
        store.save(row, address=address, port_map=mapped)


def _done(store: Store, row: ServerRow, status: Status, **changes: object) -> None:
    store.save(row, status=status, task="", goal="", number=0, target="", **changes)
