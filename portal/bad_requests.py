"""Requests that Django cannot take (400): what to say of them, and what the log says, seldom: a stranger can send a million."""

import logging
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import DisallowedHost, TooManyFieldsSent
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException

from lib import logs, seldom

log = logging.getLogger(__name__)


class TooLarge(APIException):
    """The body of a request to the API is larger than it may be."""

    status_code = 413
    default_code = "too_large"
    default_detail = gettext_lazy("This is too much at once: send at most one megabyte.")


@dataclass(frozen=True, slots=True)
class Reason:
    """Title and sentence for people, the code for programs, and where the button of the page leads."""

    title: str
    text: str
    code: str
    home: str = "/"


def reason(error: Exception) -> Reason:
    """Say why it was not taken, in the language that is active."""
    if isinstance(error, DisallowedHost):
        words = _("The portal does not answer by the name that you used. Its address is %(home)s.")
        title, home = _("Wrong address"), settings.PORTAL_URL
        return Reason(title, words % {"home": home}, "unknown_host", home)
    if isinstance(error, TooManyFieldsSent):
        words = _("Go back and send less: at most %(most)s fields in one go. Nothing has been kept.")
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        return Reason(_("This is too much at once"), words % {"most": most}, "too_many_fields")
    words = _("Go back, load the page again, and repeat it. Nothing has been kept.")
    return Reason(_("This could not be read"), words, "bad_request")


def note(request: HttpRequest, error: Exception) -> None:
    """Warn, counted in this process's memory, not the database. A stranger's text is an argument: all such warnings are one sentence."""
    kind = type(error).__name__
    text = "requests are refused with 400: %s"
    with logs.about(host=request.META.get("HTTP_HOST", "") if isinstance(error, DisallowedHost) else ""):
        seldom.warning(log, f"bad-{kind}", text, _CAUSES.get(kind, kind), memory=seldom.OWN)


_CAUSES = {
    "DisallowedHost": "their Host is not one of ALLOWED_HOSTS",
    "TooManyFieldsSent": "their form has too many fields",
}
