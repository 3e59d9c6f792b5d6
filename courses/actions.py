"""Create, edit, retire and bring back templates."""

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import User
from catalog.models import Flavor, Image
from courses.models import Template, TemplateChange
from courses.policy import checked_rules
from lib.names import check_login, clean_name
from lib.notes import Note, Refusal
from lib.schemes import SCHEMES
from lib.seen import require_seen

MOST_SERVICES = 8
NOT_ITS_OWN = _("Each service needs a name and a port of its own.")
SLUG_TRIES = 10
MOST_SCRIPT_KB = 48  # of a first-boot script; Nova takes 49,151 bytes, with keys beside it
LINES = {"name": 60, "name_es": 60, "summary": 240, "summary_es": 240}  # characters at most
Kind = TemplateChange.Kind
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


class BadTemplate(Refusal):
    """A template that cannot be saved as it is."""

    status = 400
    code = "bad_template"


class CannotWork(BadTemplate):
    """The template's image or size is missing, or the image does not fit the size. `field` names the one to change."""

    code = "template_cannot_work"

    def __init__(self, note: Note, field: str) -> None:
        super().__init__(note.text, note.args)
        self.field = field


@transaction.atomic
def create_template(*, by: User, **fields: Any) -> Template:
    """Create a template. `fields` are those of FIELDS. Raises BadTemplate, BadPolicy or BadName with a sentence."""
    template = Template(created_by=by, **_checked(fields))
    _check_parts(template.image, template.flavor)
    _insert(template)
    template.changes.create(kind=Kind.MADE, by=by)
    return template


def _insert(template: Template) -> None:
    """Save the template under a free slug. If another transaction takes that slug first, try the next one."""
    for _try in range(SLUG_TRIES):
        template.slug = template.free_slug()
        try:
            with transaction.atomic():
                return template.save(force_insert=True)
        except IntegrityError as error:
            if "slug" not in str(error):
                raise
    raise BadTemplate(_("Several people are making a template of this name just now. Try again."))


@transaction.atomic
def edit_template(*, template: Template, by: User, seen: str = "", **fields: Any) -> Template:
    """Change a template for machines launched from now on. Existing ones follow when they are reset.

    seen: see lib.seen. Raises like create_template, and ChangedByOthers.
    """
    template = _locked(template)
    before = {name: getattr(template, name) for name in fields}
    changes = {name: value for name, value in _checked(fields).items() if value != before[name]}
    if changes:
        require_seen(template, FIELDS, seen)
    for name, value in changes.items():
        setattr(template, name, value)
    if changes.keys() & {"image", "flavor"}:  # other fields can be changed while the cloud lacks its image or size
        _check_parts(template.image, template.flavor)
    if changes:
        template.save(update_fields=list(changes))
        history = {name: [_as_history(before[name]), _as_history(value)] for name, value in changes.items()}
        template.changes.create(kind=Kind.EDITED, by=by, fields=history)
        _audit(template, "edit_template", by, fields=sorted(changes))
    return template


@transaction.atomic
def retire_template(*, template: Template, by: User) -> None:
    """Retire a template: nobody can launch it any more, and machines made from it stay. Repeating it changes nothing."""
    template = _locked(template)
    if template.retired_at:
        return
    template.changes.create(kind=Kind.RETIRED, by=by, fields={"published": [template.published, False]})
    template.published, template.retired_at = False, timezone.now()
    template.save(update_fields=["published", "retired_at"])
    _audit(template, "retire_template", by)


def _check_parts(image: Image, flavor: Flavor) -> None:
    if note := image.lacks:
        raise CannotWork(note, "image")
    if note := flavor.lacks or flavor.too_small_for(image):
        raise CannotWork(note, "flavor")


@transaction.atomic
def bring_back_template(*, template: Template, by: User) -> Template:
    """Undo retire_template: students see the template again if they saw it before.

    Version 0.2 did not record whether they did. A template that it retired comes back hidden, because it may be a draft.
    """
    template = _locked(template)
    if not template.retired_at:
        return template
    retired = template.changes.filter(kind=Kind.RETIRED).first()
    was_published = bool(retired and retired.fields["published"][0])
    template.published, template.retired_at = template.published or was_published, None
    template.save(update_fields=["published", "retired_at"])
    template.changes.create(kind=Kind.BROUGHT_BACK, by=by, fields={"published": [False, template.published]})
    _audit(template, "bring_back_template", by)
    return template


def _audit(template: Template, verb: str, by: User, **detail: Any) -> None:
    """Write into the audit log what somebody else than its author did to a template."""
    thing = Thing("template", template.slug, template.name)
    record(by=by, verb=verb, whom=template.created_by_id, thing=thing, detail=detail)


def _locked(template: Template) -> Template:
    """Lock the template's row until the transaction ends, and return it as it is now."""
    Template.objects.select_for_update().get(pk=template.pk)
    template.refresh_from_db()
    return template


def _as_history(value: Any) -> Any:
    """Return a value as the history stores it: an image or a size by its name."""
    return value if isinstance(value, (str, int, list, dict)) else str(getattr(value, "name", value))


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise TypeError(f"not fields of a template: {unknown}")
    for name, longest in LINES.items():
        if name in fields:
            fields[name] = clean_line(fields[name], longest=longest, is_needed=not name.endswith("_es"))
    if "user_data" in fields:
        check_script(fields["user_data"])
    if "services" in fields:
        fields["services"] = checked_services(fields["services"])
    if "idle" in fields:
        fields["idle"] = checked_rules(fields["idle"])
    if "login" in fields:
        check_login(fields["login"])
    return fields


def check_script(text: str) -> None:
    """Raise BadTemplate for a first-boot script that no cloud would take."""
    if len(text.encode()) > MOST_SCRIPT_KB * 1000:
        raise BadTemplate(_("This script is too long: at most %(most)s kB."), {"most": MOST_SCRIPT_KB})


def clean_line(text: str, *, longest: int, is_needed: bool = True) -> str:
    """Return a line of a template in the form that is stored; '' for one that may be left out. Raises BadName."""
    return clean_name(text, longest=longest) if is_needed or text.strip() else ""


def checked_services(services: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the same list ({name, port, scheme} each). Raises BadTemplate where a part is wrong or stands twice."""
    if len(services) > MOST_SERVICES:
        raise BadTemplate(_("A template has at most %(most)s services."), {"most": MOST_SERVICES})
    for service in services:
        _check_service(**service)
    if len({s["name"] for s in services}) < len(services) or len({s["port"] for s in services}) < len(services):
        raise BadTemplate(NOT_ITS_OWN)
    return services


def _check_service(name: str, port: int, scheme: str) -> None:
    check_service_name(name)
    check_port(port)
    if scheme not in SCHEMES:
        raise BadTemplate(_("A service is one of: %(schemes)s."), {"schemes": ", ".join(SCHEMES)})


def check_service_name(name: str) -> None:
    """Raise BadTemplate for a name that is no service's."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,29}", name) or name.startswith("port-"):
        raise BadTemplate(
            _("A service's name has small letters, digits and - only, begins with a letter, and not with port-.")
        )


def check_port(port: int) -> None:
    """Raise BadTemplate for a number that is no port."""
    if not isinstance(port, int) or not 1 <= port <= 65535:
        raise BadTemplate(_("A port is a number from 1 to 65535."))
