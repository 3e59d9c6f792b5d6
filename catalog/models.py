"""The cloud's images and flavors as rows, kept up to date by `catalog.actions.take_over`."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from lib.measures import amount, memory
from lib.notes import Note

NOT_MADE = {"ready": False, "status": "failed"}  # of an image that the cloud tried to make, and could not
_GONE_IMAGE = _("The cluster no longer has the system “%(image)s”. A teacher can give this template another one.")
_OFF = _("The cluster's administrators have switched the system “%(image)s” off. Choose another template, or ask them.")
_NOT_THERE_YET = _(
    "The system “%(image)s” is not on the cluster yet. Try again in some minutes; if it stays so, tell your teacher."
)
_BEING_MADE = _(
    "The system “%(image)s” is being made. The first time takes about two minutes, more over a slow line; then it can be launched here."
)
_NOT_MADE = _("The system “%(image)s” could not be made: students do not see this card. The catalog says why.")
_GONE_SIZE = _("The cluster no longer has the size “%(size)s”. A teacher can give this template another one.")
_TOO_LITTLE_MEMORY = _(
    "The system “%(image)s” needs %(needs)s of memory, and the size “%(size)s” has %(has)s. Choose a bigger size, or a smaller system."
)
_TOO_LITTLE_DISK = _(
    "The system “%(image)s” needs %(needs)s of disk, and the size “%(size)s” has %(has)s. Choose a bigger size, or a smaller system."
)
# What the clouds of `make run` and our own images are called. Other names are whoever gave them's, and stay as they are.
_OUR_NAMES = frozenset(
    (
        _("tiny"), _("small"), _("medium"), _("large"),
        _("Simulated Linux"), _("Tiny Linux"), _("Debian 12, web and database"), _("Debian 12, desktop"),
    )
)  # fmt: skip


def _title(name: str) -> str:
    return gettext(name) if name in _OUR_NAMES else name


class Image(models.Model):
    """An image of the cloud, under a name that people understand."""

    cloud_id = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True, default="")
    login = models.CharField(max_length=32, blank=True, default="")  # the user who signs in by SSH; '' = unknown
    can_suspend = models.BooleanField(default=True)  # whether its guests can be suspended; else they are stopped
    offered = models.BooleanField(default=False)
    missing = models.BooleanField(default=False)  # the cloud no longer has it
    ready = models.BooleanField(default=True, db_default=True)  # whether a machine can be made of it
    # The cloud's own status where `ready` is off.
    status = models.CharField(max_length=40, blank=True, default="", db_default="")
    # Why the cloud could not make it; for administrators.
    fault = models.CharField(max_length=300, blank=True, default="", db_default="")
    min_ram_mb = models.PositiveIntegerField(default=0, db_default=0)  # 0 here and below: not known
    min_disk_gb = models.PositiveIntegerField(default=0, db_default=0)
    size_bytes = models.BigIntegerField(default=0, db_default=0)
    checksum = models.CharField(max_length=160, blank=True, default="", db_default="")  # sha512:…; '' = not known
    disk_format = models.CharField(max_length=20, blank=True, default="", db_default="")

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """Return the name, in the reader's language where it is one of ours."""
        return _title(self.name)

    @property
    def was_not_made(self) -> bool:
        """Return whether the cloud tried to make this image, and could not."""
        return all(getattr(self, name) == value for name, value in NOT_MADE.items())

    @property
    def is_coming(self) -> bool:
        """Return whether the cloud is still making or fetching this image, so that waiting is all that anybody can do."""
        return not (self.missing or self.ready or self.was_not_made or self.status == "deactivated")

    @property
    def lacks(self) -> Note | None:
        """Return why no machine can be made of this image now, or None."""
        if self.missing:
            return Note(_GONE_IMAGE, {"image": self.title})
        if self.ready:
            return None
        if self.was_not_made:
            return Note(_NOT_MADE, {"image": self.title})
        if self.status == "building":
            return Note(_BEING_MADE, {"image": self.title})
        return Note(_OFF if self.status == "deactivated" else _NOT_THERE_YET, {"image": self.title})


class Flavor(models.Model):
    """A size of the cloud. RAM in MiB, disk in GiB."""

    cloud_id = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=80)
    vcpus = models.PositiveIntegerField()
    ram_mb = models.PositiveIntegerField()
    disk_gb = models.PositiveIntegerField()  # all its disks together
    # The part of disk_gb for the system; 0: as large as the image; None: all of it.
    root_gb = models.PositiveIntegerField(null=True, blank=True)
    offered = models.BooleanField(default=False)
    missing = models.BooleanField(default=False)

    class Meta:
        ordering = ["ram_mb", "vcpus", "disk_gb", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """Return the name, in the reader's language where it is one of ours."""
        return _title(self.name)

    @property
    def lacks(self) -> Note | None:
        """Return why no machine can be made in this size now, or None."""
        return Note(_GONE_SIZE, {"size": self.title}) if self.missing else None

    def too_small_for(self, image: Image) -> Note | None:
        """Return why the image does not fit this size, with the numbers; None where it fits or does not say what it needs."""
        names = {"image": image.title, "size": self.title}
        if self.ram_mb < image.min_ram_mb:
            return Note(_TOO_LITTLE_MEMORY, {**names, "needs": memory(image.min_ram_mb), "has": memory(self.ram_mb)})
        root = self.disk_gb if self.root_gb is None else self.root_gb
        if 0 < root < image.min_disk_gb:
            return Note(
                _TOO_LITTLE_DISK, {**names, "needs": amount(image.min_disk_gb, "GB"), "has": amount(root, "GB")}
            )
        return None
