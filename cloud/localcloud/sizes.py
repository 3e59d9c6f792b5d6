"""The sizes that the local cloud offers, and how much it has."""

from dataclasses import dataclass

from cloud.contract import Cause, CloudRefused, Flavor
from cloud.localcloud.rows import ImageRow

FLAVORS = {
    flavor.id: flavor
    for flavor in (
        Flavor("tiny", "tiny", 1, 256, 1),
        Flavor("small", "small", 1, 512, 2),
        Flavor("medium", "medium", 2, 1024, 4),
        Flavor("large", "large", 4, 4096, 10),
    )
}


@dataclass(frozen=True)
class Capacity:
    """Capacity of the whole local cloud."""

    vcpus: int
    ram_mb: int
    disk_gb: int


def must_suit(image: ImageRow, flavor: Flavor) -> None:
    """Raise CloudRefused where the image wants more than the flavor has."""
    if flavor.ram_mb < image.min_ram_mb or flavor.disk_gb < image.min_disk_gb:
        wants = f"{image.min_ram_mb} MiB of memory and {image.min_disk_gb} GiB of disk"
        raise CloudRefused(
            f"Flavor {flavor.name} is too small: image {image.name} wants {wants}.", Cause.SIZE_TOO_SMALL
        )
