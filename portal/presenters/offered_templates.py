"""A template as its readers see it: whether they could launch it, and how its machines' first boots went."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import User
from catalog.models import Image
from courses.models import Template, TemplateQuerySet
from machines.offers import Offer, offers
from machines.stepper.first_boot import failures_of
from portal import access


@dataclass(frozen=True, slots=True)
class OfferedTemplate:
    """A template, whether it can be launched, and for those who may change it how many first boots failed."""

    offer: Offer
    setup_failures: int
    setup_fault: str

    @property
    def is_retired(self) -> bool:
        return self.offer.template.retired_at is not None

    @property
    def fits(self) -> bool:
        return self.offer.why_not is None

    @property
    def why_not(self) -> str:
        return str(self.offer.why_not or "")


def shown_to(reader: User) -> TemplateQuerySet:
    """Return the published templates. One whose image could not be made is news for administrators alone."""
    published = Template.objects.published().with_parts()
    return published if access.may(reader, "change", Image) else published.made()


def offered_to(reader: User, templates: Iterable[Template] | None = None) -> list[OfferedTemplate]:
    """Return these templates, or all published ones. Failures are lines of somebody's console: 0 and '' for most readers."""
    found = offers(reader, templates)
    theirs = access.changeable(reader).filter(pk__in=[offer.template.pk for offer in found])
    failures = failures_of(theirs.values_list("pk", flat=True)) if access.teaches(reader) else {}
    return [OfferedTemplate(offer, *failures.get(offer.template.pk, (0, ""))) for offer in found]
