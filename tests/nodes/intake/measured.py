"""Measurements of computers, as minga-intake sends them."""

from typing import Any

from django.utils import timezone

from nodes.intake import machine_facts, measurements
from nodes.intake.models import Measurement
from nodes.models import Computer
from tests.nodes.donated import make_computer
from tests.nodes.intake import recorded


def measured(computer: Computer | None = None, **changes: Any) -> Measurement:
    found = machine_facts.read(recorded.facts(**changes))
    return measurements.write(computer or make_computer("received"), found, at=timezone.now())
