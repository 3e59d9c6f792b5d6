"""What teachers do with templates."""

import re
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.models import User
from catalog.models import Flavor, Image
from courses.models import Template
from courses.policy import checked_rules
from lib.names import clean_name
from lib.notes import Note, Refusal

SCHEMES = ("ssh", "http", "https", "vnc", "tcp")
MOST_SERVICES = 8
FIELDS = (
    "name",
    "name_es",
    "summary",
    "summary_es",
    "image",
    "flavor",
    "services",
    "login",
    "user_data",
    "icon",
    "published",
    "position",
    "idle",
)


class NotATeacher(Refusal):
    status = 403
    code = "forbidden"


class BadTemplate(Refusal):
    status = 400
    code = "bad_template"


class CannotWork(BadTemplate):
    """Its system or its size is not there, or the one does not run in the other. `field` is the one to change."""

    code = "template_cannot_work"

    def __init__(self, note: Note, field: str) -> None:
        super().__init__(note.text, note.args)
        self.field = field


@transaction.atomic
def create_template(*, by: User, **fields: Any) -> Template:
    """A new card. `fields` are those of FIELDS. Raises BadTemplate, BadPolicy or BadName with a sentence."""
    _may(by)
    template = Template(created_by=by, **_checked(fields))
    _check_parts(template.image, template.flavor)
    template.slug = template.free_slug()
    template.save()
    return template


@transaction.atomic
def edit_template(*, template: Template, by: User, **fields: Any) -> Template:
    """Change it for machines launched from now on; those that exist take it over when they are reset."""
    _may(by)
    changes = _checked(fields)
    before = template.image_id, template.flavor_id
    for name, value in changes.items():
        setattr(template, name, value)
    if (
        template.image_id,
        template.flavor_id,
    ) != before:  # else its text can be mended while the cloud lacks a part of it
        _check_parts(template.image, template.flavor)
    template.save(update_fields=list(changes))
    return template


@transaction.atomic
def retire_template(*, template: Template, by: User) -> None:
    """Nobody can launch it any more; machines made from it live on."""
    _may(by)
    template.published, template.retired_at = False, template.retired_at or timezone.now()
    template.save(update_fields=["published", "retired_at"])


def _check_parts(image: Image, flavor: Flavor) -> None:
    if note := image.lacks:
        raise CannotWork(note, "image")
    if note := flavor.lacks or flavor.too_small_for(image):
        raise CannotWork(note, "flavor")


def _may(by: User) -> None:
    if not by.is_teacher:
        raise NotATeacher(_("Only teachers and administrators may change templates."))


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"not fields of a template: {unknown}")
    for name, longest in (("name", 60), ("summary", 240)):
        if name in fields:
            fields[name] = clean_name(fields[name], longest=longest)
    if "services" in fields:
        fields["services"] = checked_services(fields["services"])
    if "idle" in fields:
        fields["idle"] = checked_rules(fields["idle"])
    if fields.get("login") and not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", fields["login"]):
        raise BadTemplate(_("The sign-in name has small letters, digits, - and _ only, and begins with a letter."))
    return fields


def checked_services(services: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same list, once every name, port and kind in it is right and none stands twice."""
    if len(services) > MOST_SERVICES:
        raise BadTemplate(_("A template has at most %(most)s services."), {"most": MOST_SERVICES})
    for service in services:
        _check_service(**service)
    if len({s["name"] for s in services}) < len(services) or len({s["port"] for s in services}) < len(services):
        raise BadTemplate(_("Each service needs a name and a port of its own."))
    return services


def _check_service(name: str, port: int, scheme: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,29}", name) or name.startswith("port-"):
        raise BadTemplate(
            _("A service's name has small letters, digits and - only, begins with a letter, and not with port-.")
        )
    if not isinstance(port, int) or not 1 <= port <= 65535:
        raise BadTemplate(_("A port is a number from 1 to 65535."))
    if scheme not in SCHEMES:
        raise BadTemplate(_("A service is one of: ssh, http, https, vnc, tcp."))
