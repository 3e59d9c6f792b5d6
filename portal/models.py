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
