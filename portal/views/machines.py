"""The page “My machines”, and what people do with one."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from lib.compiled_queries import CompiledQuery, Given, compiled
from lib.notes import Refusal
from machines import actions, archive_share, machine_names
from machines.models import Machine, Question
from machines.rules import allowed, why_not
from machines.states import State
from machines.verbs import Verb
from portal import access
from portal.dismissal import dismiss
from portal.forms.machine_forms import NameForm, PortForm
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.presenters import machine_tabs, question_banner
from portal.presenters.machine_tabs import PORTS, SETTINGS
from portal.presenters.navigation import home_of
from portal.presenters.quota_ways import ways_for
from portal.presenters.recycle_bin import Binned, bin_of
from portal.presenters.show_machines import show, show_all
from portal.request_facts import is_typed
from portal.signed_in import SignedIn
from portal.views import terminal_page
from portal.views.machine_page import announcement, find, machine_page, machine_url
from quotas.actions import usage
from quotas.sentences import sentence

# Verbs for which a page asks first.
CONFIRMED: dict[str, Callable[..., Machine]] = {verb: act for verb, act in actions.ACTIONS.items() if verb.destroys}
# One tap each. The bin is an answer of the page that asks before a machine is deleted.
VERBS: dict[str, Callable[..., Machine]] = {
    **{verb: act for verb, act in actions.ACTIONS.items() if verb not in CONFIRMED and verb != Verb.BIN},
    "see": dismiss,
}
ABOUT_THE_PORT = ("bad_port", "port_open_already")
ON_A_PAGE = 12  # cards; few people have more, and for those who do the page stays as light
UNCHANGED = partial(HttpResponse, status=204)


@require_GET
@never_cache
def machines(request: SignedIn) -> HttpResponse:
    page, has_bin = _page_of(request)
    home = home_of(request.user)
    is_bare = not (page.object_list or has_bin or request.GET)
    if is_bare and is_typed(request) and home != request.path:  # the site's own address leads home, as signing in does
        return redirect(home)
    mine = show_all(list(page), request.user)
    rest = question_banner.on_cards(request, mine)
    binned = Machine.objects.filter(owner=request.user).in_bin().with_parts().order_by("-binned_at") if has_bin else ()
    context = {
        "shown": mine,
        "open_questions": rest,
        "page": page,
        "binned": bin_of(list(binned), request.user),
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
    page: Page[Any] = page_of(request, range(listed), ON_A_PAGE)
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
        listed = Machine.objects.listed().filter(owner=owner).select_related("activity").with_keys()
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
    context: dict[str, object] = {"s": shown, "announcement": announcement(request, shown), "live": True}
    if not shown.is_busy:
        context["usage"] = usage(shown.machine.owner)
    return render(request, "machines/_card.html", context)


@require_POST
@once_per_form
def act(request: SignedIn, pk: UUID, verb: str) -> HttpResponse:
    """Do what takes one tap: sleep, wake, put away, restart, try again. It leads back to where it was pressed."""
    row, tab = find(request, pk), machine_tabs.named(request.POST.get("from", ""))
    try:
        if verb != "see":  # `dismiss` asks for each of the two things that it puts away
            access.require(request.user, verb, row)
        VERBS[verb](machine=row, by=request.user)
    except Refusal as refusal:
        if request.POST.get("from") == "terminal":
            return terminal_page.refused(request, row, refusal)
        return machine_page(request, row, tab, refusal=refusal)
    return redirect(_way_back(request, row, tab))


def _way_back(request: SignedIn, row: Machine, tab: machine_tabs.Tab) -> str:
    """Return the page on which a button was pressed, or that it leads to."""
    pages = {"list": reverse("machines"), "terminal": reverse("machine-terminal", args=[row.pk])}
    return pages.get(request.POST.get("from", "")) or machine_url(row, tab)


@require_GET
@never_cache
def ask_to_dismiss(request: SignedIn, pk: UUID) -> HttpResponse:
    """Ask before the last copy of a disk goes with the card of a machine that vanished."""
    shown = show(find(request, pk, "dismiss_vanished"), request.user)
    if not (shown.machine.is_missed and shown.copy):
        return redirect(machine_url(shown.machine))
    return render(request, "machines/dismiss.html", {"s": shown})


@require_http_methods(["GET", "POST"])
@once_per_form
def confirmed(request: SignedIn, pk: UUID, verb: str) -> HttpResponse:
    """Reset or delete: a page that asks, then the deed."""
    row = find(request, pk, verb)
    if request.method == "GET":
        context = {
            "s": show(row, request.user),
            "binned": Binned(row),
            "why_not": "" if verb in allowed(row) else _(why_not(row, Verb(verb))),
            **_room_for_archive(row, request.user),
        }
        return render(request, f"machines/{verb}.html", context)
    try:
        CONFIRMED[verb](machine=row, by=request.user)
    except Refusal as refusal:
        return machine_page(request, row, refusal=refusal)
    return redirect(machine_url(row))


def _room_for_archive(row: Machine, reader: User) -> dict[str, object]:
    """Say why the machine cannot become an archive now, and the ways out."""
    if not (found := archive_share.lacks(row)):
        return {"no_room": ""}
    ways = ways_for(reader, row.owner, found, but=row)
    return {"no_room": sentence(found[0], row.owner_for(reader)), "ways": ways}


@require_POST
def rename(request: SignedIn, pk: UUID) -> HttpResponse:
    row = find(request, pk, "rename")
    try:
        actions.rename(machine=row, name=request.POST.get("name", ""), by=request.user)
    except Refusal as refusal:
        name_form = NameForm(request.POST)
        if refusal.code in machine_names.REFUSALS:
            name_form.add_error("name", str(refusal))
        return machine_page(request, row, SETTINGS, refusal=refusal, name_form=name_form)
    return redirect(machine_url(row, SETTINGS))


@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def ports(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show the ports; open one more."""
    if request.method == "GET":
        return machine_page(request, find(request, pk), PORTS)
    row = find(request, pk, "open_port")
    form = PortForm(request.POST)
    if not form.is_valid():
        return machine_page(request, row, PORTS, form=form)
    try:
        tunnel = actions.open_port(machine=row, by=request.user, **form.cleaned_data)
    except Refusal as refusal:
        if refusal.code in ABOUT_THE_PORT:
            form.add_error("port", str(refusal))
        return machine_page(request, row, PORTS, refusal=refusal, form=form)
    messages.success(
        request,
        _("Port %(port)s of your machine is now public as port %(public)s.")
        % {"port": tunnel.target_port, "public": tunnel.port},
    )
    return redirect(machine_url(row, PORTS))


@require_POST
def close_port(request: SignedIn, pk: UUID, tunnel: UUID) -> HttpResponse:
    row = find(request, pk, "close_port")
    try:
        actions.close_port(machine=row, tunnel_id=tunnel, by=request.user)
    except Refusal as refusal:
        return machine_page(request, row, PORTS, refusal=refusal)
    messages.success(request, _("The port is closed; anyone who was connected has been cut off."))
    return redirect(machine_url(row, PORTS))
