"""Courses, their people and lessons, and templates: the cards from which students launch machines."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import NOT_MADE, Flavor, Image
from lib.notes import Note
from lib.schemes import Service


class Course(models.Model):
    """A class of students: its people, its lessons, and its own idle rules."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=80)
    idle = models.JSONField(default=dict, blank=True)  # its changes to the site's policy: see courses.policy
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Enrolment(models.Model):
    """A person in a course."""

    class Role(models.TextChoices):
        STUDENT = "student", _("Student")
        TEACHER = "teacher", _("Teacher")

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrolments")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="enrolments")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.STUDENT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "user"], name="enrolment_once"),
            models.CheckConstraint(condition=Q(role__in=["student", "teacher"]), name="enrolment_role_known"),
        ]


class Lesson(models.Model):
    """A time in which a course meets. Idle rules leave its machines alone, and they are not put to sleep to make room."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="lessons")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="lesson_ends_after_it_starts")
        ]
        indexes = [models.Index(fields=["course", "-ends_at"], name="lesson_by_course")]


class TemplateQuerySet(models.QuerySet["Template"]):
    def published(self) -> "TemplateQuerySet":
        """Select what students see: published and not retired."""
        return self.filter(published=True, retired_at__isnull=True)

    def made(self) -> "TemplateQuerySet":
        """Leave out those whose image the cloud tried to make, and could not: that is news for administrators alone."""
        return self.exclude(**{f"image__{name}": value for name, value in NOT_MADE.items()})

    def with_parts(self) -> "TemplateQuerySet":
        """Load what pages show of a template in the same query."""
        return self.select_related("image", "flavor", "course", "created_by")


class Template(models.Model):
    """The recipe of a machine: an image, a size, its services, and a summary for the person who chooses."""

    class Icon(models.TextChoices):
        TERMINAL = "terminal", _("Terminal")
        WEB = "web", _("Web")
        DATABASE = "database", _("Database")
        NETWORK = "network", _("Network")
        SCREEN = "screen", _("Screen")

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=60)
    name_es = models.CharField(max_length=60, blank=True, default="")
    summary = models.CharField(max_length=240)  # one sentence for the person who chooses
    summary_es = models.CharField(max_length=240, blank=True, default="")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    flavor = models.ForeignKey(Flavor, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, null=True, blank=True, on_delete=models.SET_NULL, related_name="templates")
    idle = models.JSONField(default=dict, blank=True)  # its changes to its course's policy: see courses.policy
    services = models.JSONField(default=list)  # [{"name", "port", "scheme"}]; ready when all answer
    login = models.CharField(max_length=32, blank=True, default="")  # '' = the image's
    user_data = models.TextField(blank=True, default="")
    icon = models.CharField(max_length=10, choices=Icon.choices, default=Icon.TERMINAL)
    published = models.BooleanField(default=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=100)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name", "pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Return the name in the reader's language."""
        return self.name_es if self.name_es and self._in_spanish() else self.name

    @property
    def blurb(self) -> str:
        """Return the summary in the reader's language."""
        return self.summary_es if self.summary_es and self._in_spanish() else self.summary

    @property
    def service_list(self) -> list[Service]:
        """Return `services` as values."""
        return [Service(s["name"], s["port"], s["scheme"]) for s in self.services]

    @property
    def ssh_user(self) -> str:
        """Return the user who signs in by SSH: the template's own, the image's, or student."""
        return self.login or self.image.login or "student"

    @property
    def lacks(self) -> Note | None:
        """Return why no machine can be made from this template now, as far as the catalog knows; None where one can."""
        return self.image.lacks or self.flavor.lacks or self.flavor.too_small_for(self.image)

    @property
    def is_usable(self) -> bool:
        """Return whether a machine can be made from this template now."""
        return self.lacks is None

    def _in_spanish(self) -> bool:
        return (get_language() or "").startswith("es")

    def free_slug(self) -> str:
        """Return a slug made of the name that no other template has."""
        base = slugify(self.name)[:70] or "template"
        taken = set(Template.objects.filter(slug__startswith=base).values_list("slug", flat=True))
        return (
            base
            if base not in taken
            else next(s for n in range(2, len(taken) + 3) if (s := f"{base}-{n}") not in taken)
        )


class TemplateChange(models.Model):
    """A line of a template's history: who changed what."""

    class Kind(models.TextChoices):
        MADE = "made", _("Made")
        EDITED = "edited", _("Edited")
        RETIRED = "retired", _("Retired")
        BROUGHT_BACK = "brought_back", _("Brought back")

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    fields = models.JSONField(default=dict, blank=True)  # {name: [before, after]}; images and sizes by their name

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["template", "-at"], name="template_change_by_template")]
