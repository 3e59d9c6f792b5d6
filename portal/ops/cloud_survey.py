"""The cloud as its doctor sees it: a connection of its own, and the settings of this site."""

from django.conf import settings
from django.db import DatabaseError

from accounts.models import User
from cloud.openstack import OpenStackCloud
from cloud.openstack.doctor.survey import Survey


def openstack(**limits: float) -> OpenStackCloud:
    """Open a connection beside the portal's. api_timeout: for one that gives up sooner."""
    return OpenStackCloud(
        None,
        network=settings.OPENSTACK_NETWORK,
        agents=settings.AGENT_ADDRESSES,
        blocked=settings.GUEST_EGRESS_BLOCKED,
        **limits,
    )


def survey(cloud: OpenStackCloud) -> Survey:
    """Return what the doctor looks at: the cloud, and what the settings expect of it."""
    return Survey(
        lambda: cloud.client,
        settings.OPENSTACK_NETWORK,
        settings.AGENT_ADDRESSES,
        settings.GUEST_EGRESS_BLOCKED,
        _students(),
        settings.KEYSTONE_USERS_DOMAIN if settings.KEYSTONE_USERS_FOR_STUDENTS else None,
    )


def _students() -> int:
    """Count the students; 0 when the database is away: that is not what is looked at here."""
    try:
        return User.objects.filter(roles__contains=[User.Role.STUDENT], is_active=True).count()
    except DatabaseError:
        return 0
