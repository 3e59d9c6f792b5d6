"""The cloud's side of a machine: its server's owner, parts, tag and name."""

import logging
from dataclasses import replace

from django.utils import timezone

import quotas.backstop
from cloud.contract import CLOUD_CONFIG, Cloud, CloudGone, CloudRefused, Owner, Server, ServerSpec
from lib.states import write
from machines import host_keys, installed_keys, portal_keys, terminal_lines
from machines.host_keys import Disk
from machines.models import DiskImage, Machine
from machines.states import State
from machines.stepper.arrows import leads_to
from machines.stepper.outcomes import clear_errors
from tunnels.models import Tunnel

log = logging.getLogger(__name__)


def ensure_server(machine: Machine, cloud: Cloud) -> Server:
    """Create the machine's server (of its archive, where it has one), or find it again. The row says before the call that we ask: ADR 40."""
    owner = quotas.backstop.owner_of(machine.owner)
    quotas.backstop.send_quota(machine.owner, owner, cloud)
    is_new = machine.asked_at is None
    if is_new:
        write(machine, asked_at=timezone.now())
    spec = spec_of(machine, owner, is_new=is_new, image=machine.archive_id)
    server = cloud.ensure_server(spec)
    if cloud.takes_host_key(spec) and not server.resets:  # one that was reset is none that we have just made
        host_keys.given(Disk(machine.pk, server.id, 0), machine.resets_done)
    if not server.resets:
        installed_keys.put_in(Disk(machine.pk, server.id, 0), machine.owner, spec.public_keys)
        portal_keys.given(Disk(machine.pk, server.id, 0), machine.resets_done)
    quotas.backstop.remember(machine.owner, replace(owner, tenant=server.tenant or owner.tenant))
    return server


def find_server(machine: Machine, cloud: Cloud) -> Server | None:
    """Return what the cloud says of its server now: found by its tag, or by its id where somebody wiped the tag."""
    # An adopted server stays in the project in which it was. Without a server, the row says where its last one was.
    project = machine.project if machine.server_id else ""
    if found := cloud.find_server(str(machine.pk), quotas.backstop.owner_of(machine.owner), project):
        return found
    if not machine.server_id:
        return None
    return next((one for one in cloud.list_servers().servers if one.id == machine.server_id), None)


def rebuild_server(machine: Machine, cloud: Cloud, server_id: str) -> None:
    """Rebuild the server's disk from the template, or a moment. Raises CloudRefused when the image is gone: the machine goes on."""
    number, moment = machine.resets_asked, DiskImage.objects.to_go_back_to(machine)
    disk = Disk(machine.pk, server_id, number)
    if moment and moment.portal_key is not None:
        portal_keys.carry_over(machine.pk, moment.portal_key, number)
    spec = spec_of(machine, reset=number, image=moment.image_id if moment else "")
    if moment:  # its keys are in it; others are put in once it runs. Its host key is pinned at first contact.
        installed_keys.copy(Disk(machine.pk, moment.server_id, moment.resets or 0), disk, moment.asked_at)
    else:
        _note_keys(machine, cloud, spec, disk)
    # A moment from before the portal's first key has none in it, and cloud-init puts none into a copy of its server's disk.
    is_in_it = moment is None or moment.portal_key is not None
    (portal_keys.given if is_in_it else portal_keys.meant_for)(disk, number)
    try:
        cloud.ensure_rebuilt(server_id, spec, number)
    except CloudGone as error:
        if find_server(machine, cloud) is None:
            raise
        raise CloudRefused(f"It cannot be reset: {error}") from error


def _note_keys(machine: Machine, cloud: Cloud, spec: ServerSpec, disk: Disk) -> None:
    """Note which keys the template's disk is given with this reset."""
    if cloud.takes_host_key(spec):
        host_keys.given(disk, disk.resets)
    installed_keys.put_in(disk, machine.owner, spec.public_keys)


@leads_to()
def adopt_server(machine: Machine, cloud: Cloud) -> None:
    """Tag a server that was there before its machine with machine and owner, and let the agent reach its ports."""
    cloud.ensure_adopted(machine.server_id, str(machine.pk), quotas.backstop.owner_of(machine.owner))
    cloud.ensure_ports(machine.server_id, ports_of(machine))
    now = timezone.now()
    # After a failure this was only the first part of the retry: the rest is due at once.
    write(
        machine, adopting=False, asked_at=now, cloud_errors=0, retry_at=now if machine.state == State.FAILED else None
    )


@leads_to()
def rename_server(machine: Machine, cloud: Cloud) -> None:
    """Push the new name to the cloud. A refusal is logged and must not block the machine."""
    asked, renamed = machine.names_asked, {}
    try:
        renamed = {"cloud_name": cloud.ensure_renamed(machine.server_id, machine.name)[:255]}
    except CloudRefused as error:
        log.warning("machine %s: its name was refused: %s", machine.pk, error)
    # asked_at: a list that began before this call has the old name, which must not count as a rename by somebody else.
    write(machine, names_done=asked, asked_at=timezone.now(), **renamed, **clear_errors(machine))


def spec_of(
    machine: Machine, owner: Owner | None = None, *, is_new: bool = False, image: str = "", reset: int | None = None
) -> ServerSpec:
    """Return what the cloud needs to make the machine's server.

    image: an archive or a kept moment, in place of the template's image. The template's script has run in it already, so it is left out.
    reset: the number of the reset that this is for, which brings another host key.
    """
    template = machine.template
    number = machine.resets_done if reset is None else reset
    return ServerSpec(
        machine=str(machine.pk),
        owner=owner or quotas.backstop.owner_of(machine.owner),
        name=machine.name,
        flavor_id=template.flavor.cloud_id,
        image_id=image or template.image.cloud_id,
        public_keys=tuple(machine.owner.ssh_keys.values_list("public_key", flat=True)),
        line_key=terminal_lines.key_line(),
        portal_key=portal_keys.line_for(machine.pk, number, is_archive=bool(image)),
        login=machine.ssh_user,
        user_data=_after_first_boot(template.user_data) if image else template.user_data,
        ports=ports_of(machine),
        vnc_password=machine.vnc_password,
        labels={"template": template.slug},
        is_new=is_new,
        host_key=host_keys.private_file(machine.pk, number),
    )


def _after_first_boot(user_data: str) -> str:
    """Return user-data without what has run already: only its kind, by which the cloud sees that cloud-init reads it."""
    return f"{CLOUD_CONFIG}\n" if user_data.startswith(CLOUD_CONFIG) else ""


def ports_of(machine: Machine) -> frozenset[int]:
    return frozenset(Tunnel.objects.of(machine.pk).kept().values_list("target_port", flat=True))
