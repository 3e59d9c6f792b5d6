"""Rows belong to one cloud: when another one answers, nothing is believed and nothing is asked of it. See docs/adr/0055.

A task takes the cloud from `opened`. Two write the refusal down and check by themselves: the sweep at its Watch, a step at its machine.
"""

from cloud import open_cloud
from cloud.contract import Cloud, CloudBusy
from machines.models import CloudWatch


class AnotherCloud(CloudBusy):
    """Raised when the cloud that answers is not the one that our rows speak of."""


def require(cloud: Cloud, watch: CloudWatch | None = None) -> None:
    """Raise AnotherCloud unless this is the cloud of the first list. Costs one small query, or none with `watch`."""
    known = watch.cloud_identity if watch else CloudWatch.identity()
    if known and known != cloud.identity:
        raise AnotherCloud(
            f"The machines of this database are on {known}, and {cloud.identity} answers. Set OS_CLOUD back, or say "
            "manage.py accept_cloud if the machines have really moved there.",
            retry_after=30,
        )


def opened() -> Cloud:
    """Open this installation's cloud. Raises AnotherCloud where it is not the one of our rows, CloudRefused without a credential."""
    cloud = open_cloud()
    require(cloud)
    return cloud


def accept(cloud: Cloud) -> str:
    """Make this cloud the one that the rows are about, and return which one it was before. The next list is a whole one."""
    watch = CloudWatch.get_solo()
    CloudWatch.objects.filter(pk=watch.pk).update(cloud_identity=cloud.identity, cursor="", whole_at=None)
    return watch.cloud_identity
