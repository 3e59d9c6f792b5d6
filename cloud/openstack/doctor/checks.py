"""Check everything that the portal needs of an OpenStack. Yields rows; the caller prints them.

Each failure of a call is a row with a sentence. A service that does not answer is asked once; checks that need it are left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from cloud.contract import CloudError, CloudGone, CloudRefused
from cloud.diagnosis import Check, note, wrong
from cloud.openstack.doctor import checks_access as access
from cloud.openstack.doctor import checks_catalog as catalog
from cloud.openstack.doctor import checks_egress as egress
from cloud.openstack.doctor import checks_network as network
from cloud.openstack.doctor import checks_users
from cloud.openstack.doctor.survey import Survey

WITH_GUEST = "manage.py check_cloud --with-guest"


@dataclass(frozen=True, slots=True)
class Part:
    topic: str
    look: Callable[[Survey], list[Check]]
    needs: tuple[str, ...] = ()  # the services that the part needs


FIRST = [Part(_("Settings"), access.settings), Part(_("Keystone"), access.sign_in)]
VERSIONS = Part(_("Services"), access.versions)
PARTS = [
    Part(_("Roles"), access.own_roles),
    Part(_("Students' projects"), access.projects),
    Part(_("Role “member”"), access.member),
    Part(checks_users.TOPIC, checks_users.users),
    Part(_("Clock"), access.clock, ("compute",)),
    Part(_("Key pairs"), access.keypairs, ("compute",)),
    Part(_("Network"), network.network, ("network",)),
    Part(_("Agent"), network.agents, ("network",)),
    Part(egress.TOPIC, egress.way_out, ("network",)),
    Part(_("Images"), catalog.images, ("image",)),
    Part(_("Sizes"), catalog.sizes, ("compute", "image", "placement")),
    Part(_("Computers"), catalog.computers, ("compute", "placement")),
    Part(_("Services"), catalog.services, ("compute",)),
]


def look(survey: Survey) -> Iterator[Check]:
    """Yield rows as they are found. Ends early when the sign-in fails."""
    for part in FIRST:
        rows = safely(part, survey)
        yield from rows
        if any(row.ok == "wrong" for row in rows):
            yield note(_("The rest"), _("Was not looked at."))
            return
    yield from safely(VERSIONS, survey)
    for part in PARTS:
        if missing := [name for name in part.needs if name not in survey.services]:
            text = _("Not looked at: it needs %(services)s, which does not answer.")
            yield note(part.topic, text, services=_people(missing))
        else:
            yield from safely(part, survey)
            # Once is enough: each further question would wait for its whole time limit.
            if survey.silent and len(part.needs) == 1:
                survey.services.pop(part.needs[0], None)
            survey.silent = False


def guest_not_tried() -> Check:
    """Return the row that says how to try a machine, for a check that was asked for without it."""
    text = _("Whether the agent reaches a machine was not tried.")
    return note(_("Trial machine"), text, WITH_GUEST)


def safely(part: Part, survey: Survey) -> list[Check]:
    """Return the rows of a part; an error in it becomes a row."""
    try:
        return part.look(survey)
    except (CloudGone, CloudRefused) as error:
        mend = survey.who.role_add("admin") if str(error).startswith("403") else ""
        return [wrong(part.topic, _("The cloud refuses to say it: %(said)s"), mend, said=str(error)[:200])]
    except CloudError as error:
        survey.silent = True
        return [wrong(part.topic, _("No answer: %(said)s"), said=str(error)[:200])]


def _people(services: list[str]) -> str:
    return ", ".join(access.SERVICES[name][1] for name in services)
