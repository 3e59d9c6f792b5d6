"""Keys of people in their machines."""

from django.db import models
from django.utils import timezone


class InstalledKey(models.Model):
    """A person's public key that was put into one disk of a machine: a server, and how often that was reset.

    Machines of before 0.4, and those taken over from the cluster, have no rows: which keys they know is unknown.
    """

    machine = models.ForeignKey("machines.Machine", on_delete=models.CASCADE, related_name="installed_keys")
    server_id = models.CharField(max_length=64)
    resets = models.PositiveIntegerField()  # as Machine.cloud_resets
    # None: the person has deleted it since; it stays in the machine until it is taken out or the machine is reset.
    key = models.ForeignKey("accounts.SshKey", null=True, on_delete=models.SET_NULL, related_name="installed")
    name = models.CharField(max_length=60)
    public_key = models.TextField()  # OpenSSH one-line format without a comment
    installed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["machine", "server_id", "resets", "public_key"], name="installed_key_once_per_disk"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} in {self.machine_id}"
