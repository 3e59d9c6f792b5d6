"""My machines, one machine, and what people do with it."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lib.compiled_queries import CompiledQuery, Given, compiled
from lib.notes import Refusal
from machines import actions, archive_share, disk_images
from machines.models import Machine, Question
from machines.states import State
from machines.verbs import Verb
from portal import access
from portal.dismissal import dismiss
from portal.forms.machine_forms import NameForm, PortForm
from portal.once import once_per_form
from portal.presenters import question_banner
from portal.presenters.machine_card import Shown
from portal.presenters.machine_history import history
from portal.presenters.recycle_bin import Binned
from portal.presenters.show_machines import show, show_all
from portal.signed_in import SignedIn
from portal.views.idle_questions import latest_of
from quotas.actions import usage

# Verbs for which a page asks first.
CONFIRMED: dict[str, Callable[..., Machine]] = {verb: act for verb, act in actions.ACTIONS.items() if verb.destroys}
# One tap each. The bin is an answer of the page that asks before a machine is deleted.
VERBS: dict[str, Callable[..., Machine]] = {
    **{verb: act for verb, act in actions.ACTIONS.items() if verb not in CONFIRMED and verb != Verb.BIN},
    "see": dismiss,
}
ABOUT_THE_NAME = ("bad_name", "name_taken")
ABOUT_THE_PORT = ("bad_port", "port_open_already")
ON_A_PAGE = 12  # cards; few people have more, and for those who do the page stays as light
UNCHANGED = partial(HttpResponse, status=204)


def find(request: SignedIn, pk: UUID, verb: str = "") -> Machine:
    """Return the machine; 404 for whoever may not know of it, 403 for whoever may not do `verb` to it."""
    row: Machine = get_object_or_404(access.visible(request.user, Machine).with_parts(), pk=pk)
    if verb and (refusal := access.why_not(request.user, verb, row)):
        raise PermissionDenied(str(refusal))
    return row


@require_GET
@never_cache
def machines(request: SignedIn) -> HttpResponse:
    page, has_bin = _page_of(request)
    mine = show_all(list(page), request.user)
    rest = question_banner.on_cards(request, mine)
    binned = Machine.objects.filter(owner=request.user).in_bin().with_parts().order_by("-binned_at") if has_bin else ()
    context = {
        "shown": mine,
        "open_questions": rest,
        "page": page,
        "binned": [Binned(row) for row in binned],
        "usage": usage(request.user),
        "has_key": bool(mine) or request.user.ssh_keys.exists(),
    }
    context |= {"busy": any(s.is_busy for s in mine), "live": False}
    return render(request, "machines/list.html", context)


def _page_of(request: SignedIn) -> tuple[Page[Machine], bool]:
    """Return a page of the person's machines, and whether anything is in their recycle bin. Two queries.

    The owner is who asks, and facts.load brings one object for all machines of a template: no row carries either.
    """
    [(listed, binned)] = _counts(owner=request.user.pk) or [(0, 0)]
    page: Page[Any] = Paginator(range(listed), ON_A_PAGE).get_page(request.GET.get("page"))
    page.object_list = _on_page(page.number)(owner=request.user.pk)
    for row in page.object_list:
        row.owner = request.user
    return page, binned > 0


@compiled
def _counts(owner: Given) -> QuerySet[Machine, Any]:
    """Count what is listed and what is in the recycle bin. No row where there is neither."""
    of_owner = (Machine.objects.alive() | Machine.objects.missed()).filter(owner=owner).order_by().values("owner")
    listed, binned = Q(binned_at__isnull=True), Q(binned_at__isnull=False) & ~Q(state=State.GONE)
    counted = of_owner.annotate(listed=Count("pk", filter=listed), binned=Count("pk", filter=binned))
    return counted.values_list("listed", "binned")


@cache
def _on_page(number: int) -> CompiledQuery:
    """Return the query of the rows of a page. There are as many as there are pages: few people have a second one."""

    def rows(owner: Given) -> QuerySet[Machine]:
        listed = Machine.objects.listed().filter(owner=owner).select_related("activity").with_keyless()
        asks = Exists(Question.objects.open().filter(machine=OuterRef("pk")))
        # First those that want an answer; what is gone comes last.
        listed = listed.order_by(asks.desc(), F("gone_at").desc(nulls_first=True), "-created_at", "pk")
        return listed[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]

    return compiled(rows)


@require_GET
@never_cache
def card(request: SignedIn, pk: UUID) -> HttpResponse:
    """Answer a card, which asks for itself while it is unsettled; 204 while it would look the same."""
    shown = show(find(request, pk), request.user)
    question_banner.on_card(shown)
    if shown.card_version == request.GET.get("seen"):
        return UNCHANGED()
    context: dict[str, object] = {"s": shown, "announcement": _announcement(request, shown), "live": True}
    if not shown.is_busy:
        context["usage"] = usage(shown.machine.owner)
    return render(request, "machines/_card.html", context)


def _announcement(request: SignedIn, shown: Shown) -> str:
    """Return what a screen reader says: a new state, never a mere percentage."""
    seen = request.GET.get("seen", "").partition("-")[0]
    if seen == shown.machine.state:
        return ""
    return f"{shown.machine.name}: {shown.word}. {shown.sentence}"


@require_GET
@never_cache
def machine(request: SignedIn, pk: UUID) -> HttpResponse:
    return machine_page(request, find(request, pk))


def machine_page(
    request: SignedIn,
    row: Machine,
    *,
    refusal: Refusal | None = None,
    form: PortForm | None = None,
    name_form: NameForm | None = None,
) -> HttpResponse:
    """Answer the whole page; after a refusal with its status, and its sentence where no field has it."""
    if refusal:
        if not any(each and each.errors for each in (form, name_form)):
            messages.error(request, str(refusal))
        row = Machine.objects.with_parts().get(pk=row.pk)
    context = {**_context(show(row, request.user), form, name_form), "questions": latest_of(row)}
    invalid = 400 if form and form.errors else 200
    return render(request, "machines/detail.html", context, status=refusal.status if refusal else invalid)


def _context(shown: Shown, form: PortForm | None = None, name_form: NameForm | None = None) -> dict[str, object]:
    """Return what the part of a machine's page shows that changes by itself."""
    row = shown.machine
    return {
        "s": shown,
        "history": history(row),
        "usage": usage(row.owner),
        "disk_image": disk_images.current(row),
        "form": form or PortForm(),
        "name_form": name_form or NameForm(initial={"name": row.name}),
    }


@require_GET
@never_cache
def live(request: SignedIn, pk: UUID) -> HttpResponse:
    """Answer the part of a machine's page that changes by itself."""
    shown = show(find(request, pk), request.user)
    if shown.version == request.GET.get("seen"):
        return UNCHANGED()
    return render(
        request, "machines/_live.html", {**_context(shown), "announcement": _announcement(request, shown), "live": True}
    )


@require_POST
@once_per_form
def act(request: SignedIn, pk: UUID, verb: str) -> HttpResponse:
    """Do what takes one tap: sleep, wake, put away, restart, try again."""
    row = find(request, pk)
    try:
        if verb != "see":  # `dismiss` asks for each of the two things that it puts away
            access.require(request.user, verb, row)
        VERBS[verb](machine=row, by=request.user)
    except Refusal as refusal:
        return machine_page(request, row, refusal=refusal)
    return redirect("machines" if request.POST.get("from") == "list" else machine_url(row))


@require_http_methods(["GET", "POST"])
@once_per_form
def confirmed(request: SignedIn, pk: UUID, verb: str) -> HttpResponse:
    """Reset or delete: a page that asks, then the deed."""
    row = find(request, pk, verb)
    if request.method == "GET":
        context = {
            "s": show(row, request.user),
            "binned": Binned(row),
            "no_room": archive_share.why_not(row, request.user) or "",
        }
        return render(request, f"machines/{verb}.html", context)
    try:
        CONFIRMED[verb](machine=row, by=request.user)
    except Refusal as refusal:
        return machine_page(request, row, refusal=refusal)
    return redirect(machine_url(row))


@require_POST
def rename(request: SignedIn, pk: UUID) -> HttpResponse:
    row = find(request, pk, "rename")
    try:
        actions.rename(machine=row, name=request.POST.get("name", ""), by=request.user)
    except Refusal as refusal:
        name_form = NameForm(request.POST)
        if refusal.code in ABOUT_THE_NAME:
            name_form.add_error("name", str(refusal))
        return machine_page(request, row, refusal=refusal, name_form=name_form)
    return redirect(machine_url(row))


@require_POST
@once_per_form
def open_port(request: SignedIn, pk: UUID) -> HttpResponse:
    row = find(request, pk, "open_port")
    form = PortForm(request.POST)
    if not form.is_valid():
        return machine_page(request, row, form=form)
    try:
        tunnel = actions.open_port(machine=row, by=request.user, **form.cleaned_data)
    except Refusal as refusal:
        if refusal.code in ABOUT_THE_PORT:
            form.add_error("port", str(refusal))
        return machine_page(request, row, refusal=refusal, form=form)
    messages.success(
        request,
        _("Port %(port)s of your machine is now public as port %(public)s.")
        % {"port": tunnel.target_port, "public": tunnel.port},
    )
    return redirect(machine_url(row))


@require_POST
def close_port(request: SignedIn, pk: UUID, tunnel: UUID) -> HttpResponse:
    row = find(request, pk, "close_port")
    try:
        actions.close_port(machine=row, tunnel_id=tunnel, by=request.user)
    except Refusal as refusal:
        return machine_page(request, row, refusal=refusal)
    messages.success(request, _("The port is closed; who was connected is cut off."))
    return redirect(machine_url(row))


def machine_url(row: Machine) -> str:
    return reverse("machine", args=[row.pk])
