"""Takes questions and warnings to people: by mail, and as a line in open terminals. What fails is tried again, less and less often.

Mails go out one after another from one worker at a time: a mail server that hangs costs one worker its patience, and everything
else goes on. The third channel, the portal's own pages, delivers itself (machines.idle.asks.seen).
"""

import logging
import smtplib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts import emails
from accounts.failures import Failures
from accounts.models import RowFailure
from lib import seldom
from machines.idle import asks, choices, links, wall
from machines.idle.wall import Guest, Written
from machines.models import Ask, Delivery
from tunnels.models import Tunnel

log = logging.getLogger(__name__)

MAIL_LOOP, LINE_LOOP = "mail", "lines"  # of accounts.failures
MOST = 100  # of a channel in one turn
MAIL_SECONDS = 20  # of one turn; each step of a mail may take settings.EMAIL_TIMEOUT beside
ALONE_SECONDS = 180  # after so long a worker that holds a channel is taken for dead
FIRST_AGAIN = timedelta(seconds=30)
LAST_AGAIN = timedelta(minutes=30)
LINE_AGAIN = timedelta(seconds=20)
LINE_TRIES = timedelta(
    minutes=1
)  # from the question on: a line that comes late would be taken for work (see outlook.ECHO)
# What they are given reaches nobody, so it must not count as told.
NO_SERVER = {f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy")}
SERVER_ERRORS = (smtplib.SMTPException, OSError)
Channel, State = Delivery.Channel, Delivery.State


def send_mails(now: datetime) -> int:
    """How many the mail server took."""
    with _alone("mail") as is_ours:
        failures = Failures(MAIL_LOOP, now)
        due = list(_due(Channel.MAIL, now, failures)) if is_ours else []
        return _send(due, failures) if due else 0


def write_lines(now: datetime) -> int:
    """Into how many machines a line was written."""
    with _alone("terminal") as is_ours:
        failures = Failures(LINE_LOOP, now)
        due = list(_due(Channel.TERMINAL, now, failures)) if is_ours else []
        return _write(due, now, failures) if due else 0


def _due(channel: str, now: datetime, failures: Failures) -> "QuerySet[Delivery]":
    rows = Delivery.objects.filter(channel=channel, state=State.DUE, next_at__lte=now, ask__closed_at__isnull=True)
    parts = (
        "ask__machine__owner",
        "ask__machine__template__course",
        "ask__machine__template__image",
        "ask__machine__activity",
    )
    # What was tried least comes first: a mail at which a server always breaks off must not be before all others for ever.
    rows = rows.exclude(pk__in=failures.resting).select_related(*parts)
    return rows.order_by("attempts", "next_at", "pk")[:MOST]


@contextmanager
def _alone(channel: str) -> Iterator[bool]:
    """Whether no other worker is at this channel. The cache is the database's; a lost one costs a second mail at worst."""
    name = f"machines.idle.deliver.{channel}"
    if not cache.add(name, 1, ALONE_SECONDS):
        yield False
        return
    try:
        yield True
    finally:
        cache.delete(name)


# ---- mail ----


def _send(due: list[Delivery], failures: Failures) -> int:
    """Over one connection. Where the server itself is the trouble, all that wait are tried later."""
    if settings.EMAIL_BACKEND in NO_SERVER:
        for delivery in due:
            _settle(delivery, State.NONE, "No mail server is set (EMAIL_URL).")
        return 0
    began, sent = time.monotonic(), 0
    connection = get_connection(timeout=settings.EMAIL_TIMEOUT)
    for place, delivery in enumerate(due):
        if time.monotonic() - began > MAIL_SECONDS or failures.is_enough:
            break  # the rest is still due
        try:
            connection.open()
        except (smtplib.SMTPException, OSError) as error:
            _server_is_away(due[place:], error)
            break
        with failures.at(delivery.pk, holder=delivery.ask.machine_id, busy=SERVER_ERRORS) as tried:
            sent += _mail(delivery, connection)
        if tried.failure:
            _note_failure(delivery, tried.failure)
            _hang_up(connection)  # whatever it was in the middle of
    _hang_up(connection)
    return sent


def _server_is_away(waiting: list[Delivery], error: Exception) -> None:
    _put_off(waiting, str(error) or type(error).__name__)
    words = "mail server: %s; %s mails are tried again later"
    seldom.warning(log, "the mail server", words, error, len(waiting))


def _hang_up(connection: Any) -> None:
    with suppress(smtplib.SMTPException, OSError):
        connection.close()


def _mail(delivery: Delivery, connection: Any) -> bool:
    """Raises whatever goes wrong, but for an answer of the server to this very mail."""
    owner = delivery.ask.machine.owner
    if not emails.proven(owner):
        _settle(delivery, State.NONE, "No verified mail address.")
        return False
    try:
        _message(delivery.ask, connection).send()
    except smtplib.SMTPRecipientsRefused as refused:
        code, words = next(iter(refused.recipients.values()), (0, b""))
        return _refused(delivery, code, words)
    except smtplib.SMTPDataError as refused:
        return _refused(delivery, refused.smtp_code, refused.smtp_error)
    asks.delivered(delivery, timezone.now())
    log.info("ask %s: mail accepted", delivery.ask_id)
    return True


def _refused(delivery: Delivery, code: int, words: bytes | str) -> bool:
    """5xx is for good: nobody reads mail at that address. 4xx is a mailbox that is full or a server that wants to wait."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    if code >= 500:
        _settle(delivery, State.FAILED, f"{code} {text}")
    else:
        _put_off([delivery], f"{code} {text}")
    return False


def _message(ask: Ask, connection: Any) -> EmailMultiAlternatives:
    owner, now = ask.machine.owner, timezone.now()
    with override(owner.language or settings.LANGUAGE_CODE):
        facts = {
            "ask": ask, "machine": ask.machine, "owner": owner, "title": choices.headline(ask, now), "why": str(ask.why),
            "meaning": choices.meaning(ask), "page": settings.PORTAL_URL + reverse("machine", args=[ask.machine_id]),
            "links": [(text, links.address(ask, choice)) for choice, text in choices.offered(ask, now)],
        }  # fmt: skip
        text = render_to_string("asks/mail.txt", facts)
        mail = EmailMultiAlternatives(str(facts["title"]), text, to=[owner.email], connection=connection)
        mail.attach_alternative(render_to_string("asks/mail.html", facts), "text/html")
    mail.extra_headers = {"Auto-Submitted": "auto-generated"}  # so that no absence notice answers
    return mail


# ---- terminals ----


def _write(due: list[Delivery], now: datetime, failures: Failures) -> int:
    """A line to each machine in which somebody is; where nobody is, there is no way there."""
    ways = _ways(due)
    lines: dict[Guest, str] = {}
    reachable: dict[Guest, Delivery] = {}
    for delivery in due:
        with failures.at(delivery.pk, holder=delivery.ask.machine_id) as tried:
            if isinstance(way := ways[delivery.pk], str):
                _settle(delivery, State.NONE, way)
            else:
                lines[way], reachable[way] = _line(delivery.ask), delivery
        if tried.failure:
            _note_failure(delivery, tried.failure)
    written = wall.write(lines) if lines else {}
    return sum(_note_line(reachable[guest], told, now) for guest, told in written.items())


def _note_line(delivery: Delivery, told: Written, now: datetime) -> bool:
    if told.terminals:
        log.info("ask %s: a line in %s terminals", delivery.ask_id, told.terminals)
        return asks.delivered(delivery, timezone.now())
    is_early = now + LINE_AGAIN - delivery.ask.asked_at <= LINE_TRIES
    if told.again and is_early:
        _put_off([delivery], told.fault, LINE_AGAIN)
    else:
        _settle(delivery, State.FAILED if told.again else State.NONE, told.fault)
    return False


def _ways(due: Iterable[Delivery]) -> dict[int, Guest | str]:
    """Where each machine's SSH is, or why no line can be written there."""
    machines = {delivery.pk: delivery.ask.machine for delivery in due}
    tunnels: dict[UUID, list[Tunnel]] = {}
    for tunnel in Tunnel.objects.of_many([machine.pk for machine in machines.values()]):
        tunnels.setdefault(tunnel.holder, []).append(tunnel)
    return {pk: _way(tunnels.get(machine.pk, []), machine.ssh_user) for pk, machine in machines.items()}


def _way(tunnels: list[Tunnel], user: str) -> Guest | str:
    ssh = next((t for t in tunnels if t.scheme == "ssh" and (t.wanted, t.state) == ("open", "open")), None)
    if not wall.has_key():
        return "The portal has no key of its own (PORTAL_KEY_FILE)."
    if ssh is None:
        return "It has no open SSH port."
    if not any(tunnel.connections for tunnel in tunnels):
        return "Nobody is connected."
    return Guest(ssh.gateway.public_host, ssh.port, user)


def _line(ask: Ask) -> str:
    with override(ask.machine.owner.language or settings.LANGUAGE_CODE):
        title = choices.headline(ask, timezone.now())
        return _("Minga: %(title)s. Do you still need it? Go on working, or answer at %(page)s") % {
            "title": title,
            "page": settings.PORTAL_URL,
        }


# ---- what came of it ----


def _settle(delivery: Delivery, state: str, fault: str) -> None:
    still_due = Delivery.objects.filter(pk=delivery.pk, state=State.DUE)
    still_due.update(state=state, fault=fault[:200], next_at=None, attempts=delivery.attempts + 1)


def _note_failure(delivery: Delivery, failure: RowFailure) -> None:
    """When it is tried again stands in the failure."""
    still_due = Delivery.objects.filter(pk=delivery.pk, state=State.DUE)
    still_due.update(attempts=delivery.attempts + 1, fault=failure.error[:200])


def _put_off(deliveries: list[Delivery], fault: str, pause: timedelta | None = None) -> None:
    now = timezone.now()
    for delivery in deliveries:
        later = pause or min(FIRST_AGAIN * 2 ** min(delivery.attempts, 10), LAST_AGAIN)
        Delivery.objects.filter(pk=delivery.pk, state=State.DUE).update(
            next_at=now + later, attempts=delivery.attempts + 1, fault=fault[:200]
        )
