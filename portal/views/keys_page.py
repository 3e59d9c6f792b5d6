"""SSH keys: paste one, or have one made."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import actions
from accounts.keys import PrivateHalf
from lib.notes import Refusal
from machines import key_changes
from machines.models import KeyChange
from portal.forms.key_form import KeyForm
from portal.next_page import next_page
from portal.once import once_per_form
from portal.presenters.listed_keys import keys_of, listed
from portal.signed_in import SignedIn


@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def keys(request: SignedIn) -> HttpResponse:
    if request.method == "GET":
        return keys_page(request)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return keys_page(request, form, status=400)
    try:
        key = actions.add_key(owner=request.user, by=request.user, **form.cleaned_data)
    except Refusal as refusal:
        if isinstance(refusal, PrivateHalf):
            form.data = {**request.POST.dict(), "public_key": ""}
        form.add_error("public_key" if refusal.code in ("bad_key", "duplicate_key") else None, str(refusal))
        return keys_page(request, form, status=refusal.status)
    messages.success(request, _("Key added. It goes into every machine that you launch or reset from now on."))
    if listed(key).can_put:
        messages.info(request, _("“Add to my machines”, beside the key, puts it into those that run."))
    return redirect(way_on(request))


@require_POST
@never_cache
@once_per_form
def make(request: SignedIn) -> HttpResponse:
    """Have a key made. The answer to this request is the only place where the private half is ever shown."""
    name = request.POST.get("name", "").strip() or _("Made by Minga")
    try:
        key, private = actions.make_key(owner=request.user, name=name, by=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return keys_page(request, status=refusal.status)
    return render(request, "keys/made.html", {"key": key, "private": private, "next": way_on(request)})


@require_http_methods(["GET", "POST"])
@never_cache
def remove(request: SignedIn, pk: int) -> HttpResponse:
    """Ask whether a key is to go, then delete it."""
    key = get_object_or_404(request.user.ssh_keys, pk=pk)
    if request.method == "GET":
        return render(request, "keys/remove.html", {"key": listed(key)})
    with transaction.atomic():
        is_asked = "take_out" in request.POST
        changes = key_changes.before_key_goes(key=key, by=request.user, from_machines=is_asked)
        actions.remove_key(key=key, by=request.user)
    say_removed(request, changes)
    return redirect("keys")


def say_removed(request: SignedIn, changes: list[KeyChange]) -> None:
    """Say that a key is removed, and what becomes of it in machines."""
    failed = [change.machine.name for change in changes if change.state == KeyChange.State.FAILED]
    if len(failed) < len(changes):
        messages.success(
            request, _("Key removed. It is being taken out of your machines that run; their pages show how that ends.")
        )
    else:
        messages.success(
            request,
            _("Key removed. Machines that you launch or reset from now on will not know it; the others still do."),
        )
    if failed:
        words = _(
            "These machines do not run, so it is still in them: %(names)s. Wake them, and take it out on their pages."
        )
        messages.warning(request, words % {"names": ", ".join(failed)})


def keys_page(request: SignedIn, form: KeyForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        "keys": keys_of(request.user),
        "form": form or KeyForm(),
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return render(request, "keys/list.html", context, status=status)


def way_on(request: SignedIn) -> str:
    """Return where the person was sent from, if that is here; else the list of keys."""
    return next_page(request, otherwise="keys")
