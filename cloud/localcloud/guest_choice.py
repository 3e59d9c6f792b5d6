"""Choose the kind of guests that this computer can run, and the capacity for them."""

import asyncio
import os
import shutil
from pathlib import Path

from cloud.localcloud import acceleration, tiny_linux
from cloud.localcloud.base_images import StarterImages
from cloud.localcloud.guests import Guests
from cloud.localcloud.qemu import QemuGuests, end_all_guests
from cloud.localcloud.simulated import SimulatedGuests
from cloud.localcloud.sizes import Capacity
from cloud.localcloud.store import Store

RAM_SHARE = 0.7  # of the machine's RAM for guests; the rest is for Minga and the person who sits there
VCPUS_PER_CPU = 4  # classroom guests are idle most of the time


class NoGuests(Exception):
    """The guests that were asked for cannot start; the text is a sentence for people."""


def choose(wish: str, data: Path, build_seconds: float | None, starter: str = "") -> tuple[Guests, Store]:
    """Return the guests and their database. `auto` takes QEMU where it is installed and its guest can be built. Raises NoGuests.

    starter: the image that is being built for QEMU guests; '': none.
    """
    if wish != "simulated":
        try:
            return _qemu(data, build_seconds, starter)
        except NoGuests as trouble:
            if wish == "qemu":
                raise
            print(f"{trouble} The machines will be simulated.", flush=True)
    end_all_guests(data)
    store = _store(data, "simulated")
    return SimulatedGuests(store, 1.5 if build_seconds is None else build_seconds), store


def capacity(kind: str) -> Capacity:
    """Return the capacity: this computer's for QEMU; simulated guests weigh nothing."""
    if kind == "simulated":
        return Capacity(512, 512 * 1024, 4096)
    ram_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    return Capacity((os.cpu_count() or 1) * VCPUS_PER_CPU, int(ram_mb * RAM_SHARE), 1024)


def _store(data: Path, kind: str) -> Store:
    return Store(data / f"{kind}.sqlite3")


def _qemu(data: Path, build_seconds: float | None, starter: str) -> tuple[Guests, Store]:
    for tool in ("qemu-system-x86_64", "qemu-img"):
        if not shutil.which(tool):
            raise NoGuests(f"{tool} is not installed, so there are no QEMU guests.")
    try:
        linux = tiny_linux.find_or_build(data, lambda sentence: print(sentence, flush=True))
    except tiny_linux.CannotBuild as trouble:
        raise NoGuests(str(trouble)) from None
    accel = asyncio.run(acceleration.find(data, linux))
    store = _store(data, "qemu")
    return QemuGuests(data, store, linux, accel, StarterImages(data, starter), build_seconds or 0.0), store
