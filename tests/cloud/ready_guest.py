"""The guest of QEMU, built once for all workers and kept between runs, for local clouds that a test starts."""

import asyncio
import fcntl
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cloud.localcloud import acceleration, tiny_linux
from cloud.localcloud.base_images import starter_folder
from cloud.starter.recipes import RECIPES

KEPT = Path(os.environ.get("MINGA_TEST_DATA", ".data-test")).resolve() / "guest"
STARTERS = Path(
    os.environ.get("MINGA_STARTER_IMAGES", KEPT.parent / "starter")
).resolve()  # `make images` puts them there


def give(data: Path) -> None:
    """Put the built guest, with its saved boots, and KVM's verdict into a local cloud's folder that is not started.

    The build is a link: a boot that one cloud saves is there for all. Under `make run`, the folder is DATA/cloud.
    """
    linux, verdicts = _build()
    data.mkdir(parents=True, exist_ok=True)
    (data / linux.name).symlink_to(linux)
    for verdict in verdicts:
        shutil.copy(verdict, data)


def is_built(name: str) -> bool:
    """Return whether a starter image is there."""
    return (STARTERS / RECIPES[name].file_name).exists()


def give_starter(data: Path) -> None:
    """Put the built starter images into a local cloud's folder that is not started, beside the guest."""
    give(data)
    folder = starter_folder(data)
    folder.mkdir()
    for image in STARTERS.glob("*.qcow2"):
        (folder / image.name).symlink_to(image)


def _build() -> tuple[Path, list[Path]]:
    """Build the guest where it is not kept. Return its folder, named by its recipe, and the verdicts about KVM."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(KEPT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # freed when it is closed
        linux = tiny_linux.find_or_build(KEPT, print)
        with ThreadPoolExecutor(1) as elsewhere:  # this thread may have a browser's event loop
            elsewhere.submit(asyncio.run, acceleration.find(KEPT, linux)).result()
        for old in KEPT.glob("tiny-linux-*"):
            if old != linux.folder:
                shutil.rmtree(old)
    return linux.folder, list(KEPT.glob("acceleration-*"))
