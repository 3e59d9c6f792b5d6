"""The images that come with the QEMU guests: Tiny Linux, and the starter images that were built or are being built."""

import logging
from pathlib import Path

from cloud.localcloud.rows import ImageRow
from cloud.localcloud.store import Store
from cloud.starter import outcome
from cloud.starter.recipes import RECIPES, Recipe

TINY = ImageRow("tiny-linux", "Tiny Linux", base=True, min_ram_mb=128, min_disk_gb=1)

log = logging.getLogger(__name__)


class StarterImages:
    """The starter images in the folder of this cloud. `awaited`: the one that is being built for it."""

    def __init__(self, data: Path, awaited: str = "") -> None:
        self.folder = starter_folder(data)
        self.awaited = awaited
        if awaited:
            outcome.forget(self.folder, RECIPES[awaited])  # of an earlier run: its build begins again

    def rows(self) -> list[ImageRow]:
        """Return a row for each that is there, and for the one that is awaited."""
        found = (self._row(recipe) for recipe in RECIPES.values())
        return [row for row in found if row.ready or row.id == self.awaited]

    def file(self, image_id: str) -> Path | None:
        """Return the image's file; None where that is no starter image."""
        return self.folder / RECIPES[image_id].file_name if image_id in RECIPES else None

    def _row(self, recipe: Recipe) -> ImageRow:
        row = ImageRow(
            recipe.name, recipe.title, base=True, min_ram_mb=recipe.ram_mb, min_disk_gb=-(-recipe.disk_mb // 1024)
        )
        if not (self.folder / recipe.file_name).exists():
            row.ready, row.fault = False, outcome.why_failed(self.folder, recipe)
        return row


def keep(store: Store, bases: list[ImageRow]) -> None:
    """Write the base images into the store where they changed: one was built meanwhile, or is no longer there."""
    known = {image.id: image for image in store.images.values() if image.base}
    for gone in known.keys() - {image.id for image in bases}:
        store.delete_image(gone)
    for image in bases:
        if known.get(image.id) != image:
            store.save_image(image)


def remove_outdated(data: Path, disks: list[Path]) -> None:
    """Remove images of earlier recipes, but for those of which one of these disks is an overlay. A disk that cannot be read keeps all."""
    current = {recipe.file_name for recipe in RECIPES.values()}
    outdated = {file for file in starter_folder(data).glob("*.qcow2") if file.name not in current}
    try:
        needed = {Path(_backing(disk)) for disk in disks if outdated}
    except OSError as error:
        log.warning("images of earlier recipes stay: %s", error)
        return
    for file in outdated - needed:
        log.info("%s was built from an earlier recipe, and no machine needs it: removed", file.name)
        file.unlink(missing_ok=True)


def starter_folder(data: Path) -> Path:
    """Return where a local cloud keeps the starter images that are built for it."""
    return data.resolve() / "starter"


def _backing(disk: Path) -> str:
    """Read the name of the file that a qcow2 overlays, from its header; '' where it overlays none."""
    with open(disk, "rb") as file:
        header = file.read(20)
        if header[:4] != b"QFI\xfb":
            return ""
        file.seek(int.from_bytes(header[8:16], "big"))
        return file.read(int.from_bytes(header[16:20], "big")).decode(errors="replace")
