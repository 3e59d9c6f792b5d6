"""The rows of check_cloud about a cloud in which one thing is wrong. The cloud is a script: tests/openstack asks a real one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.translation import override

from cloud.contract import CloudBusy, CloudRefused
from cloud.diagnosis import Check
from cloud.openstack.doctor.checks import look
from tests.cloud.scripted import FLAVOR, FREE, HOST, IMAGE, NETWORK, SUBNET, ScriptedClient, survey_of

Change = Callable[[ScriptedClient], Any]


def rows_of(client: ScriptedClient, **facts: Any) -> list[Check]:
    with override("en"):
        return list(look(survey_of(client, **facts)))


def says(**answers: Any) -> Change:
    """Replace the answer of the path whose last word this is."""
    paths = {
        "keypairs": "/os-keypairs", "quota": "/os-quota-sets/p", "flavors": "/flavors/detail", "images": "/images",
        "hosts": "/os-hypervisors/detail", "networks": "/networks", "subnets": "/subnets", "services": "/os-services",
        "agents": "/agents", "free": "/network-ip-availabilities/n", "limits": "/limits",
    }  # fmt: skip
    return lambda client: client.answers.update({paths[name]: said for name, said in answers.items()})


def has(**facts: Any) -> Change:
    return lambda client: client.__dict__.update(facts)


def lab(**facts: Any) -> dict[str, Any]:
    return {"networks": [{**NETWORK, **facts}]}


def free(left: int) -> dict[str, Any]:
    return {"network_ip_availability": {"subnet_ip_availability": [{**FREE, "used_ips": 100 - left}]}}


def services(**states: str) -> dict[str, Any]:
    rows = [(f"nova-{name}", host, state) for name in ("conductor", "scheduler") for host, state in states.items()]
    return {"services": [{"binary": binary, "host": host, "state": state} for binary, host, state in rows]}


FULL = {"keypairs": [{"keypair": {"name": str(n)}} for n in range(100)]}
AGENT = {"alive": False, "agent_type": "DHCP agent", "binary": "neutron-dhcp-agent", "host": "a"}
APP = {"auth_url": "http://keystone/v3", "application_credential_id": "x"}
CASES: list[tuple[str, str, str, str, Change]] = [
    # topic, verdict, words of the sentence, words of what mends it, what is wrong
    ("Settings", "wrong", "bound to one project", "OS_USERNAME", has(auth=APP)),
    ("Settings", "wrong", "no password", "OS_PASSWORD", has(auth={"auth_url": "http://keystone/v3"})),
    ("Nova", "wrong", "older than Zed", "versions show", has(versions={**ScriptedClient().versions, "compute": (2, 60)})),
    ("Placement", "wrong", "catalogue", "endpoint list", has(versions={**ScriptedClient().versions, "placement": None})),
    ("Roles", "wrong", "Without “admin”", "role add --user portal", has(role_names=["member"])),
    ("Students' projects", "wrong", "nor make any", "role add --user portal", has(projects_error=CloudRefused("403"))),
    ("Role “member”", "wrong", "no role of this name", "role create member", has(known_roles=[])),
    ("Clock", "note", "30 seconds ahead", "timedatectl", has(clock_ahead=30.0)),
    ("Clock", "wrong", "3 minutes behind", "timedatectl", has(clock_ahead=-190.0)),
    ("Clock", "note", "no date", "", has(clock_ahead=None)),
    ("Key pairs", "note", "0 of 100", "setup_cloud", says(quota={"quota_set": {"key_pairs": 100}})),
    ("Key pairs", "wrong", "nobody new", "--key-pairs", says(quota={"quota_set": {"key_pairs": 100}}, keypairs=FULL)),
    ("Network", "wrong", "There is none", "network create", says(networks={"networks": []})),
    ("Network", "wrong", "not clear", "OPENSTACK_NETWORK=NAME", says(networks={"networks": [NETWORK, {**NETWORK, "name": "b"}]})),
    ("Isolation of machines", "wrong", "no port security", "--enable-port-security", says(networks=lab(port_security_enabled=False))),
    ("Network", "note", "very small", "--mtu", says(networks=lab(mtu=576))),
    ("Network", "wrong", "switched off", "--enable lab", says(networks=lab(admin_state_up=False))),
    ("Addresses", "wrong", "no subnet", "subnet create", says(subnets={"subnets": []})),
    ("Addresses", "note", "no DHCP", "--dhcp lab-v4", says(subnets={"subnets": [{**SUBNET, "enable_dhcp": False}]})),
    ("Addresses", "note", "Only 10 of 100", "--allocation-pool", says(free=free(10))),
    ("Addresses", "wrong", "None of the 100", "--allocation-pool", says(free=free(0))),
    ("Addresses", "note", "does not say how many", "ip availability", says(free=CloudRefused("404"))),
    ("Images", "wrong", "no public image", "setup_cloud --image", says(images={"images": [{**IMAGE, "visibility": "private"}]})),
    ("Images", "note", "nothing tells it", "os_admin_user=USER", says(images={"images": [{**IMAGE, "os_admin_user": ""}]})),
    ("Images", "note", "is assumed", "os_admin_user=ubuntu", says(images={"images": [{**IMAGE, "os_admin_user": "", "os_distro": "ubuntu"}]})),
    ("Sizes", "wrong", "no public size", "setup_cloud", says(flavors={"flavors": []})),
    ("Sizes", "wrong", "The only size", "flavor create", says(flavors={"flavors": [{**FLAVOR, "ram": 9000}]})),
    ("Sizes", "note", "Larger than any", "", says(flavors={"flavors": [FLAVOR, {**FLAVOR, "ram": 9000}]})),
    ("Sizes", "wrong", "at least 4096 MiB", "flavor create", says(images={"images": [{**IMAGE, "min_ram": 4096}]})),
    ("Sizes", "note", "at least 4096 MiB", "--ram 4096", says(images={"images": [IMAGE, {**IMAGE, "min_ram": 4096}]})),
    ("Computers", "wrong", "cluster has none", "compute service list", says(hosts={"hypervisors": []})),
    ("Computers", "wrong", "The only one", "compute service list", says(hosts={"hypervisors": [{**HOST, "state": "down"}]})),
    ("Computers", "note", "not been heard", "nova-compute", says(hosts={"hypervisors": [HOST, {**HOST, "state": "down"}]})),
    ("Computers", "note", "set aside", "--enable pc1", says(hosts={"hypervisors": [HOST, {**HOST, "status": "disabled"}]})),
    ("Services", "wrong", "No nova-conductor", "compute service list", says(services=services(a="down"))),
    ("Services", "note", "not heard on b", "compute service list", says(services=services(a="up", b="down"))),
    ("Services", "wrong", "None of Neutron's agents", "agent list", says(agents={"agents": [AGENT]})),
    ("Services", "note", "on a is not heard", "neutron-dhcp-agent", says(agents={"agents": [AGENT, {**AGENT, "alive": True}]})),
    ("Computers", "wrong", "refuses", "role add", says(hosts=CloudRefused("403 Policy doesn't allow it"))),
    ("Clock", "wrong", "No answer", "", says(limits=CloudBusy("timed out"))),
]  # fmt: skip


def test_a_healthy_cloud_is_all_right() -> None:
    rows = rows_of(ScriptedClient())
    assert [str(row.found) for row in rows if row.ok != "right"] == []
    assert len(rows) >= 18


@pytest.mark.parametrize(("topic", "ok", "words", "mend", "change"), CASES, ids=[f"{c[0]}: {c[2]}" for c in CASES])
def test_what_is_wrong_is_said_with_what_mends_it(topic: str, ok: str, words: str, mend: str, change: Change) -> None:
    client = ScriptedClient()
    change(client)
    found = [(row.ok, str(row.found), row.mend) for row in rows_of(client) if row.topic == topic and row.ok != "right"]
    assert any(ok == verdict and words in text and mend in typed for verdict, text, typed in found), found


ONE_OF_MANY: list[tuple[str, str, str, Change]] = [
    # topic, words in English, in Spanish, the answer in which there is one
    ("Key pairs", "1 of 5000 is used", "Se usa 1 de 5000", says(keypairs={"keypairs": FULL["keypairs"][:1]})),
    ("Addresses", "Only 1 of 100 is free, for 1 student.", "Solo 1 de 100 está libre, para 1 estudiante.", says(free=free(1))),
    ("Images", "1 ready", "1 lista:", says()),
    ("Computers", "1 of 2 takes machines", "1 de 2 acepta", says(hosts={"hypervisors": [HOST, {**HOST, "state": "down"}]})),
]  # fmt: skip


@pytest.mark.parametrize(("topic", "english", "spanish", "change"), ONE_OF_MANY)
def test_one_is_not_spoken_of_as_many(topic: str, english: str, spanish: str, change: Change) -> None:
    client = ScriptedClient()
    change(client)
    rows = [row for row in look(survey_of(client, students=1)) if row.topic == topic]
    for language, words in (("en", english), ("es", spanish)):
        with override(language):
            assert any(words in str(row.found) for row in rows), [str(row.found) for row in rows]


def test_looking_changes_nothing() -> None:
    client = ScriptedClient()
    rows_of(client)
    assert client.changes == []


def test_a_service_that_is_away_is_asked_only_once() -> None:
    client = ScriptedClient()
    client.versions["network"] = None
    client.answers = {
        path: said for path, said in client.answers.items() if "network" not in path and path != "/agents"
    }
    rows = [(row.topic, row.ok) for row in rows_of(client)]
    assert ("Neutron", "wrong") in rows
    assert ("Network", "note") in rows


def test_a_name_that_is_no_network_is_said() -> None:
    rows = [row for row in rows_of(ScriptedClient(), network_wish="nosuch") if row.topic == "Network"]
    assert (rows[0].ok, rows[0].mend) == ("wrong", "OPENSTACK_NETWORK=lab")


@pytest.mark.parametrize(("wish", "ok"), [("10.0.0.9/32", "right"), ("0.0.0.0/0", "wrong"), ("nonsense", "wrong")])
def test_the_agents_addresses_are_looked_at(wish: str, ok: str) -> None:
    assert [row.ok for row in rows_of(ScriptedClient(), agents_wish=[wish]) if row.topic == "Agent"] == [ok]


def test_an_agent_that_is_found_beside_the_machines_is_right() -> None:
    rows = [row for row in rows_of(ScriptedClient(), agents_wish=[]) if row.topic == "Agent"]
    assert (rows[0].ok, "127.0.0.1/32" in str(rows[0].found)) == ("right", True)


def test_many_students_want_many_key_pairs() -> None:
    rows = [row for row in rows_of(ScriptedClient(), students=2000) if row.topic == "Key pairs"]
    assert (rows[0].ok, "--key-pairs 6000" in rows[0].mend) == ("note", True)


def test_a_neutron_that_hangs_is_named_once_and_nothing_else_is_blamed() -> None:
    client = ScriptedClient()
    client.answers["/networks"] = client.answers["/subnets"] = CloudBusy("Neutron does not answer")
    found = rows_of(client, agents_wish=[])
    rows = {row.topic: row for row in found if row.topic in ("Network", "Agent")}
    assert {topic: row.ok for topic, row in rows.items()} == {"Network": "wrong", "Agent": "note"}
    assert "Neutron, which does not answer" in str(rows["Agent"].found)
    assert not [row for row in found if "AGENT_ADDRESSES" in row.mend]
