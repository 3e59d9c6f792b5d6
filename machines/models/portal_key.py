"""The portal's own key in a machine."""

from django.db import models
from django.utils import timezone


class PortalKey(models.Model):
    """A key with which the portal may open a session in one disk of a machine, as the machine's user.

    There is a row for each launch and reset of version 0.4 and later, also where no key was put in: `public_key` is empty then,
    since the site had no MACHINE_KEYS_FILE, or (`removed_at`) since its owner took it out. Machines from before have none.
    """

    machine = models.ForeignKey("machines.Machine", on_delete=models.CASCADE, related_name="portal_keys")
    number = models.PositiveIntegerField()  # of the reset that it was made for; 0: the launch
    # The disk in which it is (see host_keys.Disk). '' until the cloud has named the server.
    server_id = models.CharField(max_length=64, blank=True, default="")
    resets = models.PositiveIntegerField(default=0)
    public_key = models.TextField(blank=True, default="")  # OpenSSH one-line format without a comment
    sealed_seed = models.TextField(blank=True, default="")  # the private half, see machines.sealing
    # The disk is older than its key: which keys of people it knows is unknown.
    by_hand = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=timezone.now)
    # When it was put in, or first let the portal in. None: its owner was asked to add the line.
    put_in_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["machine", "number"], name="portal_key_once_per_reset")]
        indexes = [models.Index(fields=["machine", "server_id", "resets"], name="portal_key_by_disk")]

    def __str__(self) -> str:
        return f"{self.public_key or 'no key'} in {self.machine_id}"
