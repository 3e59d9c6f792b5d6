"""People and organisations that give computers, and how they wish to be thanked."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Donor(models.Model):
    """A person or organisation that offered a computer. Notices go to `user`, where the donation is tied to an account, else to `email`."""

    email = models.EmailField(unique=True)  # in the form of accounts.emails.key
    name = models.CharField(max_length=120)
    organisation = models.CharField(max_length=120, blank=True, default="")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="donor"
    )
    language = models.CharField(max_length=5, blank=True, default="")  # of the page on which they wrote
    browser_time_zone = models.CharField(max_length=64, blank=True, default="")
    verified_at = models.DateTimeField(null=True, blank=True)  # when they first acted by a link that was mailed there
    # How many links that were asked for again have been opened: each ends those before it.
    links = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)  # what is personal is gone; the row stays

    time_zone = ""  # nobody chooses one without an account: see accounts.time_zones.zone_of

    def __str__(self) -> str:
        return f"donor {self.pk}"

    @property
    def short_name(self) -> str:
        """Return what they are called in a sentence."""
        return self.name

    @property
    def shown_name(self) -> str:
        """Return the name for staff: "Lucía Paz (Colegio Mejía)"."""
        return f"{self.name} ({self.organisation})" if self.organisation else self.name

    @property
    def mail_language(self) -> str:
        """Return in which language they are written to."""
        return self.language or str(settings.LANGUAGE_CODE)


class TeamMember(models.Model):
    """A person who sees what an organisation gave (nodes.teams). They change nothing of it."""

    donor = models.ForeignKey(Donor, on_delete=models.CASCADE, related_name="team")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="teams")
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["donor", "user"], name="team_member_once")]


class TeamInvitation(models.Model):
    """An open invitation to a team. Its row goes when it is used, taken back or over."""

    donor = models.ForeignKey(Donor, on_delete=models.CASCADE, related_name="team_invitations")
    email = models.EmailField()  # in the form of accounts.emails.key
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["donor", "email"], name="team_invitation_once")]


class SharePicture(models.Model):
    """The open address of a donor's picture (nodes.sharing). `with_words`: those on the wall of thanks stand on it, while they are there."""

    donor = models.OneToOneField(Donor, on_delete=models.CASCADE, related_name="share_picture")
    key = models.CharField(max_length=32, unique=True)
    with_words = models.BooleanField(default=False)
    language = models.CharField(max_length=5)
    made_at = models.DateTimeField(default=timezone.now)


class WallThanks(models.Model):
    """A donor's place on the wall of thanks (nodes.thanks.wall). `text`: the words that they agreed to; '' where they stay anonymous.

    A donor who is not on the wall has no row, unless an administrator took words off: the same words are not taken again.
    """

    donor = models.OneToOneField(Donor, on_delete=models.CASCADE, related_name="wall_thanks")
    text = models.CharField(max_length=80, blank=True, default="")
    is_on = models.BooleanField(default=True)
    agreed_at = models.DateTimeField(default=timezone.now)  # to what stands there
    taken_off = models.CharField(max_length=80, blank=True, default="")  # the words that an administrator took off last
    refused = models.TextField(
        blank=True, default="", db_default=""
    )  # each that was taken off, a line of lib.names.name_key each
    reason = models.CharField(max_length=200, blank=True, default="")  # why, for the donor

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_on=True) | models.Q(text=""), name="wall_text_only_where_shown"
            )
        ]
