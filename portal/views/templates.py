"""Templates, for those who teach."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courses import actions
from courses.models import Template
from lib.notes import Refusal
from portal.asked import SignedIn
from portal.forms import ServiceRows, TemplateForm, typed_services
from portal.idle_form import IdleForm
from portal.once import once_per_form

View = Callable[..., HttpResponse]


def teachers_only(view: View) -> View:
    """403 for everybody else: that templates exist is no secret."""

    @wraps(view)
    def checked(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_teacher:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


@teachers_only
@require_GET
def templates(request: SignedIn) -> HttpResponse:
    return render(
        request,
        "courses/templates.html",
        {"templates": Template.objects.with_parts().order_by("retired_at", "position", "name")},
    )


@teachers_only
@require_http_methods(["GET", "POST"])
@once_per_form
def create(request: SignedIn) -> HttpResponse:
    # A new card starts with the way in that nearly every one has.
    return _edit(
        request,
        Template(services=[{"name": "ssh", "port": 22, "scheme": "ssh"}]),
        lambda **fields: actions.create_template(by=request.user, **fields),
    )


@teachers_only
@require_http_methods(["GET", "POST"])
def edit(request: SignedIn, slug: str) -> HttpResponse:
    template = get_object_or_404(Template, slug=slug)
    return _edit(
        request,
        template,
        lambda **fields: actions.edit_template(
            template=get_object_or_404(Template, slug=slug), by=request.user, **fields
        ),
    )


def _edit(request: SignedIn, template: Template, save: Callable[..., Template]) -> HttpResponse:
    idle = IdleForm(request.POST or None, template)
    form = TemplateForm(request.POST or None, instance=template)
    # No initial rows beside typed ones: Django takes a row that equals its initial values for an empty one.
    rows = (
        ServiceRows(request.POST, prefix="services")
        if request.POST
        else ServiceRows(initial=template.services, prefix="services")
    )
    if request.method == "GET":
        return _form(request, form, rows, idle, 200)
    if not (form.is_valid() & rows.is_valid() & idle.is_valid()):
        return _form(request, form, rows, idle, 400)
    try:
        saved = save(**form.cleaned_data, services=typed_services(rows), idle=idle.rules())
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _form(request, form, rows, idle, refusal.status)
    messages.success(request, _("“%(template)s” is saved.") % {"template": saved.title})
    return redirect("templates")


def _form(request: SignedIn, form: TemplateForm, rows: Any, idle: IdleForm, status: int) -> HttpResponse:
    facts = {"form": form, "rows": rows, "idle": idle, "template": form.instance}
    return render(request, "courses/template_form.html", facts, status=status)


@teachers_only
@require_POST
def retire(request: SignedIn, slug: str) -> HttpResponse:
    template = get_object_or_404(Template, slug=slug)
    actions.retire_template(template=template, by=request.user)
    messages.success(
        request,
        _("“%(template)s” is retired: machines made from it live on, new ones cannot be launched.")
        % {"template": template.title},
    )
    return redirect("templates")
