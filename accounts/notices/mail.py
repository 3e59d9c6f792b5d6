"""Send the mails of the outbox: one connection for many, what fails is tried again less and less often, one bad row stops nobody.

Several workers may send side by side. A mail server that hangs costs each of them its patience, and everything else goes on.
"""

import logging
import smtplib
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import emails
from accounts.failures import Failures
from accounts.models import Donor, User
from accounts.notices import outbox, unsubscribe
from accounts.notices.kinds import Kind, kind_of
from accounts.notices.models import Notice
from accounts.notices.outbox import PASSED_OVER, Channel, State
from accounts.notices.reader import written_for
from lib import seldom

log = logging.getLogger(__name__)

LOOP = "mail"  # of accounts.failures
TURN_SECONDS = 20  # of one turn; each step of a mail may take settings.EMAIL_TIMEOUT beside
SIDE_BY_SIDE = 3  # workers that send at once
SMTP = "django.core.mail.backends.smtp.EmailBackend"
# These back ends reach nobody, so nothing that they take may count as delivered.
NO_SERVER = {f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy")}
SERVER_ERRORS = (smtplib.SMTPException, OSError)


def send_due(now: datetime) -> int:
    """Send what is due, for TURN_SECONDS at most; how many mails the server took."""
    outbox.give_up_lost(Channel.MAIL, now)
    due = Notice.objects.due(Channel.MAIL, now)
    if not due.exists():
        return 0
    if settings.EMAIL_BACKEND in NO_SERVER:
        due.update(state=State.NONE, next_at=None, fault=_("No mail server is set (EMAIL_URL)."))
        return 0
    failures = Failures(LOOP, now)
    is_all_resting = not due.exclude(pk__in=failures.resting).exists()
    return 0 if is_all_resting or _enough_are_sending(now) else _send_over_one_connection(now, failures)


def _enough_are_sending(now: datetime) -> bool:
    """Return whether SIDE_BY_SIDE workers send already. A killed worker counts no longer than one that hangs."""
    since = now - timedelta(seconds=2 * settings.EMAIL_TIMEOUT)
    sending = Notice.objects.filter(channel=Channel.MAIL, state=State.SENDING, claimed_at__gt=since)
    return sending.count() >= SIDE_BY_SIDE


def _send_over_one_connection(now: datetime, failures: Failures) -> int:
    began, sent = time.monotonic(), 0
    backend = f"{__package__}.smtp.Backend" if settings.EMAIL_BACKEND == SMTP else None
    connection = get_connection(backend, timeout=settings.EMAIL_TIMEOUT)
    while time.monotonic() - began < TURN_SECONDS and not failures.is_enough:
        try:
            connection.open()
        except SERVER_ERRORS as error:
            _put_off_all(now, error)
            break
        # One at a time: of a worker that is killed, one mail at most is in doubt.
        claimed = outbox.claim(Channel.MAIL, now, most=1, except_for=failures.resting)
        if not claimed:
            break
        sent += _deliver(claimed[0], connection, failures)
    _close(connection)
    return sent


def _deliver(notice: Notice, connection: Any, failures: Failures) -> bool:
    """Send one mail. Whatever goes wrong is written down at its row, and goes no further."""
    is_sent = False
    with failures.at(notice.pk, holder=notice.holder, busy=SERVER_ERRORS) as tried:
        is_sent = _send(notice, connection)
    if tried.failure:
        if getattr(connection, "is_handed_over", False):
            outbox.settle(notice, State.FAILED, f"Whether it arrived is not known: {tried.failure.error}")
        else:
            # accounts.failures makes it rest.
            outbox.put_back(notice, tried.failure.error, pause=timedelta(0))
        _close(connection)  # whatever it was in the middle of
    return is_sent


def _put_off_all(now: datetime, error: Exception) -> None:
    count = outbox.put_off(Notice.objects.due(Channel.MAIL, now), str(error) or type(error).__name__)
    text = "mail server: %s; %s mails are tried again later"
    seldom.warning(log, "the mail server", text, error, count)


def _close(connection: Any) -> None:
    with suppress(*SERVER_ERRORS):
        connection.close()


def _send(notice: Notice, connection: Any) -> bool:
    """Send one mail over this connection. Raises whatever goes wrong, but for an answer of the server to this very mail."""
    if isinstance(mail := _mail(notice), tuple):
        outbox.settle(notice, *mail)
        return False
    mail.connection = connection
    if begin := getattr(connection, "begin", None):
        begin()
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as refused:
        code, reason = next(iter(refused.recipients.values()), (0, b""))
        return _refused(notice, connection, code, reason)
    except smtplib.SMTPDataError as refused:
        return _refused(notice, connection, refused.smtp_code, refused.smtp_error)
    outbox.delivered(notice, timezone.now())
    log.info("notice %s (%s): mail accepted", notice.pk, notice.about)
    return True


def _refused(notice: Notice, connection: Any, code: int, reason: bytes | str) -> bool:
    """Write down a refusal. 5xx is for good: nobody reads mail at that address. 4xx is a full mailbox or a server that wants to wait."""
    if code == 421:  # the server has closed the connection
        _close(connection)
    text = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
    if code >= 500:
        outbox.settle(notice, State.FAILED, f"{code} {text}")
    else:
        outbox.put_back(notice, f"{code} {text}")
    return False


# ---- the text of a mail ----


def _mail(notice: Notice) -> EmailMultiAlternatives | tuple[str, str]:
    """Return the mail, in its reader's language and time zone; or the state and the reason where there is none to send."""
    person, kind = notice.reader, kind_of(notice.kind)
    if isinstance(person, User) and not (person.email if kind.proves_address else emails.proven(person)):
        return State.NONE, "No verified mail address."
    if kind.may_unsubscribe and unsubscribe.is_ended(person, kind):
        return State.NONE, "Unsubscribed."
    with written_for(person):
        facts = kind.facts(notice)
        return (State.CANCELLED, PASSED_OVER) if facts is None else _rendered(kind, person, facts)


def _rendered(kind: Kind, person: User | Donor, facts: dict[str, Any]) -> EmailMultiAlternatives:
    link = unsubscribe.address(person, kind) if kind.may_unsubscribe else ""
    facts = {"person": person, "unsubscribe": link, "to": person.email, **facts}
    mail = EmailMultiAlternatives(
        str(facts["subject"]), render_to_string(f"{kind.template}.txt", facts), to=[facts["to"]]
    )
    mail.attach_alternative(render_to_string(f"{kind.template}.html", facts), "text/html")
    mail.extra_headers = {"Auto-Submitted": "auto-generated"}  # so that no absence notice answers it
    if link:  # RFC 8058: the mail program has a button for it
        mail.extra_headers |= {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return mail
