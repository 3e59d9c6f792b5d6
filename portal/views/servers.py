"""Servers that the cluster has and no machine needs. Administrators see them, and give one to a person."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from courses.models import Template
from lib.names import BadName
from lib.notes import Refusal
from machines import adoption
from machines.actions import NoTemplate
from machines.models import CloudWatch, Machine, Stray
from portal.access import only
from portal.forms.machine_forms import AdoptForm
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.presenters.unneeded_servers import with_owners
from portal.signed_in import SignedIn

_FIELDS = {adoption.NoPerson: "person", NoTemplate: "template", BadName: "name"}  # which field a refusal belongs to


@only("see", Stray)
@require_GET
@never_cache
def servers(request: SignedIn) -> HttpResponse:
    search = "".join(c for c in request.GET.get("search", "") if c.isprintable()).strip()[:255]
    rows = Stray.objects.open().filter(name__icontains=search).order_by("kind", "name", "pk")
    page = page_of(request, rows)
    listed_at = CloudWatch.get_solo().whole_at
    context = {"page": page, "servers": with_owners(page), "search": search, "listed_at": listed_at}
    return render(request, "servers/list.html", context)


@only("adopt", Stray)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def adopt(request: SignedIn, server_id: str) -> HttpResponse:
    """Show what the server is and a form; then give it away."""
    stray = get_object_or_404(Stray, server_id=server_id)
    if request.method == "GET":
        return _page(request, stray, AdoptForm(initial=_guess(stray)))
    form = AdoptForm(request.POST)
    if not form.is_valid():
        return _page(request, stray, form, 400)
    try:
        machine = _adopt(request, stray, **form.cleaned_data)
    except Refusal as refusal:
        form.add_error(_FIELDS.get(type(refusal)), str(refusal))
        return _page(request, stray, form, refusal.status)
    said = _("“%(name)s” is now a machine of %(person)s.")
    messages.success(request, said % {"name": machine.name, "person": machine.owner.username})
    return redirect("machine", machine.pk)


def _adopt(request: SignedIn, stray: Stray, *, person: str, template: Template, name: str) -> Machine:
    owner = adoption.find_person(person)
    return adoption.adopt(stray=stray, owner=owner, template=template, name=name, by=request.user)


def _page(request: SignedIn, stray: Stray, form: AdoptForm, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"server": with_owners([stray])[0], "stray": stray, "form": form}
    if status == 200:
        context["why_not"] = adoption.why_not(stray)
    return render(request, "servers/adopt.html", context, status=status)


def _guess(stray: Stray) -> dict[str, Any]:
    owner = adoption.owner_of(stray)
    template = adoption.likely_template(stray, Template.objects.filter(retired_at__isnull=True).with_parts())
    return {"person": owner.username if owner else "", "template": template, "name": stray.name[:60]}
