"""Rows of the idle rules: what was heard of a machine, who keeps it awake, questions to its owner and their answers."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Notice, User
from lib.notes import Note
from machines.models.machine import Machine


class Activity(models.Model):
    """The signals of one machine that runs. `*_heard_at`: when a signal was last heard; `*_at`: when it last showed work.

    Counters are those of the last sample, kept to compute what has passed since. No column here is a decision.
    """

    machine = models.OneToOneField(Machine, on_delete=models.CASCADE, primary_key=True, related_name="activity")
    since = models.DateTimeField(default=timezone.now)  # runs without a break since then; nothing older counts

    ports_heard_at = models.DateTimeField(null=True, blank=True)
    ports_at = models.DateTimeField(null=True, blank=True)  # more bytes than a keep-alive makes
    ports_bytes = models.BigIntegerField(default=0)  # of all its ports, both ways, at the last sample
    connections = models.PositiveIntegerField(default=0)  # open at the last sample
    connected_at = models.DateTimeField(null=True, blank=True)  # when anybody was last connected

    console_heard_at = models.DateTimeField(null=True, blank=True)  # when a live process last reported its terminals
    console_at = models.DateTimeField(null=True, blank=True)  # a console or terminal of the portal was used
    console_open = models.PositiveIntegerField(default=0, db_default=0)  # terminals of the portal, at the last report
    console_by = models.CharField(
        max_length=16, blank=True, default="", db_default=""
    )  # the process that reported them

    load_heard_at = models.DateTimeField(null=True, blank=True)
    cpu_seconds = models.FloatField(null=True, blank=True)  # counters of cloud.contract.Diagnostics; None: unknown
    disk_bytes = models.BigIntegerField(null=True, blank=True)
    nic_bytes = models.BigIntegerField(null=True, blank=True)
    cpu_percent = models.FloatField(null=True, blank=True)  # of all its processors, between the last two samples
    disk_rate = models.FloatField(null=True, blank=True)  # bytes a second, likewise
    nic_rate = models.FloatField(null=True, blank=True)
    cpu_at = models.DateTimeField(null=True, blank=True)
    disk_at = models.DateTimeField(null=True, blank=True)
    nic_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["load_heard_at"], name="activity_by_load"),
            models.Index(fields=["machine"], condition=Q(console_open__gt=0), name="activity_with_terminals"),
        ]

    @property
    def was_visited(self) -> bool:
        """Return whether anybody has connected, or used a terminal of the portal, since the machine was started."""
        return any(at is not None and at >= self.since for at in (self.connected_at, self.console_at))


class HoldQuerySet(models.QuerySet["Hold"]):
    def live(self, now: datetime) -> "HoldQuerySet":
        return self.filter(starts_at__lte=now, ends_at__gt=now)


class Hold(models.Model):
    """A time in which a machine stays awake because a person said so."""

    class Kind(models.TextChoices):
        MORE = "more", _("A little longer")
        JOB = "job", _("A long job")
        GIVEN = "given", _("Given by the teacher")

    machine = models.ForeignKey(Machine, on_delete=models.CASCADE, related_name="holds")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=200, blank=True, default="")

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["more", "job", "given"]), name="hold_kind_known"),
            models.CheckConstraint(condition=Q(ends_at__gte=models.F("starts_at")), name="hold_ends_after_it_starts"),
        ]
        indexes = [
            models.Index(fields=["machine", "-ends_at"], name="hold_by_machine"),
            models.Index(fields=["ends_at"], name="hold_by_end"),
        ]


class QuestionQuerySet(models.QuerySet["Question"]):
    def open(self) -> "QuestionQuerySet":
        """Select questions that are neither answered nor over."""
        return self.filter(closed_at__isnull=True)


class Question(models.Model):
    """A question or a warning to the owner: without an answer, `kind` happens at `ends_at`."""

    class Kind(models.TextChoices):
        SLEEP = "sleep", _("It is put to sleep")
        ARCHIVE = "archive", _("It is archived")
        DELETE = "delete", _("Its archive is deleted")

    class Outcome(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        SILENCE = "silence", _("No answer")
        ACTIVE = "active", _("Somebody came back")
        OVER = "over", _("No longer a question")  # slept, deleted or changed meanwhile

    machine = models.ForeignKey(Machine, on_delete=models.CASCADE, related_name="asks")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SLEEP)
    number = models.PositiveSmallIntegerField(default=1)  # of several warnings of the same thing
    stored_why = models.JSONField(default=dict, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)  # None: not delivered yet
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True, default="")

    notices: list[Notice]  # filled in for display from machines.idle.questions.notices_of

    objects = QuestionQuerySet.as_manager()

    class Meta:
        db_table = "machines_ask"  # its older name, so that workers of 0.3 go on while an upgrade runs
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["sleep", "archive", "delete"]), name="ask_kind_known"),
            models.UniqueConstraint(
                fields=["machine", "kind"], condition=Q(closed_at__isnull=True), name="ask_one_open_of_a_kind"
            ),
        ]
        indexes = [
            models.Index(fields=["machine", "-asked_at"], name="ask_by_machine"),
            models.Index(fields=["asked_at"], condition=Q(closed_at__isnull=True), name="ask_open"),
        ]

    @property
    def why(self) -> Note:
        return Note.from_json(self.stored_why)


class Delivery(models.Model):
    """A channel of a question, as 0.3 wrote it. Read by machines.reconcile.overlap only; the table goes with 0.5 (accounts.Notice)."""

    class Channel(models.TextChoices):
        PAGE = "page", _("On the portal's pages")
        MAIL = "mail", _("By mail")
        TERMINAL = "terminal", _("In open terminals")

    class State(models.TextChoices):
        DUE = "due", _("On its way")
        SENT = "sent", _("Delivered")
        FAILED = "failed", _("Not delivered")  # given up
        NONE = "none", _("Not delivered: nowhere to send it")  # no mail address, no open terminal

    ask = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)  # of the next try, while it is due
    sent_at = models.DateTimeField(null=True, blank=True)
    fault = models.CharField(max_length=200, blank=True, default="")  # for the log and for admins

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ask", "channel"], name="delivery_once_per_channel"),
            models.CheckConstraint(
                condition=Q(state__in=["due", "sent", "failed", "none"]), name="delivery_state_known"
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(state="due"), name="delivery_due")]


class Answer(models.Model):
    """A person's answer to a question; each choice counts once."""

    class Choice(models.TextChoices):
        MORE = "more", _("A little longer")
        FOUR_HOURS = "4h", _("4 h more")
        TONIGHT = "tonight", _("Tonight")
        JOB = "job", _("A long job")
        SLEEP = "sleep", _("Sleep now")
        DONE = "done", _("I am done")
        KEEP = "keep", _("Keep it")  # to a warning before archiving or deleting

    ask = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    choice = models.CharField(max_length=8, choices=Choice.choices)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")  # None: by a link
    until = models.DateTimeField(null=True, blank=True)  # of one that keeps it on

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ask", "choice"], name="answer_once_per_choice")]
