"""People and the keys that open their machines."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken

from accounts.announcements.models import Announcement as Announcement
from accounts.announcements.models import AnnouncementDismissal as AnnouncementDismissal
from accounts.audit.models import AuditRow as AuditRow
from accounts.browsers.models import BrowserSession as BrowserSession
from accounts.cloud_users.models import CloudUser as CloudUser
from accounts.donors.models import Donor as Donor
from accounts.donors.models import SharePicture as SharePicture
from accounts.donors.models import TeamInvitation as TeamInvitation
from accounts.donors.models import TeamMember as TeamMember
from accounts.donors.models import WallThanks as WallThanks
from accounts.live_tickets.models import LiveTicket as LiveTicket
from accounts.notices.models import Notice as Notice
from accounts.notices.models import Unsubscribed as Unsubscribed
from accounts.outside.models import OutsideAccount as OutsideAccount
from accounts.people_manager import People
from accounts.subscriptions.models import Subscription as Subscription
from accounts.subscriptions.models import SubscriptionEntry as SubscriptionEntry
from accounts.subscriptions.models import TransferCode as TransferCode
from accounts.terms.models import Terms as Terms
from accounts.terms.models import TermsAcceptance as TermsAcceptance
from lib.names import MOST_READ


class Nfkc(models.Func):
    """A text in the Unicode form in which "ﬁ" is "fi", as PostgreSQL makes it."""

    function = "normalize"
    template = "%(function)s(%(expressions)s, NFKC)"
    output_field = models.TextField()


def _student_only() -> list[str]:
    return [User.Role.STUDENT.value]


class User(AbstractUser):
    """A person. `uuid` identifies them on the cloud; it never changes."""

    class Role(models.TextChoices):
        STUDENT = "student", _("Student")
        TEACHER = "teacher", _("Teacher")
        DONOR = "donor", _("Donor")
        ADMIN = "admin", _("Administrator")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # A set: what each of them gives adds up. What a role may do stands in portal.access.
    roles = ArrayField(
        models.CharField(max_length=10, choices=Role.choices), default=_student_only, db_default=["student"]
    )
    language = models.CharField(max_length=5, blank=True, default="")  # '' = what the browser asks for
    # An IANA name that the person chose; '': the browser's counts.
    time_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    # The zone that the browser told last, for mails.
    browser_time_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    browser_language = models.CharField(max_length=5, blank=True, default="", db_default="")  # likewise
    invited_at = models.DateTimeField(null=True, blank=True)  # when a link to choose the first password was asked for
    # When the person made the account; None: somebody else did.
    signed_up_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)  # what was personal is erased; the row stays
    # How often everything of this person was signed out at once; earlier sessions and links no longer count.
    sign_outs = models.PositiveIntegerField(default=0, db_default=0)
    links_sent = models.PositiveIntegerField(default=0, db_default=0)  # by administrators: each ends the one before

    pairs_made = models.PositiveIntegerField(default=0, db_default=0)  # of keys, ever: names their files

    objects: ClassVar[People] = People()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(roles__contained_by=["student", "teacher", "donor", "admin"]),
                name="user_roles_known",
            ),
            models.CheckConstraint(condition=models.Q(roles__len__gt=0), name="user_has_a_role"),
            models.UniqueConstraint(
                Lower(Nfkc("username")),
                name="user_name_once_in_any_case",
                violation_error_message=_("This name is taken. Capital letters make no difference."),
            ),
        ]

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """Return the form in which two spellings of a name are one. Whoever is not signed in may have typed it: see MOST_READ."""
        return str(super().normalize_username(username[:MOST_READ]))

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return a hash that changes with the password, and with each sign-out of everything."""
        proof: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        return f"{proof}-{self.sign_outs}" if self.sign_outs else proof

    @property
    def short_name(self) -> str:
        """Return what others call this person in a sentence: Ana; the username where no name is known."""
        return self.first_name or self.username

    @property
    def shown_name(self) -> str:
        """Return the name by which others read of this person."""
        return self.get_full_name() or self.username

    @property
    def held_roles(self) -> list[str]:
        """Return the person's roles, in the order of Role. A superuser is an administrator."""
        return [
            role for role in self.Role.values if role in self.roles or (role == self.Role.ADMIN and self.is_superuser)
        ]

    @property
    def role_names(self) -> str:
        """Return the person's roles as people read them, in the reader's language: Student, Teacher."""
        return ", ".join(str(self.Role(role).label) for role in self.held_roles)

    @property
    def mail_language(self) -> str:
        """Return in which language a person is written to: the one they chose, else their browser's, else MAIL_LANGUAGE."""
        return self.language or self.browser_language or settings.MAIL_LANGUAGE


class SshKey(models.Model):
    """The public half of a person's key; the private half never stays here."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="ssh_keys")
    name = models.CharField(max_length=60)
    public_key = models.TextField()  # OpenSSH one-line format without a comment
    fingerprint = models.CharField(max_length=60)  # SHA256:…, as ssh-keygen -l shows it
    # Of a pair that was made here: the name of the private half in ~/.ssh, which no other pair of the person ever had. '': it was pasted.
    file_name = models.CharField(max_length=40, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["user", "fingerprint"], name="ssh_key_once_per_person")]

    def __str__(self) -> str:
        return f"{self.name} {self.fingerprint}"


class ApiWrites(models.Model):
    """The number of writes of a token in the minute of its last write."""

    token = models.CharField(max_length=128, primary_key=True)  # the hash by which it is known, never the token
    minute = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.count} at {self.minute}"


class SignInQuerySet(models.QuerySet["SignIn"]):
    def recent(self, now: datetime) -> "SignInQuerySet":
        """Select addresses that still count for a knock: see tunnels."""
        return self.filter(at__gt=now - RECENT)


RECENT = timedelta(days=1)


class SignIn(models.Model):
    """An address from which a person, signed in, used the portal; and when last."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    address = models.GenericIPAddressField()
    at = models.DateTimeField(default=timezone.now)

    objects = SignInQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "address"], name="sign_in_once_per_address")]
        indexes = [models.Index(fields=["at"], name="sign_in_by_time")]


class RowFailureQuerySet(models.QuerySet["RowFailure"]):
    def live(self, now: datetime) -> "RowFailureQuerySet":
        """Select rows that still fail. One that nobody tries any more (it was deleted, say) is forgotten after a while."""
        return self.filter(next_at__gt=now - FORGOTTEN)


FORGOTTEN = timedelta(hours=1)  # after its next try was due


class RowFailure(models.Model):
    """A row with which a loop failed: how often, why, and when it is tried again. See accounts.failures."""

    loop = models.CharField(max_length=20)
    key = models.CharField(max_length=64)  # the row's id, as text
    holder = models.UUIDField(null=True, blank=True)  # the machine that it is about, where there is one
    fails = models.PositiveIntegerField(default=1)  # in a row
    error = models.CharField(max_length=300, blank=True, default="")  # for administrators
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now)

    objects = RowFailureQuerySet.as_manager()

    class Meta:
        ordering = ["-fails", "first_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["loop", "key"], name="row_failure_once_per_row")]
        indexes = [models.Index(fields=["next_at"], name="row_failure_by_next")]

    def __str__(self) -> str:
        return f"{self.loop} {self.key} ({self.fails})"


class OnceKey(models.Model):
    """A request that may be sent twice and is carried out once: its key, and the answer that it got.

    Of the key only a hash is kept; the answer can be read only by whoever sends the key again (portal.once).
    """

    # None: of somebody who is not signed in.
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="once_keys")
    key_hash = models.CharField(max_length=64)
    request_hash = models.CharField(max_length=64)  # of the method, the address and the body
    status = models.PositiveSmallIntegerField(null=True, blank=True)  # None only within the transaction that answers
    sealed_answer = models.BinaryField(default=bytes)
    # The answer holds what is shown only once, so it goes within minutes.
    is_secret = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key_hash"], name="once_key_once_per_person"),
            models.UniqueConstraint(fields=["key_hash"], condition=models.Q(user=None), name="once_key_once_of_nobody"),
        ]
        indexes = [models.Index(fields=["at"], name="once_key_by_time")]


class SignInFailures(models.Model):
    """A count of wrong passwords: of a name from an address, or of an address over all names. Written by accounts.limits only."""

    key = models.CharField(max_length=64, primary_key=True)  # a keyed hash: what people type stays unknown
    count = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()  # of the last one
    until = models.DateTimeField(null=True)  # no try before then

    class Meta:
        indexes = [models.Index(fields=["at"], name="sign_in_failures_by_time")]


class SignInTotal(models.Model):
    """The number of sign-ins that were ever refused, by reason, and of all with an outside account, by outcome: for /metrics."""

    kind = models.CharField(max_length=80, primary_key=True)  # wrong_password, throttled, busy, keystone:signed_in…
    count = models.BigIntegerField(default=0)


class DeviceSignIn(models.Model):
    """A program that waits until a person allows it in a browser. Of both codes only hashes are kept. See accounts.device_codes."""

    class State(models.TextChoices):
        WAITING = "waiting"
        ALLOWED = "allowed"
        DENIED = "denied"
        USED = "used"  # it has its token

    device_hash = models.CharField(max_length=64, primary_key=True)
    user_hash = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=60)  # of its computer, as it says
    address = models.GenericIPAddressField(null=True)  # from which it asked; None: unknown
    person = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="device_sign_ins")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    interval = models.PositiveSmallIntegerField(default=5)  # seconds that it must leave between two polls
    polled_at = models.DateTimeField(null=True)
    at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.name} {self.state}"


class TokenFacts(models.Model):
    """Facts about a token that knox does not keep. A token from before 0.3 has none until it is used."""

    token = models.OneToOneField(AuthToken, on_delete=models.CASCADE, primary_key=True, related_name="facts")
    name = models.CharField(max_length=60, blank=True, default="")  # '' = made by POST auth/token/
    used_at = models.DateTimeField(null=True)
