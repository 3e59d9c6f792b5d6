"""Which cloud answers: the settings' choice, opened once per process."""

from functools import cache

from django.conf import settings

from cloud.contract import Cloud


@cache
def open_cloud() -> Cloud:
    """The cloud of this installation. Raises ImproperlyConfigured with a sentence when the settings name none."""
    from cloud.local import LocalCloud

    return LocalCloud(settings.LOCAL_CLOUD_URL, settings.LOCAL_CLOUD_TOKEN)
