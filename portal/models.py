"""The site's own numbers."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class RequestTotal(models.Model):
    """Requests to one route so far. See portal.ops.latency."""

    route = models.CharField(max_length=100)
    method = models.CharField(max_length=8)
    status = models.CharField(max_length=3)  # 2xx, 3xx, 4xx, 5xx
    counts = ArrayField(models.BigIntegerField())  # one for each bucket, and one for what took longer
    seconds = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["route", "method", "status"], name="request_total_once"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.status}"


class DayCount(models.Model):
    """Numbers of one day, in the site's time zone. See portal.dashboard.day_counts."""

    day = models.DateField(unique=True)
    launches = models.PositiveIntegerField(default=0)
    launches_failed = models.PositiveIntegerField(default=0)  # of these, that failed before the machine ever ran
    counted_at = models.DateTimeField()  # when these two were counted
    states = models.JSONField(default=dict, blank=True)  # machines by state, at noon or as near to it as the worker ran
    states_at = models.DateTimeField(null=True, blank=True)  # when these were counted; None: not on that day
    # The most that was taken and that there was; None: not known.
    vcpus = models.PositiveIntegerField(null=True, blank=True)
    vcpus_used = models.PositiveIntegerField(null=True, blank=True)
    ram_mb = models.PositiveIntegerField(null=True, blank=True)
    ram_mb_used = models.PositiveIntegerField(null=True, blank=True)
    # All requests so far, by the buckets of portal.ops.latency, at the end of the day.
    requests = ArrayField(models.BigIntegerField(), null=True, blank=True)


class Finding(models.Model):
    """A thing that the worker found out for pages, which show its age: the computers of the cluster, what becomes of idle machines."""

    class Name(models.TextChoices):
        HOSTS = "hosts"  # of a version before 0.5
        DEEDS = "deeds"  # machines by what becomes of them: see portal.dashboard.coming_week
        DEED_COUNTS = "deed counts"  # how many these are

    name = models.CharField(max_length=20, unique=True, choices=Name.choices)
    data = models.JSONField(default=dict, blank=True)
    found_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(name__in=["hosts", "deeds", "deed counts"]), name="finding_name_known"
            ),
        ]


class CloudCheck(models.Model):
    """The single row about the check of the cloud: the last result, and whether a new one is asked for. See portal.ops.cloud_check."""

    asked_at = models.DateTimeField(null=True, blank=True)  # since when a check is wanted; None: none is
    claimed_until = models.DateTimeField(null=True, blank=True)  # by the worker that runs it
    checked_at = models.DateTimeField(null=True, blank=True)  # when the check began of which these are the rows
    rows = models.JSONField(default=list, blank=True)
    fault = models.CharField(max_length=300, blank=True, default="")  # why the last one could not be finished

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="cloud_check_single")]
