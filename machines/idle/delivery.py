"""Questions and warnings on their way to people: the words of their mails, and the lines in open terminals.

Mails go out by accounts.notices, which also keeps the lines' rows; whether somebody is in a terminal is known here only. The third
channel, the portal's own pages, delivers itself (machines.idle.questions.seen).
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.failures import Failures
from accounts.models import Notice
from accounts.notices import kinds, outbox
from accounts.notices.outbox import PASSED_OVER
from accounts.notices.reader import written_for
from machines import ssh_contact, terminal_lines
from machines.idle import links, question_text, questions
from machines.models import Activity, Machine, Question
from machines.ssh_contact import Contact
from machines.terminal_lines import Written
from tunnels.models import Tunnel

log = logging.getLogger(__name__)

LOOP = "lines"  # of accounts.failures
MOST = 100  # in one turn
AGAIN = timedelta(seconds=20)
TRIES = timedelta(minutes=1)  # after the question: a later line would count as work (see forecast.ECHO)
Channel, State = Notice.Channel, Notice.State
_LABELS = {
    Question.Kind.SLEEP: gettext_lazy("Questions before an idle machine is put to sleep"),
    Question.Kind.ARCHIVE: gettext_lazy("Warnings before an idle machine is archived"),
    Question.Kind.DELETE: gettext_lazy("Warnings before an archive is deleted"),
}


def register() -> None:
    """Make the kinds of notices known. Nobody unsubscribes from what asks before something is taken away."""
    for kind, label in _LABELS.items():
        kinds.register(kinds.Kind(f"idle.{kind}", label, mail_facts, "questions/mail"))


def mail_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what templates/questions/mail says; None once the question is over."""
    question, now = _open_ones([notice]).get(questions.question_id_of(notice)), timezone.now()
    if question is None:
        return None
    return {
        "subject": question_text.headline(question, now).rstrip("."),
        "asks": question_text.asks(question),
        "deadline": question_text.deadline(question, now),
        "machine": question.machine,
        "why": str(question.why),
        "meaning": question_text.meaning(question),
        "page": settings.PORTAL_URL + reverse("machine", args=[question.machine_id]),
        "links": [(o.label, links.address(question, o.choice)) for o in question_text.offered(question, now)],
    }


def _open_ones(notices: Iterable[Notice]) -> dict[int, Question]:
    parts = ("machine__owner", "machine__template__course", "machine__template__image", "machine__activity")
    return (
        Question.objects.open().select_related(*parts).in_bulk([questions.question_id_of(notice) for notice in notices])
    )


# ---- terminals ----


def write_lines(now: datetime) -> int:
    """Write a line to each machine in which somebody is; into how many it was written."""
    outbox.give_up_lost(Channel.TERMINAL, now)
    failures = Failures(LOOP, now)
    due = outbox.claim(Channel.TERMINAL, now, most=MOST, except_for=failures.resting)
    if not due:
        return 0
    open_ones = _open_ones(due)
    ways = _ways(open_ones.values())
    lines: dict[Contact, str] = {}
    reachable: dict[Contact, tuple[Notice, Question]] = {}
    for notice in due:
        with failures.at(notice.pk, holder=notice.holder) as tried:
            if (question := open_ones.get(questions.question_id_of(notice))) is None:
                outbox.settle(notice, State.CANCELLED, PASSED_OVER)
            elif isinstance(way := ways[question.pk], str):
                outbox.settle(notice, State.NONE, way)
            else:
                lines[way], reachable[way] = _line(question), (notice, question)
        if tried.failure:
            outbox.put_back(notice, tried.failure.error, pause=timedelta(0))
    written = terminal_lines.write(lines) if lines else {}
    return sum(_note_line(*reachable[one], line, now) for one, line in written.items())


def _note_line(notice: Notice, question: Question, line: Written, now: datetime) -> bool:
    if line.terminals:
        log.info("ask %s: a line in %s terminals", question.pk, line.terminals)
        return questions.delivered(notice, timezone.now())
    if line.again and now + AGAIN - question.asked_at <= TRIES:
        outbox.put_back(notice, line.fault, pause=AGAIN)
    else:
        outbox.settle(notice, State.FAILED if line.again else State.NONE, line.fault)
    return False


def _ways(questions: Iterable[Question]) -> dict[int, Contact | str]:
    """Return each machine's SSH, or why no line can be written there."""
    machines = {question.pk: question.machine for question in questions}
    ports = Tunnel.objects.live().filter(holder__in=[machine.pk for machine in machines.values()])
    visited = set(ports.filter(connections__gt=0).values_list("holder", flat=True))
    with_terminals = Activity.objects.filter(machine__in=machines.values(), console_open__gt=0)
    visited.update(with_terminals.values_list("machine", flat=True))
    return {pk: _way(machine, is_visited=machine.pk in visited) for pk, machine in machines.items()}


def _way(machine: Machine, *, is_visited: bool) -> Contact | str:
    if machine.held_at:  # its ports may be another machine's since the backup was made
        return "The machine is held after a restore."
    if not terminal_lines.has_key():
        return "The portal has no key of its own (PORTAL_KEY_FILE)."
    if not is_visited:
        return "Nobody is connected."
    return ssh_contact.contact(machine)


def _line(question: Question) -> str:
    with written_for(question.machine.owner):
        title = question_text.headline(question, timezone.now())
        return _("Minga: %(title)s Keep working, or answer at %(page)s") % {
            "title": title,
            "page": settings.PORTAL_URL,
        }
