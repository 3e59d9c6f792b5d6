"""Requests for more: their amounts, who decides them, and how much they may give. That they may at all, portal.access says."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.people_search import holds
from courses.models import Template, TemplateQuerySet
from lib.measures import Size
from machines.capacity import size_of
from machines.models import Machine
from portal import access
from quotas.models import QuotaRequest

MOST_ADMINISTRATORS = 9  # who are written to; all of them see it on their pages


class Purpose(models.TextChoices):
    MACHINE = "machine", _("One more machine")
    ARCHIVE = "archive", _("One archive more")
    PORT = "port", _("One public port more")


def amounts_of(template: Template, purpose: str) -> Size:
    """Return what a request for this template and purpose asks for."""
    if purpose == Purpose.ARCHIVE:
        return Size(archives=1, archive_gb=max(1, template.flavor.disk_gb))
    return Size(ports=1) if purpose == Purpose.PORT else size_of(template)


def can_be_asked_for(person: User) -> TemplateQuerySet:
    """Select the templates for which a person may ask: those that are offered, and those of their own machines."""
    theirs = Machine.objects.alive().filter(owner=person).order_by().values("template")
    return Template.objects.filter(Q(published=True, retired_at=None) | Q(pk__in=theirs)).with_parts()


def title_of(template: Template) -> dict[str, str]:
    """Return what a request keeps of its template's name."""
    return {"en": template.name, "es": template.name_es}


def deciders(template: Template, asker: User) -> list[User]:
    """Return some of those who may decide what `asker` asks for this template: its author, if another, then administrators."""
    writer = template.created_by
    author = [writer] if writer and writer.pk != asker.pk and access.teaches(writer) else []
    admins = User.objects.filter(holds(User.Role.ADMIN), is_active=True).order_by("pk")
    return list(dict.fromkeys([*author, *admins[:MOST_ADMINISTRATORS]]))


def most_of(person: User, request: QuotaRequest) -> Size | None:
    """Return the most that this person may give: one machine of the template, as its author; None for administrators."""
    if access.administers(person):
        return None
    template = Template.objects.with_parts().filter(pk=request.subject).first()
    return size_of(template) if template else Size()
