"""The catalog: what the cloud has, under names for people. Teachers read it, administrators change it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalog import actions
from catalog.models import Flavor, Image
from lib.notes import Refusal
from lib.seen import ChangedByOthers, fingerprint
from portal.access import only
from portal.forms.catalog_forms import FlavorForm, ImageForm
from portal.signed_in import SignedIn


@only("see", Image)
@require_GET
def catalog(request: SignedIn) -> HttpResponse:
    return render(request, "catalog/list.html", {"images": Image.objects.all(), "flavors": Flavor.objects.all()})


@only("look_again", Image)
@require_POST
def look_again(request: SignedIn) -> HttpResponse:
    """Have a worker ask the cloud: it may take its time."""
    actions.ask_again(by=request.user)
    messages.success(request, _("The cloud is being asked. What is new will be here in a few seconds."))
    return redirect("catalog")


@only("change", Image)
@require_http_methods(["GET", "POST"])
def image(request: SignedIn, pk: int) -> HttpResponse:
    row = get_object_or_404(Image, pk=pk)
    return _edit(request, row, ImageForm(request.POST or None, instance=row))


@only("change", Flavor)
@require_http_methods(["GET", "POST"])
def flavor(request: SignedIn, pk: int) -> HttpResponse:
    row = get_object_or_404(Flavor, pk=pk)
    return _edit(request, row, FlavorForm(request.POST or None, instance=row))


def _edit(request: SignedIn, row: Image | Flavor, form: ImageForm | FlavorForm) -> HttpResponse:
    now = fingerprint(row, form.Meta.fields)
    context = {"form": form, "row": row, "seen": request.POST.get("seen", now)}
    if request.method == "GET" or not form.is_valid():
        return render(request, "catalog/form.html", context, status=200 if request.method == "GET" else 400)
    try:
        _save(request, row, form)
    except ChangedByOthers as refusal:
        form.add_error(None, str(refusal))
        return render(request, "catalog/form.html", {**context, "seen": now}, status=refusal.status)
    except Refusal as refusal:
        form.add_error("name", str(refusal))
        return render(request, "catalog/form.html", context, status=refusal.status)
    messages.success(request, _("Saved."))
    return redirect("catalog")


def _save(request: SignedIn, row: Image | Flavor, form: ImageForm | FlavorForm) -> None:
    seen = request.POST.get("seen", "")
    if isinstance(row, Image):
        actions.edit_image(image=row, by=request.user, seen=seen, **form.cleaned_data)
    else:
        actions.edit_flavor(flavor=row, by=request.user, seen=seen, **form.cleaned_data)
