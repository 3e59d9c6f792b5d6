"""Check the account by which the live process reads consoles: it gets in where students' machines are, and may do nothing else there."""

from collections.abc import Iterator

from django.utils.translation import gettext_noop as _

from cloud.contract import CloudError, CloudRefused
from cloud.diagnosis import Check, command, note, right, wrong
from cloud.openstack.client import Client
from cloud.openstack.console_verbs import ConsoleVerbs
from cloud.openstack.doctor import checks_access
from cloud.openstack.doctor.survey import Survey
from cloud.openstack.errors import translated

TOPIC = _("Consoles")
ROLE = "minga_console"  # what docs/admin/roles.md calls it
RULE = '"os_compute_api:os-console-output": "rule:project_member_or_admin or (role:%s and project_id:%%(project_id)s)"'
LINES = 5


def look(cloud: ConsoleVerbs, server: tuple[str, str] | None) -> Iterator[Check]:
    """Yield rows as they are found. `server`: a running machine's id in the cloud, and its project."""
    survey = Survey(lambda: cloud.client)
    for part in (checks_access.settings, checks_access.sign_in, _roles):
        rows = part(survey)
        yield from rows
        if any(row.ok == "wrong" for row in rows):
            return
    project = server[1] if server else next(iter(_projects(cloud.client)), "")
    if not project:
        yield _nowhere(survey)
        return
    try:
        yield _width(cloud.client, project)
        yield _reading(cloud, server)
    except CloudError as error:
        yield _refused(survey, error)


def _roles(survey: Survey) -> list[Check]:
    who = survey.who
    if "admin" in who.roles:
        text = _("%(user)s is an administrator of the cloud, and browsers reach the process that holds this account.")
        mend = command("openstack", "role", "remove", "--user", who.user, "--project", who.project, "admin")
        return [wrong(TOPIC, text, mend, user=who.user)]
    return [right(TOPIC, _("%(user)s is no administrator of the cloud."), user=who.user)]


def _projects(client: Client) -> list[str]:
    """Return the projects in which the account has a role, beside its own."""
    with translated():
        return [found.id for found in client.keystone.auth.projects() if found.id != client.project_id]


def _nowhere(survey: Survey) -> Check:
    return wrong(TOPIC, _("It has a role in its own project only, where no machines are."), _inherited(survey))


def _inherited(survey: Survey) -> str:
    who = survey.who
    where = ["--domain", who.project_domain, "--inherited", "--user", who.user, "--user-domain", who.user_domain]
    return command("openstack", "role", "add", *where, ROLE)


def _width(client: Client, project: str) -> Check:
    """Ask for a list that is none of its business: with the older defaults any role in a project lets one do what its members do."""
    try:
        client.request("compute", "GET", "/servers", project=project, params={"limit": 1})
    except CloudRefused:
        return right(TOPIC, _("In students' projects it is refused what it does not need."))
    text = _(
        "In students' projects this account may do what their members do, also change and delete machines: see docs/admin/roles.md."
    )
    return note(TOPIC, text, "[oslo_policy]\nenforce_new_defaults = true")


def _reading(cloud: ConsoleVerbs, server: tuple[str, str] | None) -> Check:
    if server is None:
        return note(TOPIC, _("No machine runs, so that no log could be read."))
    cloud.console_log(server[0], LINES, project=server[1])
    return right(TOPIC, _("The log of a running machine could be read."))


def _refused(survey: Survey, error: CloudError) -> Check:
    mend = f"{_inherited(survey)}\n{RULE % ROLE}" if isinstance(error, CloudRefused) else ""
    return wrong(TOPIC, _("The log of a machine could not be read: %(said)s"), mend, said=str(error)[:200])
