"""The cards of the launch page: what each template offers, what it costs, and how long it takes."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from math import ceil

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.models import Template
from lib.measures import MEASURES, memory
from machines.capacity import size_of
from machines.offers import Offer
from machines.progress import MINUTE, typical_seconds
from portal.ways_in import registry
from quotas.actions import Usage


@dataclass(frozen=True, slots=True)
class LaunchCard:
    """A template as the person sees it who may launch it."""

    offer: Offer
    usage: Usage
    typical: float | None  # seconds; None: nobody has launched it yet

    @property
    def template(self) -> Template:
        return self.offer.template

    @property
    def is_coming(self) -> bool:
        """Return whether only its system is still on its way: the card then asks by itself whether it is there."""
        return self.template.image.is_coming

    @property
    def services(self) -> list[str]:
        """Return its services in words, each once."""
        return list(
            dict.fromkeys(registry.service_word(each.scheme) or each.name for each in self.template.service_list)
        )

    @property
    def ready_in(self) -> str:
        """Say how long it usually takes; '' where nobody knows."""
        return _("Usually ready in about %(time)s") % {"time": duration(self.typical)} if self.typical else ""

    @property
    def leaves(self) -> str:
        """Say what is left of the person's quota after it; '' where it cannot be launched."""
        if self.offer.why_not:
            return ""
        asked = dict(zip(MEASURES, astuple(size_of(self.template)), strict=True))
        left = {measure: max(0, getattr(self.usage, measure).left - asked[measure]) for measure in ("vcpus", "ram_mb")}
        processors = ngettext("%(count)s processor", "%(count)s processors", left["vcpus"]) % {"count": left["vcpus"]}
        facts = {"processors": processors, "memory": memory(left["ram_mb"])}
        return _("Leaves you %(processors)s, %(memory)s of memory") % facts


def launch_cards(offers: Sequence[Offer], usage: Usage) -> list[LaunchCard]:
    """Return a card for each offer. Costs one query."""
    typical = typical_seconds([offer.template.pk for offer in offers])
    return [LaunchCard(offer, usage, typical.get(offer.template.pk)) for offer in offers]


def duration(seconds: float) -> str:
    """Write a time in a few characters, in the reader's language: 24 s, 3 min."""
    if seconds < MINUTE:
        return _("%(count)s s") % {"count": ceil(seconds)}
    return _("%(count)s min") % {"count": ceil(seconds / 60)}
