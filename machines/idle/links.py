"""Links in a mail that answer without signing in. Whoever has the link is believed, so it says one thing of one question only.

A link is an address and nothing else: it acts when its page's button is pressed, never when it is opened, for scanners of mail
open every link. It ends with its question.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext_noop as _

from lib.notes import Refusal
from machines.models import Answer, Question

GRACE = timedelta(hours=1)  # after a question's end, for wrong clocks and late sweeps
OLDEST = timedelta(days=30)  # longer than any question lives
_SIGNER = signing.TimestampSigner(salt="machines.idle.links", sep=".")


class BadLink(Refusal):
    """A link that is not ours, or was cut off by a mail program."""

    status = 404
    code = "bad_link"


class OldLink(Refusal):
    status = 410
    code = "old_link"


def token(question: Question, choice: str) -> str:
    """Return the signed part of a one-tap link. It works without a sign-in, until OLDEST."""
    return _SIGNER.sign(f"{question.pk}-{choice}")


def address(question: Question, choice: str) -> str:
    """Return the whole link, as it stands in a mail."""
    return f"{settings.PORTAL_URL}{reverse('ask-link', args=[token(question, choice)])}"


def read(text: str) -> tuple[Question, str]:
    """Return the question that a link belongs to, and its answer. Raises BadLink or OldLink."""
    try:
        number, _dash, choice = _SIGNER.unsign(text, max_age=OLDEST).partition("-")
    except signing.SignatureExpired:
        raise OldLink(_("This link is too old. Your page shows what your machines are doing now.")) from None
    except signing.BadSignature:
        raise BadLink(
            _(
                "This link is incomplete, or not one of ours. Copy the whole line from the mail, or sign in and answer there."
            )
        ) from None
    found = Question.objects.filter(pk=number).select_related("machine__owner", "machine__template__course").first()
    if found is None or choice not in Answer.Choice.values:
        raise BadLink(_("The machine that this link belongs to is gone."))
    if not found.machine.owner.is_active:
        raise OldLink(_("The account that this link belongs to is deactivated. An administrator can help."))
    return found, choice


def has_ended(question: Question, now: datetime) -> bool:
    """Say whether the time for an answer by link is over. Before the first delivery it has not begun."""
    return question.ends_at is not None and now > question.ends_at + GRACE
