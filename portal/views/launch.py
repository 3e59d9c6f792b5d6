"""The cards from which machines are launched."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from courses.models import Template
from lib.measures import Size
from lib.notes import Note, Refusal
from machines import actions, machine_names
from machines.capacity import size_of
from machines.models import Machine
from machines.offers import Offer, offers
from portal import access
from portal.once import once_per_form
from portal.presenters.announcement_banner import read_by
from portal.presenters.launch_cards import launch_cards
from portal.presenters.offered_templates import shown_to
from portal.presenters.quota_ways import ShownWays, ways_for
from portal.signed_in import SignedIn
from quotas import ended_grants
from quotas.actions import OverQuota, Usage, usage
from quotas.shortage import Shortage, shortage

# A name that nobody has to think about; each reads well as a host name, too.
NAMES = (
    "condor",
    "vizcacha",
    "quinoa",
    "colibri",
    "puma",
    "totora",
    "llama",
    "cantuta",
    "maiz",
    "suri",
    "chasqui",
    "tinku",
)


@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def launch(request: SignedIn) -> HttpResponse:
    if request.method == "GET":
        return launch_page(request)
    # PostgreSQL takes no NUL in a text, not even to look for it.
    slug = request.POST.get("template", "").replace("\0", "")
    template = Template.objects.with_parts().filter(slug=slug).first()
    try:
        access.require(request.user, "launch", Machine)
        machine = actions.launch(
            owner=request.user, template=template, name=request.POST.get("name", ""), by=request.user
        )
    except Refusal as refusal:
        return launch_page(request, refusal)
    return redirect("machine", machine.pk)


def launch_page(request: SignedIn, refusal: Refusal | None = None) -> HttpResponse:
    """Answer all cards; after a refusal with its sentence, its status, and the name that was typed."""
    cards, used = offers(request.user, shown_to(request.user)), usage(request.user)
    refused = request.POST.get("template", "") if isinstance(refusal, OverQuota) else ""
    lacking = _lacking(cards, used, refused)
    is_over = isinstance(refusal, OverQuota) and lacking is not None
    misnamed = _misnamed(cards, request.POST.get("template", ""), refusal)
    paused = access.why_not(request.user, "launch", Machine)
    # The quota's refusal is on top of the page, with the ways out; that of a name is at its field.
    if refusal and not is_over and not misnamed:
        messages.error(request, str(refusal))
    shown = launch_cards(cards, used)
    context = {
        "cards": shown,
        "is_waiting": any(card.is_coming for card in shown),
        "usage": used,
        "paused": paused,
        "is_pause_said": refusal or any(each.pauses_launches for each in read_by(request.user)),  # above the page
        "shortage": lacking,
        "why_short": lacking and _why_short(request.user, lacking),
        "ways": _ways(request.user, cards, lacking, used, refused),
        "is_refused": is_over,
        "has_key": request.user.ssh_keys.exists(),
        "name": request.POST.get("name", "")[:60] or free_name(request.user),
        "is_name_shown": refusal is not None,
        "misnamed": misnamed,
        "name_error": str(refusal) if misnamed else "",
    }
    return render(request, "machines/launch.html", context, status=refusal.status if refusal else 200)


def _misnamed(cards: list[Offer], asked: str, refusal: Refusal | None) -> str:
    """Return the template of the card whose name was refused; '' where none was, or where its card has no field."""
    if refusal is None or refusal.code not in machine_names.REFUSALS:
        return ""
    fields = {card.template.slug for card in cards if not (card.over_quota or card.why_not)}
    return asked if asked in fields else ""


def _lacking(cards: list[Offer], used: Usage, refused: str) -> Shortage | None:
    """Return what lacks for the card that was refused; else for all that the quota does not allow."""
    over = [card.template for card in cards if card.over_quota]
    asked = [template for template in over if template.slug == refused] or over
    return shortage(used, [size_of(template) for template in asked])


def _why_short(user: User, lacking: Shortage) -> Note | None:
    """Say that a subscription ended that gave some of what lacks."""
    return ended_grants.why(user, [lack.measure for lack in lacking.lacks], timezone.now())


def _ways(user: User, cards: list[Offer], lacking: Shortage | None, used: Usage, refused: str) -> ShownWays | None:
    """Return what makes room for all that lacks; where no machine alone does, what makes room for the smallest card at least.

    To ask for more stands at each card; beside a refusal, for the card that was refused.
    """
    if lacking is None:
        return None
    sizes = [size_of(card.template) for card in cards if card.over_quota]
    smallest = used.lacks(min(sizes, key=_bulk), is_new=True)
    found = ways_for(user, user, lacking.lacks, template=refused)
    if refused:
        return found
    return replace(found if found.machines else ways_for(user, user, smallest), ask="")


def _bulk(size: Size) -> tuple[int, int]:
    return size.ram_mb, size.vcpus


def free_name(user: User) -> str:
    """Return the first of NAMES that no machine of this person has; then numbered."""
    taken = machine_names.taken(user.pk)
    numbered = (f"{name}-{number}" if number > 1 else name for number in range(1, len(taken) + 2) for name in NAMES)
    return next(name for name in numbered if name not in taken)
