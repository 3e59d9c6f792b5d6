"""Steps towards gone: ports closed, the server deleted, the quota given back; also for a server that vanished."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.actions
import tunnels.actions
from cloud.contract import Cloud, Status
from lib.notes import Note
from lib.states import NOTHING, write
from machines import archive_share, moment_share
from machines.models import Machine
from machines.states import State, Wanted
from machines.stepper import archive
from machines.stepper.arrows import leads_to
from machines.stepper.outcomes import go, repeat, wait_at_most
from machines.stepper.server_spec import find_server
from machines.vanished import note_loss
from tunnels.models import Tunnel

VANISHED = _("It no longer exists on the cluster: somebody deleted it there.")


@leads_to(State.DELETING, State.GONE)
def delete(machine: Machine, cloud: Cloud) -> None:
    """Close the ports at once, then ask the cloud to delete the server. A server without a known id is searched by its tag."""
    tunnels.actions.release(holder=machine.pk)
    archive.forget(machine, cloud)
    server_id = machine.server_id or getattr(find_server(machine, cloud), "id", "")
    if not server_id or (machine.is_fresh and machine.cloud_status == Status.DELETED):
        return finish(machine)
    cloud.ensure_deleted(server_id)
    go(machine, State.DELETING, asked_at=timezone.now(), server_id=server_id)


@leads_to(State.GONE)
def watch_delete(machine: Machine, cloud: Cloud) -> None:
    """Follow a server until the cloud says that it is deleted."""
    if machine.is_fresh and machine.cloud_status == Status.DELETED:
        return finish(machine)
    if machine.is_fresh and not machine.cloud_task:
        return repeat(machine, lambda: cloud.ensure_deleted(machine.server_id))
    wait_at_most(machine, settings.STEP_SECONDS)


@transaction.atomic
def finish(machine: Machine, note: Note = NOTHING) -> None:
    """Move the machine to gone; give back its ports and its share of the quota."""
    held = list(Tunnel.objects.filter(holder=machine.pk, extra=True).values_list("pk", flat=True))
    # Lock order: the machine's row before the gateway's.
    go(machine, State.GONE, note, gone_at=timezone.now())
    images = [archive_share.holder_of(machine), *moment_share.holders(machine)]
    quotas.actions.free(holders=[machine.pk, *images, *held])
    tunnels.actions.release(holder=machine.pk)


@transaction.atomic
def vanish(machine: Machine) -> None:
    """End a machine whose server is gone without our asking."""
    write(machine, wanted=Wanted.GONE, vanished=True)
    finish(machine, Note(VANISHED))
    note_loss(machine, timezone.now())
