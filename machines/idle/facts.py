"""Facts: all that a decision about machines is made of, loaded in a number of queries that does not grow with the machines."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from accounts.failures import Failures
from accounts.models import Notice
from courses.models import Lesson, Template
from courses.policy import IdlePolicy, policy_of
from lib.compiled_queries import Among, Given, compiled
from machines import ended_subscriptions
from machines.ended_subscriptions import Ended
from machines.idle.questions import about_of, question_id_of
from machines.models import Activity, Hold, Machine, MachineQuerySet, Question
from machines.states import State

# States in which an unused machine may rest. In all others it is on its way, or waits for a person.
RESTING = (State.SUSPENDED, State.SHELVED, State.ARCHIVED)

# The columns that are read of ten thousand machines. Whoever acts on a machine reads its whole row.
_READ = ("owner", "template", "name", "wanted", "state", "state_since", "used_at", "binned_at")
_HEARD = (
    "since", "ports_heard_at", "ports_at", "connections", "connected_at", "console_heard_at", "console_at",
    "console_open", "load_heard_at", "cpu_percent", "disk_rate", "nic_rate", "cpu_at", "disk_at", "nic_at",
)  # fmt: skip
_TEMPLATE: Any = Machine._meta.get_field("template")


@dataclass(frozen=True, slots=True)
class Facts:
    """A machine, and all that speaks for and against its being in use."""

    machine: Machine  # with its template, its activity
    policy: IdlePolicy
    hold: Hold | None = None  # of those that have begun, the last to end
    lesson: Lesson | None = None  # likewise, of its course
    questions: tuple[Question, ...] = ()  # the open ones
    delivered_at: datetime | None = None  # when the first channel of the open question reached its owner
    wrote_at: datetime | None = None  # when we last wrote into its open terminals, which passes bytes, too
    ended: Ended | None = None  # the end of its owner's subscription; None: there was none, or it goes on

    @property
    def activity(self) -> Activity | None:
        """Return the machine's activity; None where nothing was heard of it yet."""
        return getattr(self.machine, "activity", None)

    def open_question(self, kind: str) -> Question | None:
        """Return the open question of this kind; None where there is none."""
        return next((question for question in self.questions if question.kind == kind), None)


def watched() -> MachineQuerySet:
    """Select machines with which something may be done because nobody uses them, or about which a question is open."""
    asked = Question.objects.open().values("machine")
    binned = Q(binned_at__isnull=False) & ~Q(state=State.GONE)
    rows = Machine.objects.not_held().filter(Q(state__in=(State.RUNNING, *RESTING)) | binned | Q(pk__in=asked))
    return rows.order_by().only(*_READ, *(f"activity__{name}" for name in _HEARD))


def load(machines: MachineQuerySet | Iterable[Machine], now: datetime, failures: Failures | None = None) -> list[Facts]:
    """Load rows with their activity, templates, holds, lessons, questions, deliveries, ended subscriptions. Eight queries at most, whatever the number.

    failures: of a loop; a template whose rules cannot be read then costs its own machines only.
    """
    rows = _rows(machines)
    templates = _templates(rows)
    policies = _policies(templates, failures)
    rows = [row for row in rows if row.template_id in policies]
    longest = max((max(p.idle_minutes, p.first_minutes) for p in policies.values()), default=0)
    since = now - timedelta(minutes=longest)
    has_holds, has_lessons, has_questions, has_ended = _are_there(rows, templates.values(), since, now)
    holds = _holds(rows, since, now) if has_holds else {}
    lessons = _lessons(templates.values(), since, now) if has_lessons else {}
    questions = _questions(rows) if has_questions else {}
    delivered = _deliveries(questions)
    ended = _ended(rows, now) if has_ended else {}
    found = []
    for row in rows:
        course, mine = templates[row.template_id].course_id, tuple(questions.get(row.pk, ()))
        sleep = next((one.pk for one in mine if one.kind == Question.Kind.SLEEP), 0)
        kept_by = (holds.get(row.pk), lessons.get(course) if course else None)
        told = delivered.get(sleep, (None, None))
        found.append(Facts(row, policies[row.template_id], *kept_by, mine, *told, ended.get(row.owner_id)))
    return found


def _policies(templates: dict[int, Template], failures: Failures | None) -> dict[int, IdlePolicy]:
    if failures is None:
        return {pk: policy_of(template) for pk, template in templates.items()}
    found: dict[int, IdlePolicy] = {}
    for pk, template in templates.items():
        with failures.at(f"template {pk}"):
            found[pk] = policy_of(template)
    return found


def _rows(machines: MachineQuerySet | Iterable[Machine]) -> list[Machine]:
    if isinstance(machines, MachineQuerySet):
        return list(machines.select_related("activity"))
    rows = list(machines)
    prefetch_related_objects(rows, "activity")
    return rows


def _templates(rows: list[Machine]) -> dict[int, Template]:
    """Load one object for all machines of a template, and put it onto the rows that came without."""
    bare = [row for row in rows if not _TEMPLATE.is_cached(row)]
    found = {row.pk: row for row in _by_key(keys=list({row.template_id for row in bare}))} if bare else {}
    for row in bare:
        row.template = found[row.template_id]
    return found | {row.template_id: row.template for row in rows if row.template_id not in found}


@compiled
def _by_key(keys: Given) -> QuerySet[Template]:
    return Template.objects.filter(Among(F("pk"), keys)).select_related("course", "image", "flavor").order_by()


def of(machine: Machine, now: datetime | None = None) -> Facts:
    """Load the facts of one machine, as they are now."""
    return load(Machine.objects.filter(pk=machine.pk), now or timezone.now())[0]


def _are_there(
    rows: list[Machine], templates: Iterable[Template], since: datetime, now: datetime
) -> tuple[bool, bool, bool, bool]:
    """Return whether there may be any holds, lessons, open questions, ended subscriptions. Above FEW machines: yes, without a look."""
    if len(rows) > FEW:
        return True, True, True, True
    owners = list({row.owner_id for row in rows})
    given: dict[str, Any] = {"rows": [row.pk for row in rows], "courses": _courses(templates), "owners": owners}
    with connection.cursor() as cursor:
        cursor.execute(_ARE_THERE, {**given, "since": since, "now": now})
        found: tuple[bool, bool, bool, bool] = cursor.fetchone()
    return found


# A page's machines rarely have any. Django takes longer to write the four queries than the whole list takes otherwise.
_ARE_THERE = """
SELECT EXISTS (SELECT FROM machines_hold WHERE machine_id = ANY(%(rows)s::uuid[]) AND ends_at > %(since)s),
    EXISTS (SELECT FROM courses_lesson WHERE course_id = ANY(%(courses)s::bigint[]) AND ends_at > %(since)s),
    EXISTS (SELECT FROM machines_ask WHERE machine_id = ANY(%(rows)s::uuid[]) AND closed_at IS NULL),
    EXISTS (
        SELECT FROM accounts_subscription s LEFT JOIN accounts_donor d ON d.id = s.donor_id
        WHERE s.ends_at <= %(now)s AND (s.user_id = ANY(%(owners)s::bigint[]) OR d.user_id = ANY(%(owners)s::bigint[]))
    )
"""


def _courses(templates: Iterable[Template]) -> list[int]:
    return list({template.course_id for template in templates if template.course_id})


def _holds(rows: list[Machine], since: datetime, now: datetime) -> dict[UUID, Hold]:
    """Load the holds that may still count. A hold that ended before anything was quiet for long enough changes nothing any more."""
    begun = Hold.objects.filter(starts_at__lte=now, ends_at__gt=since)
    return {hold.machine_id: hold for hold in _about(begun, rows).order_by("ends_at")}


def _lessons(templates: Iterable[Template], since: datetime, now: datetime) -> dict[int, Lesson]:
    begun = Lesson.objects.filter(course__in=_courses(templates), starts_at__lte=now, ends_at__gt=since)
    return {lesson.course_id: lesson for lesson in begun.order_by("ends_at")}


def _questions(rows: list[Machine]) -> dict[UUID, list[Question]]:
    found: dict[UUID, list[Question]] = {}
    machines = {row.pk: row for row in rows}
    for question in _about(Question.objects.open(), rows).order_by("asked_at"):
        if question.machine_id in machines:
            question.machine = machines[question.machine_id]
            found.setdefault(question.machine_id, []).append(question)
    return found


def _deliveries(questions: dict[UUID, list[Question]]) -> dict[int, tuple[datetime | None, datetime | None]]:
    """Return for each question when its first channel was delivered, and when a line was written into terminals."""
    abouts = [about_of(question.pk) for some in questions.values() for question in some]
    found: dict[int, tuple[datetime | None, datetime | None]] = {}
    if not abouts:
        return found
    rows = Notice.objects.filter(about__in=abouts, delivered_at__isnull=False)
    for notice in rows.only("about", "channel", "delivered_at"):
        delivered_at, wrote_at = found.get(question := question_id_of(notice), (None, None))
        delivered_at = min(filter(None, (delivered_at, notice.delivered_at)), default=None)
        found[question] = (delivered_at, notice.delivered_at if notice.channel == Notice.Channel.TERMINAL else wrote_at)
    return found


def _ended(rows: list[Machine], now: datetime) -> dict[int, Ended]:
    return ended_subscriptions.ended({row.owner_id for row in rows} if len(rows) <= FEW else None, now)


FEW = 50  # up to this many machines, filter by their ids; above, read all rows


def _about(found: "QuerySet[Any]", rows: list[Machine]) -> "QuerySet[Any]":
    return found.filter(machine__in=rows) if len(rows) <= FEW else found
