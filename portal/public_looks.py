"""Looks of anybody at what a number stands for: numbers follow one another, so strangers may look at so many an hour."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.donors import donor_limits
from nodes.computer_numbers import BadNumber, Numbers
from portal.request_facts import address_of

Page = Callable[[HttpRequest, str, dict[str, Any], int], HttpResponse]  # of a number, facts and a status


def look_at(
    request: HttpRequest, typed: str, numbers: Numbers, *, route: str, page: Page, no_number: str
) -> int | HttpResponse:
    """Return the serial number of an address; or the answer, where it is none, is written otherwise, or there were too many looks.

    route: the name of the address. no_number: the title of the page for what is none.
    """
    try:
        serial = numbers.read(typed)
    except BadNumber as refusal:
        return page(request, "", {"title": no_number, "sentence": str(refusal)}, 404)
    if typed != (number := numbers.written(serial)):
        return redirect(route, number)
    try:
        if request.method == "POST" or not request.user.is_authenticated:  # a guess counts, also of somebody signed in
            donor_limits.look_up(address=address_of(request))
    except donor_limits.TooManyLooks as refusal:
        response = page(request, number, {"title": _("Please wait"), "sentence": str(refusal)}, refusal.status)
        response["Retry-After"] = str(refusal.retry_after)
        return response
    return serial
