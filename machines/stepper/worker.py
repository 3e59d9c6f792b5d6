"""A turn of a worker: claim a machine, take the step that the grid names, and do what follows from an error."""

import logging
from contextlib import suppress
from uuid import UUID

from django.conf import settings

from accounts.failures import Failures
from cloud.contract import Cloud, CloudBusy, CloudFull, CloudGone, CloudLimit, CloudRefused
from lib import doorbell, logs
from lib.claims import claimed
from lib.notes import Note
from lib.states import LostRace
from machines import cloud_identity, refusals
from machines.models import Machine
from machines.states import State, Wanted
from machines.stepper import archive
from machines.stepper.delete import finish, vanish
from machines.stepper.outcomes import QUEUE_FIRST, back_off, back_off_at_limit, fail, put_off, queue
from machines.stepper.table import step_for

log = logging.getLogger(__name__)
# Where an error of the cloud, or its silence, may lead from any step.
AFTER_ERROR = frozenset({State.FAILED, State.GONE})


def step(pk: UUID | str, cloud: Cloud) -> None:
    """Take one step of one machine under a claim; ring again at once when there is more to do."""
    with logs.about(machine=pk):
        _step(pk, cloud)


def _step(pk: UUID | str, cloud: Cloud) -> None:
    with claimed(Machine.objects.alive().not_held(), pk, settings.CLAIM_SECONDS) as machine:
        if machine is None or machine.is_settled:
            return
        before, more = machine.state, True
        failures = Failures("step")
        # Only these may have failures on record that a success clears. A delete starts its own count.
        if machine.cloud_errors or machine.wanted == Wanted.GONE:
            failures.read()
        with failures.at(pk, holder=machine.pk) as tried, suppress(LostRace):
            more = advance(machine, cloud)
        if tried.failure:
            put_off(machine, tried.failure)
            more = False
        if machine.state != before:
            log.info("moved: %s -> %s", before, machine.state)
    if more:
        doorbell.ring("machines.tasks.advance", pk)


def advance(machine: Machine, cloud: Cloud) -> bool:
    """Take one step towards the wish. True when the state changed and there is more to do at once."""
    before = machine.state
    try:
        cloud_identity.require(cloud)
        step_for(machine)(machine, cloud)
    except CloudBusy as error:
        back_off(machine, error)
    except CloudFull:
        queue(machine, Note(QUEUE_FIRST))
    except CloudGone as error:
        log.warning("machine %s: %s", machine.pk, error)
        _vanished(machine, cloud, error)
    except CloudLimit as error:
        back_off_at_limit(machine, error)
    except CloudRefused as error:
        log.error("machine %s: the cloud refused: %s", machine.pk, error)
        fail(machine, refusals.note(machine, error), fault=str(error))
    return machine.state != before and not machine.is_settled and machine.retry_at is None


def _vanished(machine: Machine, cloud: Cloud, error: CloudGone) -> None:
    if machine.wanted == Wanted.GONE:
        return finish(machine)
    if machine.archive_id:
        return archive.lost(machine, cloud)
    if not machine.server_id:
        # The image or the size is gone: the machine has no server yet.
        return fail(machine, refusals.note(machine, error), fault=str(error))
    vanish(machine)
