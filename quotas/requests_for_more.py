"""Requests for more: a person asks, somebody who may decides, and an approved request is one grant.

Who may decide stands in portal.access. An author gives at most one machine more of their template, for AUTHOR_DAYS at most.
"""

import logging
from collections.abc import Iterable
from dataclasses import asdict, astuple
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import User
from lib.measures import Size
from lib.notes import Note, Refusal, moment
from lib.notes import two_forms as ngettext
from quotas.actions import create_grant, detail_of, lock
from quotas.models import Grant, QuotaRequest
from quotas.request_mails import tell_of_decision, tell_of_request

log = logging.getLogger(__name__)

MOST = Size(machines=20, vcpus=100, ram_mb=512 * 1024, disk_gb=4000, ports=200, archives=20, archive_gb=4000)
MOST_A_DAY = 5  # requests of one person
AUTHOR_DAYS = 120  # a term
LONGEST = timedelta(days=5 * 366)  # of what an administrator gives with an end
LAST_MINUTE = time(23, 59)  # of the last day, which counts to its end
_WHOLE_DAY = timedelta(days=1)
State = QuotaRequest.State
ERASED = "-"  # the words of whoever was removed


class BadRequestForMore(Refusal):
    """A request or a decision that lacks something, at `field`."""

    status = 400
    code = "invalid"

    def __init__(self, note: Note, *, field: str) -> None:
        super().__init__(note.text, note.args)
        self.note, self.field = note, field


class AskedAlready(Refusal):
    """The person has an open request for this template."""

    code = "asked_already"


class TooManyRequests(Refusal):
    status = 429
    code = "too_many_requests"
    retry_after = 3600


class DecidedAlready(Refusal):
    code = "decided_already"


class TooMuchForAuthors(Refusal):
    """Only an administrator may give this much."""

    status = 403
    code = "too_much_for_authors"


@transaction.atomic
def ask(
    *, user: User, subject: int, title: dict[str, str], size: Size, reason: str, tell: Iterable[User]
) -> QuotaRequest:
    """Ask for `size` more. title: of the subject, {"en", "es"}. tell: who may decide it.

    Raises BadRequestForMore, AskedAlready, TooManyRequests.
    """
    reason = _text(reason, "reason")
    if not reason:
        raise BadRequestForMore(Note(_("Say what you need it for.")), field="reason")
    if not any(astuple(size)) or not size.fits_in(MOST):
        raise BadRequestForMore(
            Note(_("Ask for something, and not for more than the site could give.")), field="amounts"
        )
    lock(user)
    now = timezone.now()
    theirs = QuotaRequest.objects.filter(user=user)
    if theirs.filter(subject=subject, state=State.OPEN).exists():
        raise AskedAlready(_("You have asked for this already. It has not been decided yet."))
    if theirs.filter(created_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise TooManyRequests(_("These are many requests for one day. Ask again tomorrow."))
    facts = {"subject": subject, "title": title, "reason": reason, "created_at": now}
    request = QuotaRequest.objects.create(user=user, **facts, **asdict(size))
    tell_of_request(request, tell, now)
    return request


@transaction.atomic
def approve(
    *, request: QuotaRequest, by: User, note: str = "", ends_at: datetime | None = None, most: Size | None = None
) -> QuotaRequest:
    """Give what was asked for, from now until `ends_at` (None: without an end), as one grant.

    most: what `by`, an author, may give; None for administrators. Raises DecidedAlready, BadRequestForMore, TooMuchForAuthors.
    """
    note, now = _text(note, "note"), timezone.now()
    request = _locked_open(request)
    _check_end(ends_at, now)
    if most is not None:
        _check_author(request, by, ends_at, most, now)
    reason = f"{request.title['en']}: {request.reason}"
    request.grant = create_grant(user=request.user, size=request.size, by=by, reason=reason, ends_at=ends_at)
    return _decide(request, State.APPROVED, by, note, now)


@transaction.atomic
def refuse(*, request: QuotaRequest, by: User, note: str) -> QuotaRequest:
    """Refuse a request, and say why. Raises BadRequestForMore without a note, DecidedAlready."""
    note = _text(note, "note")
    if not note:
        raise BadRequestForMore(Note(_("Say why not: the person reads it.")), field="note")
    return _decide(_locked_open(request), State.REFUSED, by, note, timezone.now())


def _locked_open(request: QuotaRequest) -> QuotaRequest:
    """Lock the person's Allowance, then the request. Raises DecidedAlready."""
    lock(request.user_id)
    row = QuotaRequest.objects.select_related("user").select_for_update(of=("self",)).get(pk=request.pk)
    if row.state != State.OPEN:
        raise DecidedAlready(_("This has been decided already."))
    return row


def _decide(request: QuotaRequest, state: State, by: User, note: str, now: datetime) -> QuotaRequest:
    request.state, request.note, request.decided_by, request.decided_at = state, note, by, now
    request.save(update_fields=["state", "note", "decided_by", "decided_at", "grant"])
    log.info("request %s of %s is %s by %s", request.pk, request.user.username, state, by.username)
    verb = "approve_request" if state == State.APPROVED else "refuse_request"
    thing = Thing("request", request.pk, request.title["en"])
    detail = {"note": note, **(detail_of(request.grant) if request.grant else {})}
    record(by=by, verb=verb, whom=request.user_id, thing=thing, detail=detail, is_own_recorded=True)
    tell_of_decision(request, now)
    return request


def _check_end(ends_at: datetime | None, now: datetime) -> None:
    if ends_at is None:
        return
    if ends_at <= now:
        raise BadRequestForMore(Note(_("This end is in the past. Give a later day.")), field="ends_at")
    if ends_at > now + LONGEST + _WHOLE_DAY:
        raise BadRequestForMore(Note(_("At most five years. Leave it empty for no end date.")), field="ends_at")


_ONE_TERM = ngettext(
    "Say until when: at most %(count)s day from now. An administrator can give it for longer.",
    "Say until when: at most %(count)s days from now. An administrator can give it for longer.",
)


def _check_author(request: QuotaRequest, by: User, ends_at: datetime | None, most: Size, now: datetime) -> None:
    """Hold an author to one machine more of the template at a time, with an end."""
    if ends_at is None or ends_at > now + timedelta(days=AUTHOR_DAYS) + _WHOLE_DAY:
        raise BadRequestForMore(Note(_ONE_TERM[0], {"count": AUTHOR_DAYS}, _ONE_TERM[1]), field="ends_at")
    if not request.size.fits_in(most):
        raise TooMuchForAuthors(_("This is more than one machine of your template. An administrator must decide it."))
    given = QuotaRequest.objects.filter(user=request.user_id, subject=request.subject, decided_by=by)
    last = given.filter(grant__ends_at__gt=now).select_related("grant").first()
    if last and last.grant and last.grant.ends_at:
        text = _("You gave this person more of this template until %(until)s. An administrator can give another.")
        raise TooMuchForAuthors(text, {"until": moment(last.grant.ends_at)})


def _text(typed: str, field: str) -> str:
    """Return what was typed, without the characters that no text has. Raises BadRequestForMore for too long a text."""
    text = "".join(char for char in typed.replace("\r\n", "\n") if char.isprintable() or char == "\n").strip()
    if len(text) > 500:
        raise BadRequestForMore(Note(_("At most 500 characters.")), field=field)
    return text


def follow_removed() -> None:
    """Erase the words of people who were removed. What they asked for, and nobody decided, goes as a whole."""
    theirs = QuotaRequest.objects.filter(user__removed_at__isnull=False)
    theirs.filter(state=State.OPEN).delete()
    theirs.exclude(reason=ERASED, note="").update(reason=ERASED, note="")
    Grant.objects.filter(user__removed_at__isnull=False).exclude(reason="").update(reason="")
