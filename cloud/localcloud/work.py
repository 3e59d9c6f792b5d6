"""What goes on in the background for each goal. Each may be cut off anywhere and done again from its beginning."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from cloud.contract import Status
from cloud.localcloud import addresses
from cloud.localcloud.guests import GuestFailed, Guests
from cloud.localcloud.record import HOST, ServerRecord
from cloud.localcloud.store import Store


async def build(store: Store, guests: Guests, record: ServerRecord) -> None:
    pause = guests.build_seconds / 4
    store.save(record, task="scheduling")
    await asyncio.sleep(pause)
    store.save(record, task="networking")
    _take_address(store, guests, record)
    await asyncio.sleep(pause)
    store.save(record, task="block_device_mapping")
    await guests.make_disk(record)
    await asyncio.sleep(pause)
    store.save(record, task="spawning")
    await asyncio.sleep(pause)
    await _run(guests, record)
    _done(store, record, Status.ACTIVE)


async def start(store: Store, guests: Guests, record: ServerRecord) -> None:
    _take_address(store, guests, record)
    await _run(guests, record)
    _done(store, record, Status.ACTIVE)


async def suspend(store: Store, guests: Guests, record: ServerRecord) -> None:
    await guests.suspend(record)
    _done(store, record, Status.SUSPENDED)


async def stop(store: Store, guests: Guests, record: ServerRecord) -> None:
    await guests.halt(record)
    _done(store, record, Status.STOPPED)


async def shelve(store: Store, guests: Guests, record: ServerRecord) -> None:
    await guests.halt(record)
    _done(store, record, Status.SHELVED, host="")


async def reboot(store: Store, guests: Guests, record: ServerRecord) -> None:
    await guests.halt(record)
    await _run(guests, record)
    _done(store, record, Status.ACTIVE, restarts=record.number)


async def reboot_hard(store: Store, guests: Guests, record: ServerRecord) -> None:
    await guests.cut(record)
    _take_address(store, guests, record)
    await _run(guests, record)
    _done(store, record, Status.ACTIVE, restarts=record.number, host=HOST, fault="")


async def rebuild(store: Store, guests: Guests, record: ServerRecord) -> None:
    await guests.halt(record)
    store.save(record, image_id=record.target)
    await guests.make_disk(record)
    _take_address(store, guests, record)
    await _run(guests, record)
    _done(store, record, Status.ACTIVE, resets=record.number)


async def delete(store: Store, guests: Guests, record: ServerRecord) -> None:
    await guests.erase(record)
    _done(store, record, Status.DELETED, host="", deleted_at=time.time())


async def snapshot(store: Store, guests: Guests, record: ServerRecord) -> None:
    image = store.images.get(record.target)
    if image:
        size = await guests.snapshot(record, image)
        if image.id in store.images:  # nobody deleted it meanwhile
            store.save_image(replace(image, size_bytes=size, ready=True))
        else:
            guests.erase_image(image)
    _done(store, record, Status(record.status))


Work = Callable[[Store, Guests, ServerRecord], Awaitable[None]]

WORK: dict[str, Work] = {
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


def give_up(store: Store, record: ServerRecord, fault: str) -> None:
    """The goal failed: a snapshot leaves the server as it was, everything else leaves it broken."""
    if record.goal == "image_snapshot":
        store.delete_image(record.target)
        _done(store, record, Status(record.status))
        return
    tried = {"restarts": record.number} if record.goal.startswith("rebooting") else {}
    _done(store, record, Status.ERROR, fault=fault, **tried)


async def _run(guests: Guests, record: ServerRecord) -> None:
    try:
        await guests.start(record)
    except GuestFailed:  # a port or a socket that was not free yet: a second try is cheap, a broken server is not
        await asyncio.sleep(1)
        await guests.start(record)
    await guests.set_ports(record)  # they may have been changed while it started


def _take_address(store: Store, guests: Guests, record: ServerRecord) -> None:
    """One address for the server's life; its ports may have to move where something else has taken them."""
    address = record.address or addresses.draw(other.address for other in store.living)
    held = guests.held_ports(record)
    mapped = addresses.map_ports(address, record.outside_ports, record.port_map, held)
    if (address, mapped) != (record.address, record.port_map):
        store.save(record, address=address, port_map=mapped)


def _done(store: Store, record: ServerRecord, status: Status, **changes: object) -> None:
    store.save(record, status=status, task="", goal="", number=0, target="", **changes)
