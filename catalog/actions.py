"""Take over what the cloud has, and let admins say what is offered."""

from django.db import transaction

from accounts.models import User
from catalog.models import Flavor, Image
from cloud import contract
from lib.doorbell import ring
from lib.names import clean_name


@transaction.atomic
def take_over(*, images: list[contract.Image], flavors: list[contract.Flavor], offer: bool = False) -> None:
    """Rows for all that the cloud has; names that people gave stay; what is gone is marked. New ones are offered if told."""
    for image in images:
        facts = {"missing": False, "can_suspend": image.can_suspend}
        Image.objects.update_or_create(
            cloud_id=image.id,
            defaults=facts,
            create_defaults={**facts, "name": image.name[:80], "login": image.login, "offered": offer},
        )
        if image.login:  # said since
            Image.objects.filter(cloud_id=image.id, login="").update(login=image.login)
    for flavor in flavors:
        size = {"vcpus": flavor.vcpus, "ram_mb": flavor.ram_mb, "disk_gb": flavor.disk_gb, "missing": False}
        Flavor.objects.update_or_create(
            cloud_id=flavor.id, defaults=size, create_defaults={**size, "name": flavor.name[:80], "offered": offer}
        )
    Image.objects.exclude(cloud_id__in=[i.id for i in images]).update(missing=True)
    Flavor.objects.exclude(cloud_id__in=[f.id for f in flavors]).update(missing=True)


def look_again(cloud: contract.Cloud) -> tuple[int, int]:
    """Ask the cloud, take over what it says, and tell how many images and flavors that were. Raises CloudError."""
    images, flavors = cloud.images(), cloud.flavors()
    take_over(images=images, flavors=flavors)
    return len(images), len(flavors)


def ask_again(*, by: User) -> None:
    """An administrator does not want to wait for the next look."""
    ring("portal.tasks.look_at_catalog")


def edit_image(*, image: Image, name: str, description: str, login: str, offered: bool, by: User) -> None:
    image.name, image.description, image.login, image.offered = (
        clean_name(name, longest=80),
        description,
        login,
        offered,
    )
    image.save(update_fields=["name", "description", "login", "offered"])


def edit_flavor(*, flavor: Flavor, name: str, offered: bool, by: User) -> None:
    flavor.name, flavor.offered = clean_name(name, longest=80), offered
    flavor.save(update_fields=["name", "offered"])
