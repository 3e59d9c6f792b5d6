"""Choose targets that the trial machine should or should not reach, and write the rows about them."""

from django.utils.translation import gettext_noop as _

from cloud.diagnosis import Check, command, named, note, right, wrong
from cloud.openstack.doctor import probe
from cloud.openstack.doctor.checks_egress import EVERYTHING, TOPIC, people, setting
from cloud.openstack.egress import Service, WayOut
from lib.notes import two_forms as ngettext

DNS = 53


def targets(way_out: WayOut) -> list[probe.Target]:
    services = [(service.address, service.port) for service in way_out.services()]
    return [*services, *((address, DNS) for address in way_out.name_servers())]


def rows(way_out: WayOut, heard: probe.Heard | None) -> list[Check]:
    """Yield the rows. `heard`: None when the machine wrote nothing."""
    if heard is None or not heard.is_of_use:
        return [_untried(heard)]
    services = way_out.services()
    reached = [service for service in services if (service.address, service.port) in heard.answered]
    return [*_services(way_out, services, reached), *_names(way_out, heard)]


def _untried(heard: probe.Heard | None) -> Check:
    if heard is None:
        text = _(
            "Not tried from inside: this image runs no script at its first boot, or says nothing on its console. "
            "The trial takes the smallest image: with a smaller one that does, it can be tried."
        )
    else:
        text = _("Not tried from inside: this image has none of nc, bash and Python, or no sshd on port 22.")
    return note(TOPIC, text)


_REACHES_NONE = ngettext(
    "A machine does not reach the port of the cloud's services that it tried, at %(addresses)s.",
    "A machine reaches none of the %(count)s ports of the cloud's services that it tried at %(addresses)s.",
)


def _services(way_out: WayOut, services: list[Service], reached: list[Service]) -> list[Check]:
    blocked = way_out.blocked()
    if not services:
        return [note(TOPIC, _("Not tried from inside: no address of the cloud's services is known."))]
    if reached and way_out.is_open:
        return [note(TOPIC, EVERYTHING, setting(blocked, *sorted({service.address for service in reached})))]
    if not reached:
        facts = {"count": len(services), "addresses": named(sorted({service.address for service in services}))}
        return [right(TOPIC, _REACHES_NONE, **facts)]
    kept = [service for service in reached if blocked.has(service.address)]
    found = []
    if left := [service for service in reached if service not in kept]:
        text = _("A machine reaches what students should not reach: %(services)s.")
        addresses = sorted({service.address for service in left})
        found.append(wrong(TOPIC, text, setting(blocked, *addresses), services=people(left)))
    if kept:
        text = _(
            "A machine reaches %(services)s, though its rules leave that out: Neutron does not keep them "
            "(port security, firewall driver, or a group of somebody else's on the port)."
        )
        mend = command("openstack", "network", "set", "--enable-port-security", "NETWORK")
        found.append(wrong(TOPIC, text, mend, services=people(kept)))
    return found


def _names(way_out: WayOut, heard: probe.Heard) -> list[Check]:
    """Report whether the name servers are still reached."""
    asked = way_out.name_servers()
    if not asked:
        return []
    if silent := [address for address in asked if (address, DNS) not in heard.answered]:
        text = _("No answer to a machine from its name servers, over TCP at least: %(addresses)s.")
        return [note(TOPIC, text, addresses=named(silent))]
    return [right(TOPIC, _("A machine reaches its name servers: %(addresses)s."), addresses=named(asked))]
