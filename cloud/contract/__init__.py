"""The contract: everything that Minga asks of a cloud. `cloud/local.py` and `cloud/openstack/` implement it; tests/cloud holds both to it.

One module and one Protocol per noun. Every verb that changes something is `ensure_*` and idempotent: a second call finds the work done.
A verb returns when the cloud has *accepted* the wish; `list_servers` shows when it has come true.
Units: RAM in MiB, disk in GiB, sizes of files in bytes, times in UTC with a zone.
"""

from typing import Protocol

from cloud.contract.consoles import MOST_LOG_BYTES, Consoles, SerialConsole
from cloud.contract.errors import Cause, CloudBusy, CloudError, CloudFull, CloudGone, CloudLimit, CloudRefused
from cloud.contract.hosts import Flavor, Host, Hosts, Room
from cloud.contract.identity import Identity, Owner, Quota, tenant_project
from cloud.contract.images import Image, Images
from cloud.contract.networks import Networks
from cloud.contract.persons import AppCredential, CloudPerson, Denial, People, WhichProject
from cloud.contract.servers import CLOUD_CONFIG, Diagnostics, Listing, Server, Servers, ServerSpec, Status
from cloud.contract.users import MadeUser, Users, UserSpec

__all__ = [
    "CLOUD_CONFIG",
    "MOST_LOG_BYTES",
    "AppCredential",
    "Cause",
    "Cloud",
    "CloudBusy",
    "CloudError",
    "CloudFull",
    "CloudGone",
    "CloudLimit",
    "CloudPerson",
    "CloudRefused",
    "Consoles",
    "Denial",
    "Diagnostics",
    "Flavor",
    "Host",
    "Hosts",
    "Identity",
    "Image",
    "Images",
    "Listing",
    "MadeUser",
    "Networks",
    "Owner",
    "People",
    "Quota",
    "Room",
    "SerialConsole",
    "Server",
    "ServerSpec",
    "Servers",
    "Status",
    "UserSpec",
    "Users",
    "WhichProject",
    "tenant_project",
]


class Cloud(Servers, Images, Hosts, Networks, Identity, Users, Protocol):
    """A whole cloud. Calls block and are safe to share between threads; each ends within its own time limit or raises CloudBusy.

    Any call may raise CloudBusy or CloudRefused. A verb that names a server, image or flavor that is gone raises CloudGone, except
    ensure_deleted and ensure_image_deleted, whose work is then done.
    """
