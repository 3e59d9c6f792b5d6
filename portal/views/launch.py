"""The cards from which machines are launched."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from courses.models import Template
from lib.notes import Refusal
from machines import actions, machine_names
from machines.capacity import size_of
from machines.offers import offers
from portal.once import once_per_form
from portal.presenters.launch_cards import launch_cards
from portal.signed_in import SignedIn
from quotas.actions import OverQuota, usage
from quotas.shortage import shortage

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
        machine = actions.launch(
            owner=request.user, template=template, name=request.POST.get("name", ""), by=request.user
        )
    except Refusal as refusal:
        return launch_page(request, refusal)
    return redirect("machine", machine.pk)


def launch_page(request: SignedIn, refusal: Refusal | None = None) -> HttpResponse:
    """Answer all cards; after a refusal with its sentence, its status, and the name that was typed."""
    cards, used = offers(request.user), usage(request.user)
    lacking = shortage(used, [size_of(card.template) for card in cards if card.over_quota])
    is_over = isinstance(refusal, OverQuota) and lacking is not None
    if refusal and not is_over:  # the quota's refusal is on top of the page, with the ways out
        messages.error(request, str(refusal))
    context = {
        "cards": launch_cards(cards, used),
        "usage": used,
        "shortage": lacking,
        "is_refused": is_over,
        "has_key": request.user.ssh_keys.exists(),
        "name": request.POST.get("name", "")[:60] or free_name(request.user),
        "is_name_shown": refusal is not None,
    }
    return render(request, "machines/launch.html", context, status=refusal.status if refusal else 200)


def free_name(user: User) -> str:
    """Return the first of NAMES that no machine of this person has; then numbered."""
    taken = machine_names.taken(user.pk)
    numbered = (f"{name}-{number}" if number > 1 else name for number in range(1, len(taken) + 2) for name in NAMES)
    return next(name for name in numbered if name not in taken)
