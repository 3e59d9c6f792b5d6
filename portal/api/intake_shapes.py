"""The shapes of what minga-intake sends, and of the answer. What may be said of each fact, nodes.intake.machine_facts knows."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from nodes.intake import disk_faults, measurements
from nodes.intake.machine_facts import CARD, DISK, MACHINE, MOST_CARDS, MOST_DISKS, NOT_READ, Fact, Number, Word
from nodes.models import Measurement
from nodes.specs import all_why_not
from portal.api.inputs import Text


def _field(fact: Fact) -> serializers.Field[Any, Any, Any, Any]:
    """Describe a fact. All may be left out, or be null: not known."""
    usual: dict[str, Any] = {"required": False, "allow_null": True, "help_text": fact.help}
    if isinstance(fact, Word):
        if fact.choices:
            return serializers.ChoiceField([each for each in fact.choices if each], allow_blank=True, **usual)
        return serializers.CharField(max_length=fact.longest, allow_blank=True, **usual)
    if isinstance(fact, Number):
        bounds: dict[str, Any] = {} if fact.choices else {"min_value": fact.least, "max_value": fact.most}
        return serializers.IntegerField(**bounds, **usual)
    return serializers.BooleanField(**usual)


def _shape(name: str, facts: Mapping[str, Fact], **more: Any) -> type[serializers.Serializer[Any]]:
    return type(name, (serializers.Serializer,), {**{each: _field(fact) for each, fact in facts.items()}, **more})


_DiskIn = _shape("MeasuredDiskIn", DISK)
_CardIn = _shape("NetworkCardIn", CARD)
FactsIn = _shape(
    "MachineFactsIn",
    MACHINE,
    disks=_DiskIn(many=True, required=False, help_text=f"At most {MOST_DISKS}."),
    cards=_CardIn(many=True, required=False, help_text=f"At most {MOST_CARDS}."),
    not_read=serializers.ListField(child=serializers.ChoiceField(NOT_READ), required=False),
)


class IntakeIn(serializers.Serializer[Any]):
    """The body that a program sends, for the description of the API."""

    code = serializers.CharField(max_length=100, help_text="From the computer's page, or its label. It works once.")
    facts = FactsIn()


class SentIntake(serializers.Serializer[Any]):
    """The body that a program sends, as it is read; nodes.intake.machine_facts reads the facts."""

    code = Text(max_length=100)
    facts = serializers.JSONField()


class IntakeOut(serializers.Serializer[Any]):
    number = serializers.CharField(source="computer.number")
    why = serializers.SerializerMethodField(help_text="Why it cannot carry machines, by what was measured; '': it can.")
    bad_disks = serializers.SerializerMethodField(help_text="Names of those that are not for machines' disks.")

    def get_why(self, row: Measurement) -> str:
        return " ".join(str(reason.label) for reason in all_why_not(measurements.facts_of(row)))

    def get_bad_disks(self, row: Measurement) -> list[str]:
        return [disk.name for disk in row.disks.all() if disk_faults.faults_of(disk)]
