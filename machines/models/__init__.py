"""The rows of this app."""

from machines.models.copy import Copy
from machines.models.idle import Activity, Answer, Ask, Delivery, Hold
from machines.models.machine import Event, Machine, MachineQuerySet, status_fields
from machines.models.watch import Stray, StrayQuerySet, Watch

__all__ = [
    "Activity",
    "Answer",
    "Ask",
    "Copy",
    "Delivery",
    "Event",
    "Hold",
    "Machine",
    "MachineQuerySet",
    "Stray",
    "StrayQuerySet",
    "Watch",
    "status_fields",
]
