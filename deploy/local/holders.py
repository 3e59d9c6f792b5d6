"""Which service holds which secret: what is not a service's own is not in its environment, even where a person's shell brought it along.

All services of `make run` are one person's processes on one computer, so files are no wall between them. It is the same plan as
compose's and systemd's, tried wherever Minga is tried.
"""

import re
from collections.abc import Mapping

SECRETS = {
    "cloud": r"OS_\w+|DISKS_OS_CLOUD|LOCAL_CLOUD_TOKEN",
    "database": r"DATABASE_URL",
    "redis": r"REDIS_URL",
    "secret key": r"SECRET_KEY",
    "portal's ssh key": r"PORTAL_KEY_FILE",
    "gateway token": r"AGENT_TOKEN_FILE",
    "mail password": r"EMAIL_URL",
    "metrics token": r"METRICS_TOKEN",
}
# Django's settings want a database and a SECRET_KEY of each process that reads them.
_SITE = {"database", "redis", "secret key"}
HOLDERS = {
    "web": _SITE | {"mail password", "metrics token"},
    "worker": _SITE | {"cloud", "portal's ssh key", "mail password"},
    "live": _SITE | {"metrics token"},
    "beat": _SITE,
    "disks": {"cloud"},
    "prepare": _SITE | {"cloud", "gateway token"},
    "assets": _SITE,
}  # the others none: what they need is in files of their own


def own(service: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what is not for this service."""
    held = HOLDERS.get(service, set())
    foreign = re.compile("|".join(pattern for name, pattern in SECRETS.items() if name not in held))
    return {name: value for name, value in environment.items() if not foreign.fullmatch(name)}
