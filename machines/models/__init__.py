"""The rows of this app."""

from machines.models.bulk_run import BulkItem, BulkRun
from machines.models.cloud_watch import CloudWatch, Stray, StrayQuerySet
from machines.models.disk_image import DiskImage
from machines.models.event import Event
from machines.models.host_key import HostKey
from machines.models.idle import Activity, Answer, Delivery, Hold, Question
from machines.models.installed_key import InstalledKey
from machines.models.key_change import KeyChange
from machines.models.machine import Machine
from machines.models.machine_queries import MachineQuerySet
from machines.models.portal_key import PortalKey

__all__ = [
    "Activity",
    "Answer",
    "BulkItem",
    "BulkRun",
    "CloudWatch",
    "Delivery",
    "DiskImage",
    "Event",
    "Hold",
    "HostKey",
    "InstalledKey",
    "KeyChange",
    "Machine",
    "MachineQuerySet",
    "PortalKey",
    "Question",
    "Stray",
    "StrayQuerySet",
]
