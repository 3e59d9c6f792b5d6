"""People, for administrators: the list, one person, and what is done with an account."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import emails, person_actions, second_steps
from accounts.browsers import browser_sessions
from accounts.models import AuditRow, Subscription, User
from accounts.outside.own_password import has_no_password_here
from lib.notes import Refusal
from portal import access
from portal.access import only
from portal.confirmation import confirmed_first
from portal.forms.person_forms import AddressForm, GrantForm, PeopleForm, PersonForm, RemovalForm, RolesForm
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.presenters.audit_rows import folded, newest_lines
from portal.presenters.listed_people import COLUMNS, in_order, listed, machines_of, open_grants, shown_grants
from portal.presenters.removal import removal_of
from portal.presenters.sortable_columns import columns
from portal.presenters.subscription_card import subscriptions_of
from portal.presenters.user_agents import device
from portal.signed_in import SignedIn
from quotas import actions as quota_actions
from quotas.actions import BadGrant
from quotas.models import Grant

ON_A_PAGE = 50
MOST_LINES = 5  # of the audit log on a person's page
MOST_ROWS = 50  # of the log that become these lines
ACTS: dict[str, Callable[..., User]] = {
    "link": person_actions.send_link,
    "block": person_actions.block,
    "unblock": person_actions.unblock,
}


@only("see", User)
@require_GET
@never_cache
def people(request: SignedIn) -> HttpResponse:
    """List the people whom the filters leave."""
    form = PeopleForm(request.GET)
    if not form.is_valid():
        return render(request, "people/list.html", {"form": form, "is_narrowed": True}, status=400)
    found = in_order(form.filters.narrow(access.visible(request.user, User)), form.order)
    page = page_of(request, found, ON_A_PAGE)
    given = {name for name, value in form.cleaned_data.items() if value} - {"sort"}
    context = {
        "form": form,
        "page": page,
        "rows": listed(list(page)),
        "columns": columns(COLUMNS, form.order),
        "is_filtered": given,
        "is_narrowed": given - {"q"},
    }
    return render(request, "people/list.html", context)


@only("change", User)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def new(request: SignedIn) -> HttpResponse:
    """Create an account."""
    if request.method == "GET":
        return render(request, "people/new.html", {"form": PersonForm(initial={"roles": ["student"]})})
    form = PersonForm(request.POST)
    if not form.is_valid():
        return render(request, "people/new.html", {"form": form}, status=400)
    facts = form.cleaned_data
    try:
        row = person_actions.create(**facts, by=request.user)
    except Refusal as refusal:
        return _at_its_field(request, form, refusal, "people/new.html")
    messages.success(
        request, _("The account is there, and a mail is on its way.") if facts["invite"] else _("The account is there.")
    )
    return redirect("person", row.pk)


def _at_its_field(request: SignedIn, form: Any, refusal: Refusal, template: str) -> HttpResponse:
    field = getattr(refusal, "field", None)
    form.add_error(field if field in form.fields else None, str(refusal))
    return render(request, template, {"form": form}, status=refusal.status)


@only("see", User)
@require_GET
@never_cache
def person(request: SignedIn, pk: int) -> HttpResponse:
    return _page(request, _found(request, pk))


def _page(request: SignedIn, row: User, status: int = 200, **forms: Any) -> HttpResponse:
    rows = access.visible(request.user, AuditRow).filter(whom=row)
    shown = listed([row])[0]
    context = {
        "p": shown,
        "usage": shown.usage,
        "machines": machines_of(row),
        "grants": shown_grants(open_grants(row).order_by("-starts_at", "-pk")),
        **subscriptions_of(access.visible(request.user, Subscription).filter(Q(user=row) | Q(donor__user=row))),
        "lines": folded(newest_lines(rows, MOST_ROWS))[:MOST_LINES],
        "sessions": [(session, device(session.agent)) for session in browser_sessions.living(row)],
        "has_address": bool(emails.proven(row)) and not has_no_password_here(row),
        "has_second_step": second_steps.is_on(row),
        "roles_form": RolesForm(initial={"roles": row.held_roles}),
        "address_form": AddressForm(),
        "grant_form": GrantForm(),
        **forms,
    }
    return render(request, "people/person.html", context, status=status)


def _found(request: SignedIn, pk: int) -> User:
    found: User = get_object_or_404(access.visible(request.user, User), pk=pk)
    return found


@only("change", User)
@require_POST
@never_cache
@once_per_form
def change_roles(request: SignedIn, pk: int) -> HttpResponse:
    """Change somebody's roles."""
    row, form = _found(request, pk), RolesForm(request.POST)
    if not form.is_valid():
        return _page(request, row, 400, roles_form=form)
    try:
        person_actions.change_roles(person=row, roles=form.cleaned_data["roles"], by=request.user)
    except Refusal as refusal:
        form.add_error("roles", str(refusal))
        return _page(request, row, refusal.status, roles_form=form)
    messages.success(request, _("The roles are changed."))
    return redirect("person", pk)


@only("change", User)
@require_POST
@never_cache
@confirmed_first
@once_per_form
def change_address(request: SignedIn, pk: int) -> HttpResponse:
    """Write down somebody's new e-mail address, once the administrator has shown who does that."""
    row, form = _found(request, pk), AddressForm(request.POST)
    if not form.is_valid():
        return _page(request, row, 400, address_form=form)
    try:
        person_actions.change_address(person=row, email=form.cleaned_data["email"], by=request.user)
    except Refusal as refusal:
        form.add_error("email", str(refusal))
        return _page(request, row, refusal.status, address_form=form)
    messages.success(request, _("The address is changed. The old one gets a mail about it."))
    return redirect("person", pk)


@only("change", User)
@require_POST
@never_cache
@once_per_form
def act(request: SignedIn, pk: int, verb: str) -> HttpResponse:
    """Mail a link, block, or unblock."""
    row = _found(request, pk)
    said = {
        "link": _("A mail with a link to choose a password is on its way."),
        "block": _("Blocked: signed out everywhere. The machines go to sleep."),
        "unblock": _("Unblocked. The machines stay asleep until they are woken."),
    }
    try:
        ACTS[verb](person=row, by=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said[verb])
    return redirect("person", pk)


@only("change", User)
@require_POST
@never_cache
@confirmed_first
@once_per_form
def end_second_step(request: SignedIn, pk: int) -> HttpResponse:
    """Let somebody in with their password alone, once the administrator has shown who does that."""
    try:
        person_actions.end_second_step(person=_found(request, pk), by=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The second step is ended: the password is enough now."))
    return redirect("person", pk)


@only("change", User)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def remove(request: SignedIn, pk: int) -> HttpResponse:
    """Ask whether a person is to go, then erase what is personal."""
    row = _found(request, pk)
    goes = removal_of(row)
    form = RemovalForm(
        request.POST if request.method == "POST" else None, username=row.username, must_be_typed=goes.must_be_typed
    )
    if not form.is_valid():
        context = {"p": listed([row])[0], "goes": goes, "form": form}
        return render(request, "people/remove.html", context, status=400 if request.method == "POST" else 200)
    try:
        person_actions.remove(person=row, by=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("person", pk)
    messages.success(request, _("Removed. The machines go to the recycle bin.") if goes.machines else _("Removed."))
    return redirect("people")


@only("change", User)
@require_POST
@never_cache
@once_per_form
def give(request: SignedIn, pk: int) -> HttpResponse:
    """Give somebody more quota."""
    row, form = _found(request, pk), GrantForm(request.POST)
    if not form.is_valid():
        return _page(request, row, 400, grant_form=form)
    facts = {name: form.cleaned_data[name] for name in ("starts_at", "ends_at", "reason")}
    try:
        quota_actions.give(user=row, size=form.size, by=request.user, **facts)
    except BadGrant as refusal:
        form.add_error(refusal.field or "machines", str(refusal))
        return _page(request, row, refusal.status, grant_form=form)
    messages.success(request, _("It is given."))
    return redirect("person", pk)


@only("change", User)
@require_POST
@never_cache
@once_per_form
def end(request: SignedIn, pk: int, grant: int) -> HttpResponse:
    """End what somebody was given."""
    row = get_object_or_404(Grant, user=_found(request, pk), pk=grant)
    try:
        quota_actions.end_grant(grant=row, by=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("It is ended. What is used already stays."))
    return redirect("person", pk)
