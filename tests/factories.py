"""Rows for tests, with the least that makes them whole."""

from typing import Any
from uuid import uuid4

from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from catalog.models import Flavor, Image
from courses.models import Template
from machines.models import Machine
from quotas.models import Grant
from tests import launches
from tunnels.models import Gateway

SERVICES = [{"name": "ssh", "port": 22, "scheme": "ssh"}, {"name": "http", "port": 80, "scheme": "http"}]
ALIVE = {"address": "127.64.0.9", "cloud_status": "active"}
OPEN = {"wanted": "open", "state": "open", "target_host": "127.64.0.9"}


def make_gateway(**facts: Any) -> Gateway:
    """A gateway whose agent was heard just now."""
    defaults = {
        "public_host": "127.0.0.1", "ssh_host": "127.0.0.1", "ssh_port": 2222, "host_key": "ssh-ed25519 AAAA", "first_port": 23000,
        "last_port": 23999, "token_hash": "x" * 64, "heard_at": timezone.now(),
    }  # fmt: skip
    return _one(Gateway, {**defaults, **facts}, name="vps")


def _one(model: Any, defaults: dict[str, Any], **key: Any) -> Any:
    """Return the row of this key, or a new one. Nobody else is at it, so it takes none of get_or_create's savepoints."""
    return model.objects.filter(**key).first() or model.objects.create(**key, **defaults)


def make_template(slug: str = "lab", **facts: Any) -> Template:
    if known := Template.objects.filter(slug=slug).first():
        return known
    image = _one(Image, {"name": "Tiny", "login": "student", "offered": True}, cloud_id="image-1")
    flavor = {"name": "small", "vcpus": 1, "ram_mb": 256, "disk_gb": 1, "offered": True}
    size = _one(Flavor, flavor, cloud_id="flavor-1")
    defaults = {"name": "Lab", "summary": "A lab.", "image": image, "flavor": size, "services": SERVICES}
    return Template.objects.create(slug=slug, **{**defaults, **facts})


def grant(user: User, **amounts: int) -> Grant:
    """Room for ten machines, unless told otherwise."""
    room = {
        "machines": 10,
        "vcpus": 40,
        "ram_mb": 40_000,
        "disk_gb": 200,
        "ports": 60,
        "archives": 10,
        "archive_gb": 200,
    }
    return Grant.objects.create(user=user, **{**room, **amounts})


def make_ground(sight: launches.Sight) -> None:
    """Make a gateway, a template, and a grant for the person who looks, as far as they are missing."""
    if sight.has_nothing:
        return launches.lay_ground(sight.owner, lambda: (make_gateway(), make_template(), grant(sight.owner)))
    make_gateway()
    make_template()
    if not sight.has_grant:
        grant(sight.owner)


def make_machine(owner: User, *, state: str = "running", wanted: str = "", name: str = "mine", **facts: Any) -> Machine:
    """A machine put into a state as if it had lived until there; its ports are reserved."""
    sight = launches.Sight(owner, "lab")
    if not sight.has_ground:
        make_ground(sight)
        sight = launches.Sight(owner, "lab")
    resting = {"suspended": "suspended", "suspending": "suspended", "shelved": "shelved", "shelving": "shelved"}
    ending = {"deleting": "gone", "gone": "gone"}
    pk, now = uuid4(), timezone.now()
    alive = {} if state in ("new", "queued") else {**ALIVE, "server_id": f"server-{pk}"}
    wish = wanted or {**resting, **ending}.get(state, "running")
    row = {"state": state, "wanted": wish, **alive, **dict(_column(*fact) for fact in facts.items())}
    ports = {**OPEN, "opened_at": now, "answered_at": now} if state == "running" else {}
    launches.launch(sight, pk, name, row, ports)
    return Machine.objects.get(pk=pk)


def _column(name: str, fact: Any) -> tuple[str, Any]:
    """Return the column of a field of Machine, and what stands in it."""
    return Machine._meta.get_field(name).column, fact.pk if isinstance(fact, Model) else fact
