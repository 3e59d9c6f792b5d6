"""The filters of the list of machines."""

from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from machines.models import Machine, MachineQuerySet
from machines.states import TOWARDS, State, Wanted
from portal import access
from portal.api import filters
from portal.api.request_parts import person

PARAMETERS = [
    OpenApiParameter("all", bool, description="Everybody's; for administrators."),
    OpenApiParameter("bin", bool, description="Those in the recycle bin; they are left out otherwise."),
    OpenApiParameter("state", str, description="One state or more with commas between, as `state` tells them."),
    OpenApiParameter("template", str, description="The slug of a template."),
    OpenApiParameter("owner", str, description="A username; administrators find everybody's, others only their own."),
    OpenApiParameter("name", str, description="The whole name, written large or small."),
]


def filtered(request: Request) -> MachineQuerySet:
    """Select the machines that a program asks for; a few more where it asks for a state: see `in_state`."""
    who, owner = person(request), filters.text(request, "owner")
    is_wide = "all" in request.query_params or bool(owner)
    rows: MachineQuerySet = access.visible(who, Machine) if is_wide else Machine.objects.filter(owner=who)
    rows = rows.in_bin() if "bin" in request.query_params else rows.listed()
    texts = {
        "owner__username": owner,
        "template__slug": filters.text(request, "template"),
        "name__iexact": filters.text(request, "name"),
    }
    return rows.filter(_may_be_in(_states(request)), **{column: text for column, text in texts.items() if text})


def in_state(request: Request, rows: list[Machine]) -> list[Machine]:
    """Keep those that are answered in one of the states asked for. No column has that word: it depends on `wanted`."""
    states = _states(request)
    return [row for row in rows if row.state_on_the_way in states] if states else rows


def _states(request: Request) -> list[str]:
    return filters.words(request, "state", State.values)


def _may_be_in(states: list[str]) -> Q:
    """Select every row that may be answered in one of these states: those in it, and those on the way to it."""
    found = Q(state__in=states) if states else Q()
    for (state, wanted), towards in TOWARDS.items():
        if towards in states:
            found |= Q(state=state, wanted=wanted)
    if {State.BUILDING, State.WAKING} & set(states):  # a reset, a restart
        found |= Q(state=State.RUNNING, wanted=Wanted.RUNNING)
    return found
