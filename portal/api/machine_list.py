"""The filters of the list of machines."""

from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.models import User
from machines.machine_search import MachineFilters
from machines.models import Machine, MachineQuerySet
from machines.states import TOWARDS, State, Wanted
from portal import access
from portal.api import filters
from portal.api.request_parts import person, time_of

LONGEST = 150  # characters of a search
PARAMETERS = [
    OpenApiParameter("all", bool, description="Everybody's; for administrators."),
    OpenApiParameter("bin", bool, description="Those in the recycle bin; they are left out otherwise."),
    OpenApiParameter("state", str, description="One state or more with commas between, as `state` tells them."),
    OpenApiParameter("template", str, description="The slug of a template."),
    OpenApiParameter("owner", str, description="A username; administrators find everybody's, others only their own."),
    OpenApiParameter("name", str, description="The whole name, written large or small."),
    OpenApiParameter(
        "search", str, description="A part of its name or its owner's, the beginning of an address, or a public port."
    ),
    OpenApiParameter("owner_role", str, description="student teacher donor admin."),
    OpenApiParameter("host", str, description="The name of the computer on which it is or was last."),
    OpenApiParameter("unused_since", str, description="Nobody has used it since this time: 2027-03-01T00:00:00Z."),
    OpenApiParameter(
        "unhealthy", bool, description="true: it failed, or its first boot did, or the cluster refused something."
    ),
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
    rows = _narrowed(request, rows)
    return rows.filter(may_be_in(states(request)), **{column: text for column, text in texts.items() if text})


def _narrowed(request: Request, rows: MachineQuerySet) -> MachineQuerySet:
    """Apply the filters that the page of all machines has, too."""
    is_unhealthy = filters.words(request, "unhealthy", ("true", "false")) == ["true"]
    roles = filters.words(request, "owner_role", User.Role.values)
    wanted = MachineFilters(
        text=filters.text(request, "search")[:LONGEST],
        state="unhealthy" if is_unhealthy else "",
        role=roles[0] if roles else "",
        host=filters.text(request, "host"),
        unused_since=time_of(request, "unused_since"),
    )
    return wanted.narrow(rows)


def in_state(request: Request, rows: list[Machine]) -> list[Machine]:
    """Keep those that are answered in one of the states asked for. No column has that word: it depends on `wanted`."""
    wanted = states(request)
    return [row for row in rows if row.state_on_the_way in wanted] if wanted else rows


def states(request: Request) -> list[str]:
    return filters.words(request, "state", State.values)


def may_be_in(wanted_states: list[str]) -> Q:
    """Select every row that may be answered in one of these states: those in it, and those on the way to it."""
    found = Q(state__in=wanted_states) if wanted_states else Q()
    for (state, wanted), towards in TOWARDS.items():
        if towards in wanted_states:
            found |= Q(state=state, wanted=wanted)
    if {State.BUILDING, State.WAKING} & set(wanted_states):  # a reset, a restart
        found |= Q(state=State.RUNNING, wanted=Wanted.RUNNING)
    return found
