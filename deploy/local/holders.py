"""The secrets that each service holds. A secret of another service is removed from its environment, also where a person's shell set it.

All services of `make run` are one person's processes on one computer, so a file keeps no secret from any of them. The table is
still that of compose and systemd, so that every trial of Minga tries it.
"""

import re
from collections.abc import Mapping

SECRETS = {
    "cloud": r"OS_\w+|DISKS_OS_CLOUD|LOCAL_CLOUD_TOKEN",
    "consoles": r"LIVE_OS_\w+|LIVE_CLOUD_TOKEN",
    "database": r"DATABASE_URL",
    "redis": r"REDIS_URL",
    "secret key": r"SECRET_KEY",
    "portal's ssh key": r"PORTAL_KEY_FILE",
    "machine keys": r"MACHINE_KEYS_FILE",
    "sign-in keys": r"SIGN_IN_KEYS",
    "gateway token": r"AGENT_TOKEN_FILE",
    "mail password": r"EMAIL_URL",
    "metrics token": r"METRICS_TOKEN",
    "provider's secret": r"OIDC_CLIENT_SECRET",
    "directory's password": r"LDAP_BIND_PASSWORD",
}
# Django's settings want a database and a SECRET_KEY of each process that reads them.
_SITE = {"database", "redis", "secret key"}
# Services that are not here get no secret by the environment: what they need is in files of their own.
HOLDERS = {
    "web": _SITE | {"sign-in keys", "metrics token", "provider's secret", "directory's password"},
    "worker": _SITE | {"cloud", "portal's ssh key", "machine keys", "mail password"},
    "live": _SITE | {"metrics token", "machine keys", "consoles"},
    "beat": _SITE,
    "disks": {"cloud"},
    "prepare": _SITE | {"cloud", "gateway token"},
    "assets": _SITE,
}


def keep_own(service: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the secrets of other services."""
    held = HOLDERS.get(service, set())
    foreign = re.compile("|".join(pattern for name, pattern in SECRETS.items() if name not in held))
    return {name: value for name, value in environment.items() if not foreign.fullmatch(name)}
