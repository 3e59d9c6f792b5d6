"""Check the way in and the rights there: settings, sign-in, versions, roles, clock, key pairs."""

import time
from typing import Any

from django.utils.translation import gettext_noop as _

from cloud.contract import CloudError, CloudRefused
from cloud.diagnosis import Check, command, note, right, wrong
from cloud.openstack.client import COMPUTE, PLACEMENT
from cloud.openstack.doctor.survey import Survey
from cloud.openstack.errors import NotSignedIn, translated
from cloud.openstack.tenants import ROLE, TAG
from lib.notes import two_forms as ngettext
from lib.time_words import in_words

SLOW_SIGN_IN = 3.0  # seconds
VERSION_SECONDS = 3.0  # without a byte
CLOCK_NOTE, CLOCK_WRONG = 5.0, 60.0  # seconds; signatures and `changes-since` bear some, tokens end too early with more
KEYPAIRS_PER_STUDENT = 3  # a new one whenever a student changes their first key
LEAST_KEYPAIRS = 1000
# A service's name in Keystone's catalogue, the lowest version that we need, and what people call it.
SERVICES = {
    "compute": (COMPUTE, "Nova"),
    "image": ("", "Glance"),
    "network": ("", "Neutron"),
    "placement": (PLACEMENT, "Placement"),
}


def settings(survey: Survey) -> list[Check]:
    """Check that the settings can be read, and are of a kind that can act in many projects."""
    topic = _("Settings")
    try:
        config = survey.client.connection.config
    except CloudRefused as error:
        mend = "OS_CLOUD=NAME OS_CLIENT_CONFIG_FILE=/path/to/clouds.yaml"
        return [wrong(topic, _("They cannot be used: %(said)s"), mend, said=str(error.__cause__ or error)[:300])]
    auth = config.config["auth"]
    if "application_credential" in str(config.config.get("auth_type")) or any(
        "application_cred" in key for key in auth
    ):
        text = _(
            "An application credential is bound to one project, and every student has one of their own: use a user name and a password."
        )
        return [wrong(topic, text, "OS_AUTH_TYPE=password OS_USERNAME=USER OS_PASSWORD=SECRET OS_PROJECT_NAME=PROJECT")]
    if not auth.get("password"):
        text = _("There is no password: Minga signs in to each student's project with it.")
        return [wrong(topic, text, "OS_USERNAME=USER OS_PASSWORD=SECRET")]
    text = _("Cloud “%(cloud)s”, signing in at %(address)s.")
    return [right(topic, text, cloud=config.name, address=auth.get("auth_url", ""))]


def sign_in(survey: Survey) -> list[Check]:
    topic, began = _("Keystone"), time.monotonic()
    address = survey.client.connection.config.config["auth"].get("auth_url", "")
    try:
        who = survey.who
    except NotSignedIn:
        text = _("It does not let us in at %(address)s: the user name, the password or the project is not right.")
        return [wrong(topic, text, "OS_USERNAME=USER OS_PASSWORD=SECRET OS_PROJECT_NAME=PROJECT", address=address)]
    except CloudError as error:
        text = _("No answer from %(address)s: %(said)s")
        return [wrong(topic, text, command("curl", "-m5", address), address=address, said=str(error)[:200])]
    took = time.monotonic() - began
    facts = {"user": who.user, "project": who.project, "region": who.region, "seconds": f"{took:.2f}"}
    text = _("Signed in as %(user)s in project %(project)s, region %(region)s, in %(seconds)s s.")
    if took > SLOW_SIGN_IN:
        return [note(topic, text, command("openstack", "--timing", "token", "issue"), **facts)]
    return [right(topic, text, **facts)]


def versions(survey: Survey) -> list[Check]:
    """Check that each service answers and is new enough. Fills survey.services; the others are asked nothing more."""
    # Where nothing answers it is asked twice, and what it says of its versions is short.
    session = survey.client.connection.session
    before, session.timeout = getattr(session, "timeout", None), VERSION_SECONDS
    try:
        return [_version(survey, service, least, name) for service, (least, name) in SERVICES.items()]
    finally:
        session.timeout = before


def _version(survey: Survey, service: str, least: str, name: str) -> Check:
    try:
        with translated():
            endpoint = getattr(survey.client.connection, service).get_endpoint_data()
    except CloudError as error:
        return wrong(name, _("No answer: %(said)s"), _catalogue(service), said=str(error)[:200])
    newest: Any = endpoint and (endpoint.max_microversion or (None if least else endpoint.api_version))
    if not newest and endpoint and getattr(endpoint, "url", ""):
        text = _("It is in Keystone's catalogue, and does not answer at %(url)s, or answers nothing that can be read.")
        return wrong(name, text, command("curl", "-m5", endpoint.url), url=endpoint.url)
    if not newest:
        return wrong(name, _("It is not in Keystone's catalogue for this region."), _catalogue(service))
    spoken = ".".join(map(str, newest))
    if least and tuple(newest) < tuple(map(int, least.split("."))):
        text = _("It speaks versions up to %(newest)s; Minga needs %(least)s: this OpenStack is older than Zed.")
        return wrong(
            name, text, command("openstack", "versions", "show", "--service", service), newest=spoken, least=least
        )
    survey.services[service] = spoken
    if not least:
        return right(name, _("Version %(newest)s."), newest=spoken)
    return right(name, _("Versions up to %(newest)s; %(least)s is enough."), newest=spoken, least=least)


def _catalogue(service: str) -> str:
    return command("openstack", "endpoint", "list", "--service", service)


def own_roles(survey: Survey) -> list[Check]:
    who = survey.who
    facts = {"roles": ", ".join(who.roles) or "–", "project": who.project}
    if "admin" in who.roles:
        return [right(_("Roles"), _("In project %(project)s: %(roles)s."), **facts)]
    text = _(
        "In project %(project)s this user is only: %(roles)s. Without “admin” it sees nobody's machines but its own."
    )
    return [wrong(_("Roles"), text, who.role_add("admin"), **facts)]


def projects(survey: Survey) -> list[Check]:
    topic, who = _("Students' projects"), survey.who
    try:
        with translated():
            made = survey.client.keystone.projects.list(domain=survey.client.domain_id, tags=TAG)
    except CloudRefused:
        text = _("This user may not look at the projects of domain %(domain)s, nor make any.")
        return [wrong(topic, text, who.role_add("admin"), domain=who.project_domain)]
    text = _("%(count)s in domain %(domain)s so far. That a new one can be made is seen with --with-guest.")
    return [right(topic, text, count=len(made), domain=who.project_domain)]


def member(survey: Survey) -> list[Check]:
    topic = _("Role “member”")
    with translated():
        found = survey.client.keystone.roles.list(name=ROLE)
    if found:
        return [right(topic, _("It exists; the portal gives it to itself in each student's project."))]
    return [wrong(topic, _("Keystone has no role of this name."), command("openstack", "role", "create", ROLE))]


def clock(survey: Survey) -> list[Check]:
    topic = _("Clock")
    survey.get("compute", "/limits")
    ahead = survey.client.clock_ahead
    if ahead is None:
        return [note(topic, _("The cloud's answers have no date, so the clocks cannot be compared."))]
    mend = "timedatectl set-ntp true"
    if abs(ahead) <= CLOCK_NOTE:
        # The cloud gives whole seconds.
        return [right(topic, _("The portal and the cloud agree, to a second or two."))]
    text = (
        _("The cloud's clock is %(span)s ahead of this computer's.")
        if ahead > 0
        else _("The cloud's clock is %(span)s behind this computer's.")
    )
    return [(wrong if abs(ahead) > CLOCK_WRONG else note)(topic, text, mend, span=in_words(ahead).as_json())]


_ALL_USED = ngettext(
    "The only one that project %(project)s allows is used: nobody new can launch.",
    "All %(count)s that project %(project)s allows are used: nobody new can launch.",
)
_FEW_KEYPAIRS = ngettext(
    "%(count)s of %(allowed)s is used; every student needs one, and one more for each new key.",
    "%(count)s of %(allowed)s are used; every student needs one, and one more for each new key.",
)
_ENOUGH_KEYPAIRS = ngettext(
    "%(count)s of %(allowed)s is used. Project %(project)s keeps no machines: its other quotas do not matter.",
    "%(count)s of %(allowed)s are used. Project %(project)s keeps no machines: its other quotas do not matter.",
)


def keypairs(survey: Survey) -> list[Check]:
    """Check the limit of key pairs. They belong to the service user, who launches: one for each key of a student."""
    topic, who = _("Key pairs"), survey.who
    allowed = int(survey.get("compute", f"/os-quota-sets/{survey.client.project_id}")["quota_set"]["key_pairs"])
    wanted = wanted_keypairs(survey.students)
    mend = command("openstack", "quota", "set", "--key-pairs", str(wanted), who.project)
    if allowed < 0:
        return [
            right(
                topic,
                _("As many as are needed. Project %(project)s keeps no machines: its other quotas do not matter."),
                project=who.project,
            )
        ]
    used = len(survey.rows("compute", "/os-keypairs", "keypairs"))
    if used >= allowed:
        return [wrong(topic, _ALL_USED, mend, count=allowed, project=who.project)]
    facts = {"count": used, "allowed": allowed, "project": who.project}
    if allowed < wanted:
        return [note(topic, _FEW_KEYPAIRS, f"manage.py setup_cloud\n{mend}", **facts)]
    return [right(topic, _ENOUGH_KEYPAIRS, **facts)]


def wanted_keypairs(students: int) -> int:
    return max(LEAST_KEYPAIRS, students * KEYPAIRS_PER_STUDENT)
