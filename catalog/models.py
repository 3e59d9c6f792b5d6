"""The cloud's images and flavors as rows, kept up to date by `catalog.actions.take_over`."""

from django.db import models


class Image(models.Model):
    """An image of the cloud, under a name that people understand."""

    cloud_id = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True, default="")
    login = models.CharField(max_length=32, blank=True, default="")  # the user of its SSH
    can_suspend = models.BooleanField(
        default=True
    )  # whether its guests keep their memory asleep; else they are switched off
    offered = models.BooleanField(default=False)
    missing = models.BooleanField(default=False)  # the cloud has it no longer

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Flavor(models.Model):
    """A size of the cloud. RAM in MiB, disk in GiB."""

    cloud_id = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=80)
    vcpus = models.PositiveIntegerField()
    ram_mb = models.PositiveIntegerField()
    disk_gb = models.PositiveIntegerField()
    offered = models.BooleanField(default=False)
    missing = models.BooleanField(default=False)

    class Meta:
        ordering = ["ram_mb", "vcpus", "disk_gb", "pk"]

    def __str__(self) -> str:
        return self.name
