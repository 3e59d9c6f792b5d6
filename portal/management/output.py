"""Output of commands: aligned rows, in the reader's language."""

import os
import shutil
import textwrap
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext

from accounts.models import User
from cloud.openstack import OpenStackCloud
from cloud.openstack.doctor.survey import Survey

MARK, TOPIC = 2, 24  # columns
NARROW, WIDE = 60, 120


def language(wish: str | None) -> str:
    """Return the language: --lang, else the terminal's own."""
    said = wish or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    known = [code for code, _name in settings.LANGUAGES]
    return said[:2] if said[:2] in known else "en"


def lines(mark: str, topic: str, text: str, mend: str = "") -> Iterator[str]:
    """Return the lines of a row; what mends it stands on lines of its own, so that it can be copied."""
    width = min(max(shutil.get_terminal_size().columns, NARROW), WIDE) - MARK - TOPIC
    said = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"{mark} {gettext(topic):<{TOPIC - 1}} {said[0]}"
    for line in said[1:]:
        yield " " * (MARK + TOPIC) + line
    for line in mend.splitlines():
        yield " " * (MARK + TOPIC) + "→ " + line


def openstack(**limits: float) -> OpenStackCloud:
    """Open a connection of the command's own. api_timeout: for one that gives up sooner than the portal's."""
    return OpenStackCloud(
        None,
        network=settings.OPENSTACK_NETWORK,
        agents=settings.AGENT_ADDRESSES,
        blocked=settings.GUEST_EGRESS_BLOCKED,
        **limits,
    )


def survey(cloud: OpenStackCloud) -> Survey:
    return Survey(
        lambda: cloud.client,
        settings.OPENSTACK_NETWORK,
        settings.AGENT_ADDRESSES,
        settings.GUEST_EGRESS_BLOCKED,
        _students(),
    )


def _students() -> int:
    """Count the students; 0 when the database is away: that is not what is looked at here."""
    try:
        return User.objects.filter(roles__contains=[User.Role.STUDENT], is_active=True).count()
    except DatabaseError:
        return 0
