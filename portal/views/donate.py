"""The offer of computers, which needs no account: what they are, whether they help, who gives them."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import emails, limits
from accounts.donors import donor_limits
from accounts.models import Donor, User
from lib.measures import memory
from lib.notes import Refusal
from nodes import donor_actions
from nodes.models import Donation
from nodes.thanks import wall
from portal import access, sent_photos
from portal.forms.offer_forms import HONEYPOT, OfferForm
from portal.once import FIELD, LONGEST, hash_of
from portal.request_facts import address_of, browser_zone


@login_not_required
@require_http_methods(["GET", "POST"])
@never_cache
def donate(request: HttpRequest) -> HttpResponse:
    """Take the description of computers, say beside each whether it helps, and take the offer once that has been read."""
    form = _form(request)
    if request.method == "GET":
        return _page(request, form)
    sent_as = _sent_as(request) if form.press == "offer" else None
    if sent := donor_actions.sent(sent_as):
        return _thanks(request, sent)
    _take_photos(request, form)
    if form.press in ("add", "remove", "drop"):
        return _changed(request, form)
    if not form.check() or form.photos.faults:
        return _page(request, form, 400)
    if form.press != "offer":
        return _page(request, form)
    if not form.has_read_answers:
        form.refusals.append(_("What you changed changes the answer. Read it once more; nothing has been offered yet."))
        return _page(request, form, 409)
    return _offered(request, form, sent_as)


def _take_photos(request: HttpRequest, form: OfferForm) -> None:
    """Read the photos that came along, whatever else is wrong with the form. A robot's are not looked at."""
    if request.POST.get(HONEYPOT):
        form.photos.leave(sent_photos.sent(request))
    else:
        form.photos.take(request)


def _form(request: HttpRequest) -> OfferForm:
    """Return the form, without what need not be asked of whoever is signed in."""
    data, person = request.POST if request.method == "POST" else None, request.user
    if not isinstance(person, User):
        return OfferForm(data)
    without: tuple[str, ...] = ("name", "email") if emails.proven(person) else ()
    if Donor.objects.filter(user=person).exists():
        without = ("name", "email", "organisation")
    return OfferForm(data, without=without, known={"name": donor_actions.name_of(person), "email": person.email})


def _changed(request: HttpRequest, form: OfferForm) -> HttpResponse:
    if form.press == "add":
        form.add()
    else:
        if form.press == "remove":
            form.remove()
        if form.asks_who:  # those that are left have an answer already
            form.check()
    return _page(request, form, 400 if form.refusals or form.photos.faults else 200)


def _page(request: HttpRequest, form: OfferForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form, "honeypot": HONEYPOT, "least_memory": memory(settings.MIN_COMPUTER_RAM_MB),
        "least_network": settings.MIN_COMPUTER_NIC_MBIT, "has_wall": wall.is_open(),
    }  # fmt: skip
    return render(request, "donating/offer.html", context, status=status)


def _offered(request: HttpRequest, form: OfferForm, sent_as: str | None) -> HttpResponse:
    if form.who is None or not form.who.is_valid():  # None: a form that is not ours
        return _page(request, form, 400)
    if request.POST.get(HONEYPOT):
        form.refusals.append(
            _("A field that people do not see was filled in, as robots do. Press the button once more.")
        )
        return _page(request, form, 400)
    try:
        donation = _offer(request, form, form.who.cleaned_data, sent_as)
    except Refusal as refusal:
        form.refusals.append(str(refusal))
        response = _page(request, form, refusal.status)
        if refusal.retry_after:
            response["Retry-After"] = str(refusal.retry_after)
        return response
    return _thanks(request, donation)


def _offer(request: HttpRequest, form: OfferForm, facts: dict[str, str], sent_as: str | None) -> Donation:
    who = _who(request, facts)
    donor_limits.offer(address=address_of(request))
    limits.mail(address=address_of(request), email=who.email)
    return donor_actions.offer(
        who=who, computers=form.offered, handover=facts["handover"],
        message=facts["message"], sent_as=sent_as, by=who.user if who.user and access.administers(who.user) else None,
        photos=form.photos.rows,
    )  # fmt: skip


def _who(request: HttpRequest, facts: dict[str, str]) -> donor_actions.Who:
    """Return who offers: what was typed, and what is known of whoever is signed in."""
    name, email, user = facts.get("name", ""), facts.get("email", ""), None
    if isinstance(request.user, User):
        user, name = request.user, name or donor_actions.name_of(request.user)
        email = email or emails.proven(user) or Donor.objects.get(user=user).email
    return donor_actions.Who(
        email=email, name=name, organisation=facts.get("organisation", ""), user=user, language=get_language() or "",
        browser_time_zone=browser_zone(request),
    )  # fmt: skip


def _sent_as(request: HttpRequest) -> str | None:
    """Return a name for this form as it was filled in: a second press gives the same, another offer another one."""
    token = request.POST.get(FIELD, "")
    if not token or len(token) > LONGEST:
        return None
    typed = sorted((name, *values) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken")
    typed += [(file.name or "", str(file.size)) for file in sent_photos.sent(request)]
    who = str(request.user.pk) if request.user.is_authenticated else ""
    return hash_of("offer", token, who, *(str(each) for each in typed))


def _thanks(request: HttpRequest, donation: Donation) -> HttpResponse:
    if request.user.is_authenticated and donation.donor.user_id == request.user.pk:
        text = _("Thank you! Your offer has the number %(number)s. We look at it and answer by mail.")
        messages.success(request, text % {"number": donation.number})
        return redirect("donating")
    return redirect("donated")


@login_not_required
@require_GET
@never_cache
def donated(request: HttpRequest) -> HttpResponse:
    """Thank, and say that a mail is on its way. The link stands in the mail only: nobody has proven yet that the address is theirs."""
    return render(request, "donating/thanks.html")
