"""Copy the cloud's images and sizes into rows, and let administrators choose what is offered."""

from typing import Any

from django.db import transaction

from accounts.audit.trail import Thing, record
from accounts.failures import Failures
from accounts.models import User
from catalog.models import Flavor, Image
from cloud import contract
from lib.doorbell import ring
from lib.names import check_login, clean_name, is_login
from lib.seen import require_seen

OF_IMAGES, OF_FLAVORS = ("name", "description", "login", "offered"), ("name", "offered")  # what administrators change


@transaction.atomic
def take_over(*, images: list[contract.Image], flavors: list[contract.Flavor], offer: bool = False) -> None:
    """Create or update a row for each image and size of the cloud, and mark those that are gone. Names that people gave stay.

    New ones are offered where `offer` is set. Costs two queries while nothing has changed. A row that cannot be written stays as it is.
    """
    failures = Failures("catalog").read()
    known_images = {row.cloud_id: row for row in Image.objects.all()}
    for image in images:
        with failures.at(image.id):
            _keep(Image, known_images.pop(image.id, None), image.id, _facts_of_image(image), image.name, offer)
    known_flavors = {row.cloud_id: row for row in Flavor.objects.all()}
    for flavor in flavors:
        with failures.at(flavor.id):
            _keep(Flavor, known_flavors.pop(flavor.id, None), flavor.id, _facts_of_flavor(flavor), flavor.name, offer)
    for model, gone in ((Image, known_images), (Flavor, known_flavors)):
        if pks := [row.pk for row in gone.values() if not row.missing]:
            model.objects.filter(pk__in=pks).update(missing=True)


def _keep(
    model: type[Image] | type[Flavor],
    known: Image | Flavor | None,
    cloud_id: str,
    facts: dict[str, Any],
    name: str,
    offer: bool,
) -> None:
    """Create one row, or update it where it differs."""
    if known is None:
        with transaction.atomic():
            model.objects.create(cloud_id=cloud_id, name=name[:80], offered=offer, **facts)
        return
    if isinstance(known, Image) and is_login(known.login):
        facts.pop("login")  # set by an administrator, or by the cloud earlier
    if changes := {field: value for field, value in facts.items() if getattr(known, field) != value}:
        with transaction.atomic():
            model.objects.filter(pk=known.pk).update(**changes)


def _facts_of_image(image: contract.Image) -> dict[str, Any]:
    return {
        "missing": False, "can_suspend": image.can_suspend, "login": image.login if is_login(image.login) else "",
        "ready": image.ready, "status": image.status[:40], "fault": image.fault[:300],
        "min_ram_mb": image.min_ram_mb, "min_disk_gb": image.min_disk_gb, "size_bytes": image.size_bytes, "checksum": image.checksum,
        "disk_format": image.disk_format,
    }  # fmt: skip


def _facts_of_flavor(flavor: contract.Flavor) -> dict[str, Any]:
    sizes = {"vcpus": flavor.vcpus, "ram_mb": flavor.ram_mb, "disk_gb": flavor.disk_gb, "root_gb": flavor.root_gb}
    return {**sizes, "missing": False}


def look_again(cloud: contract.Cloud) -> tuple[int, int]:
    """List the cloud's images and flavors and take them over. Returns how many there are of each. Raises CloudError."""
    images, flavors = cloud.images(), cloud.flavors()
    take_over(images=images, flavors=flavors)
    return len(images), len(flavors)


def ask_again(*, by: User | None = None) -> None:
    """Have a worker call look_again now: for an administrator, or after a launch that was refused."""
    ring("portal.tasks.look_at_catalog")


@transaction.atomic
def edit_image(
    *, image: Image, name: str, description: str, login: str, offered: bool, by: User, seen: str = ""
) -> None:
    """Change an image's name, description, login name, and whether it is offered. seen: see lib.seen. Raises BadName and ChangedByOthers."""
    check_login(login)
    require_seen(Image.objects.select_for_update().get(pk=image.pk), OF_IMAGES, seen)
    image.name, image.description = clean_name(name, longest=80), description
    image.login, image.offered = login, offered
    image.save(update_fields=OF_IMAGES)
    record(by=by, verb="edit_image", thing=Thing("image", image.pk, image.name), detail={"offered": offered})


@transaction.atomic
def edit_flavor(*, flavor: Flavor, name: str, offered: bool, by: User, seen: str = "") -> None:
    """Change a size's name, and whether it is offered. seen: see lib.seen. Raises BadName and ChangedByOthers."""
    require_seen(Flavor.objects.select_for_update().get(pk=flavor.pk), OF_FLAVORS, seen)
    flavor.name, flavor.offered = clean_name(name, longest=80), offered
    flavor.save(update_fields=OF_FLAVORS)
    record(by=by, verb="edit_size", thing=Thing("size", flavor.pk, flavor.name), detail={"offered": offered})
