"""Shells that a worker runs."""

import logging

from celery import shared_task

from catalog import actions
from cloud import open_cloud
from cloud.contract import CloudError

log = logging.getLogger(__name__)


@shared_task
def look() -> None:
    try:
        actions.look_again(open_cloud())
    except CloudError as error:
        log.warning("the catalog stays as it was: %s", error)
