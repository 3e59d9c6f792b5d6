"""The rows of the check of the cloud: what `manage.py check_cloud` prints, and the page shows."""

import signal
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext_noop

from cloud import open_cloud, open_consoles
from cloud.contract import Cloud, CloudError
from cloud.diagnosis import Check, note, of_any, right, wrong
from cloud.openstack.console_verbs import ConsoleVerbs
from cloud.openstack.doctor import checks, checks_consoles, checks_users
from cloud.openstack.doctor.survey import SECONDS
from cloud.openstack.doctor.trial import trial
from machines import cloud_identity
from machines.models import Machine
from machines.states import State
from portal.ops import cloud_survey
from tunnels import site_names

NAMES = gettext_noop("Names")


def checks_of_all(*, with_guest: bool) -> Iterator[Check]:
    """Look at everything that the portal needs of its cloud. Changes nothing, but for `with_guest`: that launches a machine of its own."""
    yield from _names()
    if not settings.IS_OPENSTACK:
        yield from of_any(open_cloud())
        return
    cloud = cloud_survey.openstack(api_timeout=SECONDS)
    entered = True
    for row in checks.look(cloud_survey.survey(cloud)):
        entered = entered and not (row.ok == "wrong" and row.topic in ("Settings", "Keystone", "Nova", "Network"))
        yield row
    if entered:
        yield from _another(cloud)
    if with_guest and entered:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill cleans up, too
        if settings.KEYSTONE_USERS_FOR_STUDENTS:
            yield from checks_users.trial(cloud_survey.openstack(), settings.KEYSTONE_USERS_DOMAIN)
        yield from trial(cloud_survey.openstack())  # as patient as the portal
    elif entered:
        yield checks.guest_not_tried()


def checks_of_consoles() -> Iterator[Check]:
    """Look at the account for consoles, as the user of the live process, which alone may have it. Changes nothing."""
    consoles = open_consoles()
    if consoles is None:
        text = gettext_noop(
            "This process has no account for consoles. Ask as the live process does: docs/admin/roles.md."
        )
        yield note(checks_consoles.TOPIC, text, "LIVE_OS_CLOUD=minga-live")
    elif not isinstance(consoles, ConsoleVerbs):
        yield right(checks_consoles.TOPIC, gettext_noop("The local cloud needs no account for them."))
    else:
        yield from checks_consoles.look(consoles, _running())


def _running() -> tuple[str, str] | None:
    """Return a running machine's id in the cloud, and its project; None where there is none, or no database."""
    try:
        running = Machine.objects.alive().filter(state=State.RUNNING).exclude(server_id="").exclude(project="")
        return running.values_list("server_id", "project").last()
    except DatabaseError:
        return None


def _names() -> Iterator[Check]:
    """Check that students' public ports are somewhere else than the portal, to a browser. Nothing without a gateway, or a database."""
    try:
        known = site_names.gateways()
    except DatabaseError:
        return
    for name, host in known:
        facts = {"host": host, "name": name}
        if own := site_names.clash(host):
            text = gettext_noop(
                "%(host)s (gateway %(name)s) and %(own)s, the portal's, are one site to a browser: whoever opens a student's port "
                "gives their sign-in to that machine."
            )
            yield wrong(NAMES, text, f"manage.py gateway {name} --public-host OTHER-NAME", own=own, **facts)
        elif own := site_names.neighbour(host):
            text = gettext_noop(
                "%(host)s (gateway %(name)s) shares a domain with %(own)s, the portal's. Cookies of the portal do not go there; "
                "a name below another domain would be safer still."
            )
            yield note(NAMES, text, own=own, **facts)
        else:
            yield right(
                NAMES,
                gettext_noop("Students' ports are at %(host)s (gateway %(name)s), apart from the portal."),
                **facts,
            )


def _another(cloud: Cloud) -> Iterator[Check]:
    """Yield a row when the machines of this database are on another cloud."""
    try:
        cloud_identity.require(cloud)
    except cloud_identity.AnotherCloud as error:
        yield wrong("Cloud", gettext_noop("It is another one: %(said)s"), "manage.py accept_cloud", said=str(error))
    except (CloudError, DatabaseError):
        return  # that is not what is looked at here, or is told by the other rows
