"""Which cloud answers: the settings' choice, opened once per process."""

from functools import cache

from django.conf import settings

from cloud.contract import Cloud


@cache
def open_cloud() -> Cloud:
    """The cloud of this installation: OpenStack where OS_CLOUD or OS_AUTH_URL is set, else the local one."""
    if settings.IS_OPENSTACK:
        from cloud.openstack import OpenStackCloud

        return OpenStackCloud.from_environment(
            network=settings.OPENSTACK_NETWORK, agents=settings.AGENT_ADDRESSES, blocked=settings.GUEST_EGRESS_BLOCKED
        )
    from cloud.local import LocalCloud

    return LocalCloud(settings.LOCAL_CLOUD_URL, settings.LOCAL_CLOUD_TOKEN)
