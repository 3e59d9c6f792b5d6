"""Check the network that machines are put on, and the addresses from which the agent reaches it."""

import ipaddress
from typing import Any

from django.utils.translation import gettext_noop as _

from cloud.contract import CloudError, CloudRefused
from cloud.diagnosis import Check, command, note, right, sentence, wrong
from cloud.openstack import cluster
from cloud.openstack.doctor.survey import Survey
from lib.notes import two_forms as ngettext

FEW_ADDRESSES = 20
LEAST_MTU = 1280  # bytes; less is no network for IPv6, and most tunnels leave 1400
# Nothing here is certain enough to be done by a program: what the cables carry is known to people only.
MAKE_ONE = (
    "openstack network create --share --provider-network-type flat --provider-physical-network PHYSNET machines\n"
    "openstack subnet create --network machines --subnet-range 10.20.0.0/16 --gateway 10.20.0.1 machines-v4"
)


def network(survey: Survey) -> list[Check]:
    topic = _("Network")
    try:
        chosen = survey.network
    except CloudRefused:
        return [_no_choice(survey)]
    name = chosen["name"]
    found = [right(topic, _("Machines are put on “%(name)s”, MTU %(mtu)s."), name=name, mtu=chosen.get("mtu") or "?")]
    if not chosen.get("shared"):
        mend = command("openstack", "network", "set", "--share", name)
        found = [wrong(topic, _("“%(name)s” is not shared: students' projects may not use it."), mend, name=name)]
    if not chosen.get("admin_state_up", True):
        mend = command("openstack", "network", "set", "--enable", name)
        found.append(wrong(topic, _("“%(name)s” is switched off."), mend, name=name))
    if 0 < (chosen.get("mtu") or 0) < LEAST_MTU:
        mend = command("openstack", "network", "set", "--mtu", "1400", name)
        found.append(note(topic, _("Its packets are very small: %(mtu)s bytes."), mend, mtu=chosen["mtu"]))
    return [*found, _port_security(chosen), *_subnets(survey, chosen)]


def _no_choice(survey: Survey) -> Check:
    """Report why no network is chosen: there is none, there are several, or not the one in the settings."""
    topic = _("Network")
    rows = survey.rows("network", "/networks", "networks")
    named = sorted(row["name"] for row in rows if row["subnets"] and not row.get("router:external"))
    facts = {"names": ", ".join(named), "wish": survey.network_wish}
    if not named:
        return wrong(
            topic,
            _(
                "There is none with a subnet that machines could be put on. Only people know your cables: make one like this."
            ),
            MAKE_ONE,
        )
    mend = f"OPENSTACK_NETWORK={named[0] if len(named) == 1 else 'NAME'}"
    if survey.network_wish:
        return wrong(
            topic,
            _("OPENSTACK_NETWORK says “%(wish)s”, which names no network, or several. There are: %(names)s."),
            mend,
            **facts,
        )
    return wrong(
        topic,
        _("It is not clear which one is meant: exactly one must be shared, or named. There are: %(names)s."),
        mend,
        **facts,
    )


def _port_security(chosen: dict[str, Any]) -> Check:
    topic, name = _("Isolation of machines"), chosen["name"]
    if chosen.get("port_security_enabled") is False:
        mend = command("openstack", "network", "set", "--enable-port-security", name)
        return wrong(
            topic, _("“%(name)s” has no port security: students could reach each other's machines."), mend, name=name
        )
    if "port_security_enabled" not in chosen:
        return note(
            topic,
            _("Neutron does not say whether security groups are kept: its extension port-security is missing."),
            "openstack extension list --network",
        )
    return right(topic, _("Port security is on: only the agent gets in."))


def _subnets(survey: Survey, chosen: dict[str, Any]) -> list[Check]:
    topic, name = _("Addresses"), chosen["name"]
    rows = survey.rows("network", "/subnets", "subnets", network_id=chosen["id"])
    if not rows:
        mend = command(
            "openstack", "subnet", "create", "--network", name, "--subnet-range", "10.20.0.0/16", f"{name}-v4"
        )
        return [wrong(topic, _("“%(name)s” has no subnet."), mend, name=name)]
    found = [_dhcp(row) for row in rows if not row["enable_dhcp"]]
    return [*found, _free(survey, chosen)]


def _dhcp(row: dict[str, Any]) -> Check:
    mend = command("openstack", "subnet", "set", "--dhcp", row["name"] or row["id"])
    text = _("Subnet %(name)s has no DHCP: only images that read the config drive get their address.")
    return note(_("Addresses"), text, mend, name=row["name"] or row["id"])


_NONE_FREE = ngettext("The only one of “%(name)s” is not free.", "None of the %(count)s of “%(name)s” is free.")
_FEW_FREE = ngettext(
    "Only %(count)s of %(total)s is free, for %(students)s.", "Only %(count)s of %(total)s are free, for %(students)s."
)
_STUDENTS = ngettext("%(count)s student", "%(count)s students")


def _free(survey: Survey, chosen: dict[str, Any]) -> Check:
    topic, name = _("Addresses"), chosen["name"]
    try:
        answer = survey.get("network", f"/network-ip-availabilities/{chosen['id']}")
    except CloudError:
        return note(
            topic, _("Neutron does not say how many are free."), command("openstack", "ip", "availability", "list")
        )
    rows = answer["network_ip_availability"]["subnet_ip_availability"]
    has = [row for row in rows if row["ip_version"] == 4] or rows
    total = sum(row["total_ips"] for row in has)
    free = total - sum(row["used_ips"] for row in has)
    subnet = has[0]["subnet_name"] if has else f"{name}-v4"
    mend = command("openstack", "subnet", "set", "--allocation-pool", "start=FIRST,end=LAST", subnet)
    if free <= 0:
        return wrong(topic, _NONE_FREE, mend, count=total, name=name)
    if free < max(FEW_ADDRESSES, survey.students):
        students = sentence(_STUDENTS, {"count": survey.students}).as_json()
        return note(topic, _FEW_FREE, mend, count=free, total=total, students=students)
    return right(topic, _("%(free)s of %(total)s are free."), free=free, total=total)


def agents(survey: Survey) -> list[Check]:
    """Check the agent's addresses: machines let in these and nobody else."""
    topic = _("Agent")
    if survey.agents_wish:
        return [_set(survey.agents_wish)]
    try:
        found = cluster.own_address(survey.client, survey.network["id"])
    except CloudRefused:
        return []  # no network was chosen: said already
    except cluster.NoRoute:
        text = _("This computer has no way to the machines' network: say where the agent is.")
        return [wrong(topic, text, "AGENT_ADDRESSES=ADDRESS/32")]
    facts = {"addresses": ", ".join(found)}
    if _inside(survey, found):
        text = _("Found: machines let in %(addresses)s, this computer. Right when the agent runs here.")
        return [right(topic, text, **facts)]
    text = _(
        "Found: machines let in %(addresses)s, this computer, which reaches them through a router. "
        "If the agent is elsewhere, or its address is changed on the way, say it."
    )
    return [note(topic, text, "AGENT_ADDRESSES=ADDRESS/32", **facts)]


def _set(wish: Any) -> Check:
    topic, facts = _("Agent"), {"addresses": ", ".join(wish)}
    try:
        widest = min(ipaddress.ip_network(cidr, strict=False).prefixlen for cidr in wish)
    except ValueError:
        return wrong(
            topic, _("AGENT_ADDRESSES is not a list of networks: %(addresses)s"), "AGENT_ADDRESSES=ADDRESS/32", **facts
        )
    if widest == 0:
        text = _("AGENT_ADDRESSES lets in everybody (%(addresses)s): students' machines, too.")
        return wrong(topic, text, "AGENT_ADDRESSES=ADDRESS/32", **facts)
    return right(topic, _("Set: machines let in %(addresses)s."), **facts)


def _inside(survey: Survey, found: list[str]) -> bool:
    rows = survey.rows("network", "/subnets", "subnets", network_id=survey.network["id"])
    nets = [ipaddress.ip_network(row["cidr"]) for row in rows]
    return all(any(ipaddress.ip_address(cidr.split("/")[0]) in net for net in nets) for cidr in found)
