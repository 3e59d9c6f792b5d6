"""The demo that a trial starts with: five people, the roles' grants, a gateway, and templates in two languages (`manage.py prepare --demo`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import CommandError
from django.db import transaction

import catalog.actions
import tunnels.actions
from accounts import emails
from accounts.models import User
from catalog.models import Flavor, Image
from cloud.contract import Cloud
from cloud.starter.recipes import RECIPES
from courses.models import Template
from lib.environment import Environment
from quotas.defaults import ROLE_GRANTS, ensure_role_grants
from quotas.models import Grant
from tunnels.models import Gateway

PASSWORD = "minga"
PEOPLE = ("student", "student2", "teacher", "donor", "admin")
SSH = {"name": "ssh", "port": 22, "scheme": "ssh"}
HTTP = {"name": "http", "port": 80, "scheme": "http"}
SCREEN = {"name": "screen", "port": 5900, "scheme": "vnc"}
APACHE = {"name": "web", "port": 80, "scheme": "http"}
DESKTOP = {"name": "desktop", "port": 5901, "scheme": "vnc"}
# Each of a starter image of its own: created as soon as the cloud lists that.
STARTERS: list[dict[str, Any]] = [
    {
        "image": "debian-12", "slug": "debian", "name": "Debian", "name_es": "Debian", "icon": "terminal",
        "summary": "A whole Linux of your own: sudo, git, Python, nano, tmux, and every Debian package by apt. It starts in a minute or two.",
        "summary_es": "Un Linux completo para ti: sudo, git, Python, nano, tmux y todos los paquetes de Debian con apt. Arranca en uno o dos minutos.",
        "services": [SSH], "size": 1, "position": 5,
    },
    {
        "image": "debian-12-web", "slug": "debian-web", "name": "Debian, web and database", "name_es": "Debian, web y base de datos", "icon": "database",
        "summary": "Apache with PHP and MariaDB, set up and running: put your pages into /var/www/html, open the database with sudo mariadb.",
        "summary_es": "Apache con PHP y MariaDB, listos y en marcha: pon tus páginas en /var/www/html y abre la base de datos con sudo mariadb.",
        "services": [SSH, APACHE], "size": 0, "position": 6,
    },
    {
        "image": "debian-12-desktop", "slug": "debian-desktop", "name": "Debian, desktop", "name_es": "Debian, escritorio", "icon": "screen",
        "summary": "The Xfce desktop in a VNC program. The password of the desktop is in the file vnc-password of your home folder.",
        "summary_es": "El escritorio Xfce en un programa de VNC. La contraseña del escritorio está en el archivo vnc-password de tu carpeta personal.",
        "services": [SSH, DESKTOP], "size": 0, "position": 7,
    },
]  # fmt: skip
TEMPLATES: list[dict[str, Any]] = [
    {
        "slug": "first-steps", "name": "Tiny Linux", "name_es": "Linux mínimo", "icon": "terminal",
        "summary": "For trying things out: the command line, files, permissions, with sudo and vi. It starts in seconds and installs no programs.",
        "summary_es": "Para hacer pruebas: línea de comandos, archivos, permisos, con sudo y vi. Arranca en segundos y no instala programas.",
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
    """The embedded VPS of `make run`: where it is, and the token of its agent."""

    ssh_port: int
    host_key: str  # OpenSSH public line
    first_port: int
    last_port: int
    token: str

    @classmethod
    def from_environment(cls, env: Environment) -> "LocalGateway | None":
        """Read what `make run` says of its VPS. Return None where there is none."""
        if env["VPS_PORT"] is None:
            return None
        host_key, token = Path(env["VPS_HOST_KEY_FILE"]).read_text(), Path(env["AGENT_TOKEN_FILE"]).read_text()
        return cls(env["VPS_PORT"], host_key.strip(), env["VPS_FIRST_PORT"], env["VPS_LAST_PORT"], token.strip())


def refuse_strangers() -> None:
    """Raise CommandError unless this site answers on this computer alone: everybody knows the demo's passwords."""
    if strangers := set(settings.ALLOWED_HOSTS) - {"127.0.0.1", "localhost", "[::1]", "testserver"}:
        raise CommandError(
            f"The demo's passwords are known to everybody, and this site answers to {', '.join(sorted(strangers))}. "
            "It is for this computer alone: leave ALLOWED_HOSTS out."
        )


@transaction.atomic
def fill(cloud: Cloud, gateway: LocalGateway | None = None) -> None:
    """Create what is missing of the demo. What people have changed since stays as they left it."""
    ensure_role_grants()
    _people()
    catalog.actions.take_over(images=cloud.images(), flavors=cloud.flavors(), offer=True)
    if not Template.objects.exists():
        _templates(cloud.kind)
    _starters()
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
        emails.trust(person := User.objects.create(username=name, email=email, **facts))
        if name == "donor":  # who gave no computer here that would bring a subscription
            Grant.objects.create(user=person, reason="Demo", **ROLE_GRANTS["student"])


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


def _starters() -> None:
    """Create the template of each starter image that has none yet, also in a DATA from before there were any.

    Its image need not be ready: the card then says that it is being made. A template that was retired is still there.
    """
    by = User.objects.get(username="teacher")
    images = {
        key: image
        for image in Image.objects.filter(offered=True, missing=False)
        for key in (image.name, image.cloud_id)
    }
    for facts in STARTERS:
        image = images.get(facts["image"]) or images.get(RECIPES[facts["image"]].title)  # as setup_cloud calls it
        fitting = _fitting(image) if image else []
        if image and fitting and not Template.objects.filter(slug=facts["slug"]).exists():
            fields = {name: value for name, value in facts.items() if name not in ("image", "size")}
            flavor = fitting[min(facts["size"], len(fitting) - 1)]
            Template.objects.create(image=image, flavor=flavor, created_by=by, **fields)


def _fitting(image: Image) -> list[Flavor]:
    return [size for size in Flavor.objects.filter(offered=True, missing=False) if not size.too_small_for(image)]


def _what_works() -> tuple[Image | None, list[Flavor]]:
    """Choose an image that is ready, and the sizes that fit it: preferably one with a known login name, then the smallest."""
    images = [image for image in Image.objects.filter(offered=True) if not image.lacks]
    for image in sorted(images, key=lambda i: (not i.login, i.min_ram_mb, i.min_disk_gb, i.name)):
        if fitting := _fitting(image):
            return image, fitting
    return None, []


def _gateway(here: LocalGateway) -> Gateway:
    return tunnels.actions.keep_gateway(
        name="local", token=here.token, by=None, public_host="127.0.0.1", ssh_host="127.0.0.1", ssh_port=here.ssh_port,
        ssh_user="minga", host_key=here.host_key, bind_address="127.0.0.1", first_port=here.first_port, last_port=here.last_port,
    )  # fmt: skip
