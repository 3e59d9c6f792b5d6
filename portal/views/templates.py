"""Templates, for those who teach."""

from collections.abc import Callable
from difflib import unified_diff
from itertools import islice, takewhile
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courses import actions
from courses.models import Template, TemplateChange
from lib.notes import Refusal
from lib.seen import ChangedByOthers, fingerprint
from machines.stepper.first_boot import failures_of
from portal import access
from portal.access import only
from portal.forms.idle_form import IdleForm
from portal.forms.template_forms import ServiceRows, TemplateForm, typed_services
from portal.once import once_per_form
from portal.signed_in import SignedIn

MOST_CHANGES = 50  # the newest lines of a history
MOST_SHOWN = 8_000  # characters of one of its changes
# Lines of the two texts, multiplied: to compare more takes minutes for lines that repeat themselves, as somebody might want.
MOST_COMPARED = 250_000


@only("make", Template)
@require_GET
def templates(request: SignedIn) -> HttpResponse:
    rows = list(Template.objects.with_parts().order_by("retired_at", "position", "name"))
    changeable = set(access.changeable(request.user).values_list("pk", flat=True))
    failures = failures_of(changeable)  # a line of somebody's console: not for all who teach
    context = {
        "templates": [(row, *failures.get(row.pk, (0, ""))) for row in rows],
        "changeable": changeable,
    }
    return render(request, "lab_templates/list.html", context)


@only("make", Template)
@require_http_methods(["GET", "POST"])
@once_per_form
def create(request: SignedIn) -> HttpResponse:
    # A new card starts with the way in that nearly every one has.
    return _edit(
        request,
        Template(services=[{"name": "ssh", "port": 22, "scheme": "ssh"}]),
        lambda **fields: actions.create_template(by=request.user, **fields),
    )


@require_http_methods(["GET", "POST"])
def edit(request: SignedIn, slug: str) -> HttpResponse:
    template = _changeable(request, slug)
    return _edit(
        request,
        template,
        lambda **fields: actions.edit_template(
            template=_changeable(request, slug), by=request.user, seen=request.POST.get("seen", ""), **fields
        ),
    )


def _changeable(request: SignedIn, slug: str) -> Template:
    """Find a template. 403 for whoever may not change it, and teachers read who may: that templates exist is no secret."""
    template = Template.objects.with_parts().filter(slug=slug).first()
    refusal = access.why_not(request.user, "change", template or Template)
    if isinstance(refusal, access.NotYours):
        raise PermissionDenied(str(refusal))
    if refusal:
        raise PermissionDenied
    if template is None:
        raise Http404
    return template


def _edit(request: SignedIn, template: Template, save: Callable[..., Template]) -> HttpResponse:
    now = fingerprint(template, actions.FIELDS)  # before a form writes into it
    seen = request.POST.get("seen", now)
    idle = IdleForm(request.POST or None, template)
    form = TemplateForm(request.POST or None, instance=template)
    # No initial rows beside typed ones: Django takes a row that equals its initial values for an empty one.
    rows = (
        ServiceRows(request.POST, prefix="services")
        if request.POST
        else ServiceRows(initial=template.services, prefix="services")
    )
    if request.method == "GET":
        return _form(request, form, rows, idle, seen)
    if not (form.is_valid() & rows.is_valid() & idle.is_valid()):
        return _form(request, form, rows, idle, seen, 400)
    try:
        saved = save(**form.cleaned_data, services=typed_services(rows), idle=idle.rules())
    except Refusal as refusal:
        form.add_error(getattr(refusal, "field", None), str(refusal))
        return _form(request, form, rows, idle, now if isinstance(refusal, ChangedByOthers) else seen, refusal.status)
    messages.success(request, _("“%(template)s” is saved.") % {"template": saved.title})
    return redirect("templates" if access.teaches(request.user) else "teaching")


def _form(
    request: SignedIn, form: TemplateForm, rows: Any, idle: IdleForm, seen: str, status: int = 200
) -> HttpResponse:
    template = form.instance
    changes = changes_of(template) if template.pk else []
    context = {"form": form, "rows": rows, "idle": idle, "template": template, "changes": changes, "seen": seen}
    return render(request, "lab_templates/form.html", context, status=status)


@require_POST
def retire(request: SignedIn, slug: str) -> HttpResponse:
    template = _changeable(request, slug)
    actions.retire_template(template=template, by=request.user)
    messages.success(
        request,
        _("“%(template)s” is retired: machines made from it keep running, new ones cannot be launched.")
        % {"template": template.title},
    )
    return redirect("template", template.slug)


@require_POST
def bring_back(request: SignedIn, slug: str) -> HttpResponse:
    template = actions.bring_back_template(template=_changeable(request, slug), by=request.user)
    said = (
        _("“%(template)s” is back, and students see it.")
        if template.published
        else _("“%(template)s” is back, and hidden. For students, tick “Students see it” below, and save.")
    )
    messages.success(request, said % {"template": template.title})
    return redirect("template", template.slug)


def changes_of(template: Template) -> list[tuple[TemplateChange, list[tuple[str, str]]]]:
    """Return (change, [(label, what was changed, line by line)]), newest first."""
    labels = {name: str(field.label or name) for name, field in TemplateForm.base_fields.items()}
    labels |= {"services": _("Services"), "idle": _("When nobody uses its machines")}
    rows = list(template.changes.select_related("by")[:MOST_CHANGES])
    return [(row, [(labels[name], _cut(_diff(*both))) for name, both in row.fields.items()]) for row in rows]


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}\n…"


def _diff(before: Any, after: Any) -> str:
    """Mark the lines that went with - and those that came with +; of long texts all between the first and the last that differ."""
    old, new = _apart(_lines(before), _lines(after))
    if len(old) * len(new) > MOST_COMPARED:
        return "\n".join([*(f"- {line}" for line in old), *(f"+ {line}" for line in new)])
    found = islice(unified_diff(old, new, lineterm="", n=0), 2, None)  # after its two lines of head
    return "\n".join(f"{line[0]} {line[1:]}" for line in found if not line.startswith("@@"))


def _apart(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Leave out the lines with which both begin and end."""
    begin = sum(1 for _same in takewhile(_is_same, zip(old, new, strict=False)))
    old, new = old[begin:], new[begin:]
    end = sum(1 for _same in takewhile(_is_same, zip(reversed(old), reversed(new), strict=False)))
    return old[: len(old) - end], new[: len(new) - end]


def _is_same(lines: tuple[str, str]) -> bool:
    return lines[0] == lines[1]


def _lines(value: Any) -> list[str]:
    if isinstance(value, bool):
        return [_("Yes") if value else _("No")]
    if isinstance(value, list):
        return [f"{row['name']} {row['port']} {row['scheme']}" for row in value]
    if isinstance(value, dict):
        return [f"{name}: {number}" for name, number in sorted(value.items())]
    return str(value).splitlines()
