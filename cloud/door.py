"""Open the cloud that the settings name, once per process. Web opens only the reader of disks."""

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from cloud import shared_tokens  # noqa: F401 - made here, before a worker forks
from cloud.contract import Cloud, CloudRefused, Consoles, People

if TYPE_CHECKING:
    from cloud.disk_client import DiskClient

CONSOLE_SECONDS = 8.0  # for a call about a console: somebody looks at the page


@cache
def open_cloud() -> Cloud:
    """Return the cloud of this installation (CLOUD), with this process's own credential. Raises CloudRefused where it has none."""
    if settings.IS_OPENSTACK:
        if not (os.environ.get("OS_CLOUD") or os.environ.get("OS_AUTH_URL")):
            raise CloudRefused(
                "This process has no credential of the cloud (OS_CLOUD or OS_AUTH_URL): web and beat must not."
            )
        from cloud.openstack import OpenStackCloud

        return OpenStackCloud.from_environment(
            network=settings.OPENSTACK_NETWORK, agents=settings.AGENT_ADDRESSES, blocked=settings.GUEST_EGRESS_BLOCKED
        )
    from cloud.local import LocalCloud

    return LocalCloud(settings.LOCAL_CLOUD_URL, settings.LOCAL_CLOUD_TOKEN)


@cache
def open_disks() -> "DiskClient":
    """Return the reader of images for web, which has no credential: it asks the process of cloud.disk_server."""
    from cloud.disk_client import DiskClient  # its HTTP client costs 8 MB of each process that never downloads

    return DiskClient(Path(settings.DISKS_SOCKET))


@cache
def open_consoles() -> Consoles | None:
    """Return the consoles for the live process, by an account that may do nothing else; None where it has none."""
    if settings.IS_OPENSTACK:
        if not settings.LIVE_OS_CLOUD:
            return None
        from cloud.openstack import OpenStackCloud

        file = settings.LIVE_OS_CLIENT_CONFIG_FILE
        return OpenStackCloud(settings.LIVE_OS_CLOUD, api_timeout=CONSOLE_SECONDS, config_file=str(file))
    if not settings.LIVE_CLOUD_TOKEN:
        return None
    from cloud.local import LocalCloud

    return LocalCloud(settings.LOCAL_CLOUD_URL, settings.LIVE_CLOUD_TOKEN)


@cache
def open_people() -> People:
    """Return the people of the cloud, whom web asks without a credential of its own. Raises CloudRefused where no address is set."""
    if not settings.CLOUD_SIGN_IN_URL:
        raise CloudRefused("CLOUD_SIGN_IN_URL is not set: nobody signs in with an account of the cloud.")
    if settings.IS_OPENSTACK:
        from cloud.keystone_people import KeystonePeople

        return KeystonePeople(
            settings.CLOUD_SIGN_IN_URL, ca=settings.CLOUD_SIGN_IN_CA, seconds=settings.SIGN_IN_SECONDS
        )
    from cloud.local_people import LocalPeople

    return LocalPeople(settings.CLOUD_SIGN_IN_URL, seconds=settings.SIGN_IN_SECONDS)
