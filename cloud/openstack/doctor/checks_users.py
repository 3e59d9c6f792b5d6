"""Check that the portal may make users for students, where the settings say so, and try it in the trial's project."""

import contextlib
import secrets
import time
from collections.abc import Iterator

from django.utils.translation import gettext_noop as _

from cloud.contract import CloudError, CloudRefused, Owner, UserSpec
from cloud.diagnosis import Check, command, right, wrong
from cloud.openstack.doctor.survey import Survey
from cloud.openstack.doctor.trial import OWNER_KEY
from cloud.openstack.errors import translated
from cloud.openstack.openstack_cloud import OpenStackCloud
from cloud.openstack.owner_users import domain_id

TOPIC = _("Accounts for Horizon")
NAME = "minga-check-account"  # always the same, so that the next trial finds what a killed one left


def users(survey: Survey) -> list[Check]:
    """Check that the domain exists and its users can be listed. Return nothing where students get none."""
    wish = survey.users_domain
    if wish is None:
        return []
    shown = wish or survey.who.project_domain
    try:
        found = domain_id(survey.client, wish)
        with translated():
            survey.client.keystone.users.list(domain=found, name=NAME)
    except CloudRefused as error:
        mend = survey.who.role_add("admin") if str(error).startswith("403") else command("openstack", "domain", "list")
        text = _("This user may not make accounts in domain %(domain)s: %(said)s")
        return [wrong(TOPIC, text, mend, domain=shown, said=str(error)[:200])]
    text = _("In domain %(domain)s users can be listed. Whether one can be made shows with --with-guest.")
    return [right(TOPIC, text, domain=shown)]


def trial(cloud: OpenStackCloud, domain: str) -> Iterator[Check]:
    """Make an account that is switched off, and delete it with its project: the trial machine's has a quota, which only a new one gets."""
    began = time.monotonic()
    owner = Owner(OWNER_KEY, "check")
    user = UserSpec(NAME, password=f"Aa1-{secrets.token_urlsafe(24)}", enabled=False, domain=domain)
    try:
        try:
            cloud.ensure_user(owner, user)
        finally:
            cloud.ensure_user_gone(owner, user)
            with contextlib.suppress(CloudError):  # a server is in it still: the trial machine's goes first
                cloud.ensure_owner_gone(owner)
    except CloudError as error:
        text = _("One could not be made, or not deleted afterwards: %(said)s")
        yield wrong(TOPIC, text, command("openstack", "user", "list"), said=str(error)[:300])
        return
    text = _("One that was switched off was made and deleted, in %(seconds)s s.")
    yield right(TOPIC, text, seconds=f"{time.monotonic() - began:.1f}")
