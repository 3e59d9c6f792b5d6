"""What a trial starts with: five people, the roles' grants, a gateway, and three templates in two languages. Said twice, done once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

import catalog.actions
import tunnels.actions
from accounts import emails
from accounts.models import User
from catalog.models import Flavor, Image
from cloud.contract import Cloud
from courses.models import Template
from quotas.models import Grant
from tunnels.models import Gateway

PASSWORD = "minga"
PEOPLE = ("student", "student2", "teacher", "donor", "admin")
# One machine more than most need at once; a teacher tries templates, an admin mends. RAM in MiB, disk in GiB.
DEFAULTS = {
    "student": {"machines": 2, "vcpus": 4, "ram_mb": 4096, "disk_gb": 20, "ports": 12, "archives": 4, "archive_gb": 40},
    "teacher": {
        "machines": 5,
        "vcpus": 10,
        "ram_mb": 10240,
        "disk_gb": 50,
        "ports": 30,
        "archives": 10,
        "archive_gb": 100,
    },
    "donor": {"machines": 2, "vcpus": 4, "ram_mb": 4096, "disk_gb": 20, "ports": 12, "archives": 4, "archive_gb": 40},
    "admin": {
        "machines": 10,
        "vcpus": 20,
        "ram_mb": 20480,
        "disk_gb": 100,
        "ports": 60,
        "archives": 20,
        "archive_gb": 200,
    },
}
SSH = {"name": "ssh", "port": 22, "scheme": "ssh"}
HTTP = {"name": "http", "port": 80, "scheme": "http"}
SCREEN = {"name": "screen", "port": 5900, "scheme": "vnc"}
TEMPLATES: list[dict[str, Any]] = [
    {
        "slug": "first-steps", "name": "First steps in Linux", "name_es": "Primeros pasos en Linux", "icon": "terminal",
        "summary": "A small machine to learn the command line: files, processes, permissions. You cannot break anything but it.",
        "summary_es": "Una máquina pequeña para aprender la línea de comandos: archivos, procesos, permisos. Solo puedes romperla a ella.",
        "services": [SSH, HTTP], "size": 0, "position": 10,
    },
    {
        "slug": "web-lab", "name": "Web lab", "name_es": "Laboratorio web", "icon": "web",
        "summary": "Build a page and show it to the world: a web server on a public port, and SSH to work on it.",
        "summary_es": "Haz una página y muéstrala al mundo: un servidor web en un puerto público, y SSH para trabajar en él.",
        "services": [SSH, HTTP], "size": 1, "position": 20,
    },
    {
        "slug": "screen-lab", "name": "Machine with a screen", "name_es": "Máquina con pantalla", "icon": "screen",
        "summary": "See its screen as if it stood before you: watch it start, sign in on its console, recover it when SSH is lost.",
        "summary_es": "Mira su pantalla como si la tuvieras delante: la ves arrancar, entras por su consola y la recuperas si pierdes SSH.",
        "services": [SSH, HTTP, SCREEN], "size": 0, "position": 30, "needs": "qemu",
    },
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LocalGateway:
    """Where the embedded VPS of `make run` is, and how its agent shows who it is."""

    ssh_port: int
    host_key: str  # OpenSSH public line
    first_port: int
    last_port: int
    token: str

    @classmethod
    def from_files(
        cls, *, ssh_port: int, host_key_file: Path, first_port: int, last_port: int, token_file: Path
    ) -> "LocalGateway":
        return cls(ssh_port, host_key_file.read_text().strip(), first_port, last_port, token_file.read_text().strip())


@transaction.atomic
def fill(cloud: Cloud, gateway: LocalGateway | None = None) -> None:
    """Whatever of the demo is missing; what people have changed since stays as they left it."""
    for role, amounts in DEFAULTS.items():
        Grant.objects.get_or_create(role=role, source=Grant.Source.ROLE, defaults=amounts)
    _people()
    catalog.actions.take_over(images=cloud.images(), flavors=cloud.flavors(), offer=True)
    if not Template.objects.exists():
        _templates(cloud.kind)
    if gateway:
        _gateway(gateway)


def _people() -> None:
    known = set(User.objects.filter(username__in=PEOPLE).values_list("username", flat=True))
    missing = [name for name in PEOPLE if name not in known]
    # All have the same password, so it is hashed once: each time takes 0.2 s of the processor.
    secret = make_password(PASSWORD) if missing else ""
    for name in missing:
        role, email = name.rstrip("2"), f"{name}@example.org"
        facts = {"password": secret, "roles": [role], "first_name": name.capitalize()}
        emails.trust(User.objects.create(username=name, email=email, **facts))


def _templates(kind: str) -> None:
    image, flavors = _what_works()
    if image is None:
        return
    by = User.objects.get(username="teacher")
    for facts in TEMPLATES:
        if facts.get("needs", kind) != kind:
            continue  # a simulated guest has no screen: do not promise one
        fields = {name: value for name, value in facts.items() if name not in ("size", "needs")}
        flavor = flavors[min(facts["size"], len(flavors) - 1)]
        Template.objects.create(image=image, flavor=flavor, created_by=by, **fields)


def _what_works() -> tuple[Image | None, list[Flavor]]:
    """A system that is ready, and the sizes in which it runs. Best is one of which it is known who signs in; then the smallest."""
    images = [image for image in Image.objects.filter(offered=True) if not image.lacks]
    sizes = list(Flavor.objects.filter(offered=True, missing=False))
    for image in sorted(images, key=lambda i: (not i.login, i.min_ram_mb, i.min_disk_gb, i.name)):
        if fitting := [size for size in sizes if not size.too_small_for(image)]:
            return image, fitting
    return None, []


def _gateway(here: LocalGateway) -> Gateway:
    return tunnels.actions.keep_gateway(
        name="local", token=here.token, by=None, public_host="127.0.0.1", ssh_host="127.0.0.1", ssh_port=here.ssh_port,
        ssh_user="minga", host_key=here.host_key, bind_address="127.0.0.1", first_port=here.first_port, last_port=here.last_port,
    )  # fmt: skip
