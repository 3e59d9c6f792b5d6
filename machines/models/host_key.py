"""The SSH host key of a machine, as the portal knows it."""

from django.db import models
from django.utils import timezone


class HostKey(models.Model):
    """The public half of the host key of one disk of a machine: a server, and how often that was reset.

    Another server and a reset bring a new disk, which has a row of its own: no row's key is ever replaced by what a guest shows.
    """

    machine = models.ForeignKey("machines.Machine", on_delete=models.CASCADE, related_name="host_keys")
    server_id = models.CharField(max_length=64)
    resets = models.PositiveIntegerField()  # as Machine.cloud_resets
    key = models.TextField()  # OpenSSH public line without a comment
    given = (
        models.BooleanField()
    )  # the portal made it and put it into the guest; otherwise it is the first that the guest showed
    known_at = models.DateTimeField(default=timezone.now)
    # Another key that the guest showed since, and was refused for; '' when it last showed its own.
    refused_key = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["machine", "server_id", "resets"], name="host_key_once_per_disk"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.machine_id}"
