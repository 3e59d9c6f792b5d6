"""Archives that exist already are counted: each takes one archive, its gigabytes, and the ports that it keeps."""

from math import ceil
from typing import Any
from uuid import uuid5

from django.db import migrations
from django.db.models import Q

GIB = 2**30


def count_archives(apps: Any, schema_editor: Any) -> None:
    """Said again, it changes nothing: what has an open share keeps it."""
    machines = apps.get_model("machines", "Machine").objects.exclude(state="gone").exclude(wanted="gone")
    archived = Q(wanted="archived") | ~Q(archive_id="")
    for machine in machines.filter(archived).select_related("template__flavor").iterator():
        gigabytes = max(1, machine.template.flavor.disk_gb)
        kept = machine.copies.filter(kind="archive", state="ready", image_id=machine.archive_id).exclude(image_id="").first()
        if kept and kept.size_bytes:
            gigabytes = max(1, min(ceil(kept.size_bytes / GIB), gigabytes))
        _take(apps, machine, uuid5(machine.pk, "archive"), archives=1, archive_gb=gigabytes)
        if machine.state == "archived":
            _count_ports(apps, machine)


def _count_ports(apps: Any, machine: Any) -> None:
    """The version before gave back its ports' share, though the ports stayed."""
    tunnels = apps.get_model("tunnels", "Tunnel").objects.filter(holder=machine.pk).exclude(state="gone").exclude(wanted="gone")
    if ports := tunnels.filter(extra=False).count():
        _take(apps, machine, machine.pk, ports=ports)
    for pk in tunnels.filter(extra=True).values_list("pk", flat=True):
        _take(apps, machine, pk, ports=1)


def _take(apps: Any, machine: Any, holder: Any, **amounts: int) -> None:
    shares = apps.get_model("quotas", "Reservation").objects
    if not shares.filter(holder=holder, closed_at__isnull=True).exists():
        shares.create(user_id=machine.owner_id, holder=holder, **amounts)


class Migration(migrations.Migration):
    dependencies = [
        ("machines", "0011_full_tries"),
        ("machines", "0009_rung_at"),
        ("quotas", "0004_archives"),
        ("tunnels", "0004_link_error"),
    ]

    operations = [migrations.RunPython(count_archives, migrations.RunPython.noop)]
