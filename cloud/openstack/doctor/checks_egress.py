"""Check that machines cannot reach the cloud's own services: the settings, and the rules of each project."""

from django.utils.translation import gettext_noop as _

from cloud.contract import CloudRefused
from cloud.diagnosis import Check, named, note, right, wrong
from cloud.openstack import cluster
from cloud.openstack.doctor.survey import Survey
from cloud.openstack.egress import Blocked, Service, complement
from lib.notes import two_forms as ngettext

TOPIC = _("Outbound connections")
MOST_RULES = 300  # more make a slow firewall of every computer
EVERYTHING = _("Machines reach everything, the cloud's own services too: GUEST_EGRESS_BLOCKED is “none”.")


def way_out(survey: Survey) -> list[Check]:
    """Check the rules. `--with-guest` tries what a machine really reaches."""
    try:
        _chosen = survey.network
        blocked = survey.security_groups.way_out.blocked()
    except (CloudRefused, cluster.NoRoute, ValueError):
        return []  # no network, no way to it, or a setting that names none: said already
    if survey.security_groups.way_out.is_open:
        return [note(TOPIC, EVERYTHING, setting(blocked))]
    rows = [_said(survey, blocked), *_left_open(survey, blocked), *_names(blocked)]
    return [*rows, *_rules(blocked), *_projects(survey)]


def setting(blocked: Blocked, *addresses: str) -> str:
    """Return the line of settings that blocks these addresses, too."""
    networks = [*map(str, blocked.networks), *(f"{address}/{128 if ':' in address else 32}" for address in addresses)]
    return f"GUEST_EGRESS_BLOCKED={','.join(networks) or 'NETWORK/24'}\nmanage.py setup_cloud"


def people(services: list[Service]) -> str:
    return named([f"{service.name} ({service.address}, {service.port})" for service in services])


def _said(survey: Survey, blocked: Blocked) -> Check:
    facts = {"networks": named(list(map(str, blocked.networks)))}
    if survey.egress_wish is None:
        return right(TOPIC, _("Found: machines open no connections to %(networks)s."), **facts)
    return right(TOPIC, _("Set: machines open no connections to %(networks)s."), **facts)


def _left_open(survey: Survey, blocked: Blocked) -> list[Check]:
    """Return the APIs that the setting does not block."""
    services = [one for one in survey.security_groups.way_out.services() if one.is_api and not blocked.has(one.address)]
    if not services:
        return []
    text = _("These services of the cloud's catalogue are not excluded: %(services)s.")
    addresses = sorted({service.address for service in services})
    return [wrong(TOPIC, text, setting(blocked, *addresses), services=people(services))]


def _names(blocked: Blocked) -> list[Check]:
    rows = []
    if blocked.unknown:
        text = _("The catalogue names %(hosts)s, of which this computer does not know where it is: name its network.")
        rows.append(note(TOPIC, text, "GUEST_EGRESS_BLOCKED=NETWORK/24", hosts=named(list(blocked.unknown))))
    if blocked.loopback:
        text = _(
            "The catalogue names %(hosts)s, which is each computer's own address: where the services listen elsewhere, too, name it."
        )
        rows.append(note(TOPIC, text, "GUEST_EGRESS_BLOCKED=NETWORK/24", hosts=named(list(blocked.loopback))))
    return rows


def _rules(blocked: Blocked) -> list[Check]:
    count = sum(len(complement(blocked.networks, version)) for version in (4, 6))
    if count <= MOST_RULES:
        return []
    text = _(
        "These are %(count)s rules for each machine, and every computer's firewall keeps them: name a few wide networks instead."
    )
    return [note(TOPIC, text, "GUEST_EGRESS_BLOCKED=NETWORK/24", count=count)]


_LATE = ngettext(
    "%(count)s project (of %(all)s) has other rules as yet; the portal changes it within hours, the command at once.",
    "%(count)s projects (of %(all)s) have other rules as yet; the portal changes each within hours, the command at once.",
)


def _projects(survey: Survey) -> list[Check]:
    groups = survey.security_groups.everywhere()
    late = sum(not survey.security_groups.are_right(group) for group in groups)
    if not late:
        return []
    return [note(TOPIC, _LATE, "manage.py setup_cloud", count=late, all=len(groups))]
