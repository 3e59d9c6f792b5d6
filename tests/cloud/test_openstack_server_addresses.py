"""A server is reached only at an address that Neutron gave it in the machines' own network, whatever Nova's list shows."""

from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from cloud.contract import CloudBusy, CloudError, Owner, Status
from cloud.openstack import OpenStackCloud, server_addresses
from cloud.openstack.client import Client
from cloud.openstack.faults import Faults
from cloud.openstack.security_groups import SecurityGroups
from cloud.openstack.server_addresses import Addresses
from cloud.openstack.tenants import Tenants
from tests.cloud.scripted import ScriptedClient, _answer

OURS, THEIRS = "id-of-ours", "id-of-theirs"  # two networks named lab, with the same range
IN_P = {"tenant_id": "p"}
HOST = "10.0.0.1"  # the portal's own computer


class Neutron(ScriptedClient):
    """Lists ports as Neutron does, by network and servers. `error`: raised in place of an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.ports: list[dict[str, Any]] = []
        self.asked: list[list[str]] = []
        self.error: CloudError | None = None
        self.refused = 0

    def give(self, server: str, address: str, network: str = OURS) -> None:
        fixed, mac = [{"ip_address": address}], mac_of(address)
        self.ports.append({"device_id": server, "network_id": network, "mac_address": mac, "fixed_ips": fixed})

    def request(self, service: str, method: str, path: str, **facts: Any) -> requests.Response:
        assert path == "/ports"
        if self.error:
            self.refused += 1
            raise self.error
        wish = facts["params"]
        self.asked.append(wish["device_id"])
        found = [port for port in self.ports if port["network_id"] == wish["network_id"]]
        return _answer({"ports": [port for port in found if port["device_id"] in wish["device_id"]]})


def mac_of(address: str) -> str:
    return f"fa:16:3e:00:{int(ip_address(address)) % 65536:04x}"


def row(server: str, *shown: str, kind: str = "fixed", name: str = "lab") -> dict[str, Any]:
    entries = [
        {"addr": address, "version": 4, "OS-EXT-IPS:type": kind, "OS-EXT-IPS-MAC:mac_addr": mac_of(address).upper()}
        for address in shown
    ]
    return {"id": server, "status": "ACTIVE", "addresses": {name: entries}, "metadata": {"minga_machine": "m"}, **IN_P}


@pytest.fixture
def neutron() -> Neutron:
    return Neutron()


@pytest.fixture
def found(neutron: Neutron, db: None) -> Addresses:
    """Return the addresses that one process knows. Warnings are noted in the database."""
    return Addresses(cast("Client", neutron), lambda: OURS)


def test_an_address_of_our_network_counts(found: Addresses, neutron: Neutron) -> None:
    neutron.give("s", "10.0.0.5")
    assert found.of([row("s", "10.0.0.5")]) == {"s": "10.0.0.5"}


def test_ours_counts_under_whatever_name(found: Addresses, neutron: Neutron) -> None:
    """An administrator has renamed the network; Nova goes on showing the old name."""
    neutron.give("s", "10.0.0.5")
    assert found.of([row("s", "10.0.0.5", name="old")]) == {"s": "10.0.0.5"}


def test_ipv4_comes_before_ipv6(found: Addresses, neutron: Neutron) -> None:
    for address in ("10.0.0.5", "2001:db8::5"):
        neutron.give("s", address)
    assert found.of([row("s", "2001:db8::5", "10.0.0.5")]) == {"s": "10.0.0.5"}


def test_ipv6_alone_counts_however_it_is_written(found: Addresses, neutron: Neutron) -> None:
    neutron.give("s", "2001:db8::5")
    shown = row("s", "2001:db8::5")
    shown["addresses"]["lab"][0]["addr"] = "2001:0DB8:0::5"
    assert found.of([shown]) == {"s": "2001:db8::5"}


def test_a_network_of_the_same_name_and_range_gives_none(found: Addresses, neutron: Neutron) -> None:
    neutron.give("s", HOST, network=THEIRS)
    assert found.of([row("s", HOST)]) == {"s": ""}


def test_a_second_network_changes_nothing(found: Addresses, neutron: Neutron) -> None:
    neutron.give("s", HOST, network=THEIRS)  # lower than its own, so the first of a sorted list
    neutron.give("s", "10.0.0.5")
    assert found.of([row("s", HOST, "10.0.0.5")]) == {"s": "10.0.0.5"}


def test_the_log_names_a_machine_with_foreign_addresses(
    found: Addresses, neutron: Neutron, caplog: pytest.LogCaptureFixture
) -> None:
    neutron.give("foreign", HOST, network=THEIRS)
    found.of([row("foreign", HOST)])
    assert f"no port in the machines' network; not reached at: {HOST}" in caplog.text


@pytest.mark.parametrize("facts", [{"OS-EXT-STS:task_state": "deleting"}, {"status": "BUILD"}])
def test_one_that_comes_or_goes_is_no_news(
    found: Addresses, caplog: pytest.LogCaptureFixture, facts: dict[str, str]
) -> None:
    """Nova shows the addresses of a server that is being deleted when its ports are gone already."""
    found.of([row("s", HOST) | facts])
    assert caplog.text == ""


def test_a_neighbour_s_address_is_the_neighbour_s(found: Addresses, neutron: Neutron) -> None:
    neutron.give("neighbour", "10.0.0.6")
    neutron.give("s", "10.0.0.6", network=THEIRS)
    assert found.of([row("s", "10.0.0.6"), row("neighbour", "10.0.0.6")]) == {"s": "", "neighbour": "10.0.0.6"}


def test_a_port_made_for_another_s_server_does_not_move_that_server(found: Addresses, neutron: Neutron) -> None:
    """The maker of a port may write any server's id on it."""
    neutron.give("victim", "10.0.0.5")
    neutron.give("victim", "10.0.0.2")
    assert found.of([row("victim", "10.0.0.5")]) == {"victim": "10.0.0.5"}


def test_another_mac_is_another_port(found: Addresses, neutron: Neutron) -> None:
    neutron.give("s", "10.0.0.5")
    neutron.ports[0]["mac_address"] = "fa:16:3e:ff:ff:ff"
    assert found.of([row("s", "10.0.0.5")]) == {"s": ""}


def test_a_floating_address_is_none(found: Addresses, neutron: Neutron) -> None:
    assert found.of([row("s", "203.0.113.9", kind="floating")]) == {"s": ""}
    assert neutron.asked == []


def test_what_is_known_costs_no_call(found: Addresses, neutron: Neutron) -> None:
    neutron.give("s", "10.0.0.5")
    for _look in range(3):
        found.of([row("s", "10.0.0.5"), row("other", HOST)])
    assert neutron.asked == [["s", "other"]]


def test_new_servers_are_asked_about_together(found: Addresses, neutron: Neutron) -> None:
    rows = [row(f"s{number}", f"10.0.1.{number}") for number in range(server_addresses.AT_ONCE + 1)]
    found.of(rows)
    assert [len(servers) for servers in neutron.asked] == [server_addresses.AT_ONCE, 1]


def test_other_addresses_are_asked_about_at_once(found: Addresses, neutron: Neutron) -> None:
    neutron.give("s", "10.0.0.5")
    found.of([row("s", "10.0.0.5")])
    assert found.of([row("s", HOST)]) == {"s": ""}


def test_an_address_that_another_server_has_got_is_lost_at_once(found: Addresses, neutron: Neutron) -> None:
    """The student gave its port back and shows address and MAC on a network of their own."""
    neutron.give("s", "10.0.0.5")
    found.of([row("s", "10.0.0.5")])
    neutron.ports[0]["device_id"] = "neighbour"
    assert found.of([row("s", "10.0.0.5"), row("neighbour", "10.0.0.5")]) == {"s": "", "neighbour": "10.0.0.5"}


def test_what_is_known_is_asked_about_again_after_minutes(
    found: Addresses, neutron: Neutron, monkeypatch: pytest.MonkeyPatch
) -> None:
    neutron.give("s", "10.0.0.5")
    found.of([row("s", "10.0.0.5")])
    neutron.ports.clear()
    monkeypatch.setattr(server_addresses, "KEEP_SECONDS", 0.0)
    assert found.of([row("s", "10.0.0.5")]) == {"s": ""}


def test_a_silent_neutron_leaves_new_addresses_unknown(found: Addresses, neutron: Neutron) -> None:
    neutron.error = CloudBusy("timed out")
    assert found.of([row("s", "10.0.0.5"), row("asleep")]) == {"s": None, "asleep": ""}


def test_a_silent_neutron_is_asked_once_a_list(found: Addresses, neutron: Neutron) -> None:
    neutron.error = CloudBusy("timed out")
    found.of([row(f"s{number}", f"10.0.1.{number}") for number in range(server_addresses.AT_ONCE + 1)])
    assert neutron.refused == 1


def test_a_silent_neutron_takes_no_known_address_away(
    found: Addresses, neutron: Neutron, monkeypatch: pytest.MonkeyPatch
) -> None:
    neutron.give("s", "10.0.0.5")
    found.of([row("s", "10.0.0.5")])
    neutron.error = CloudBusy("timed out")
    monkeypatch.setattr(server_addresses, "KEEP_SECONDS", 0.0)
    assert found.of([row("s", "10.0.0.5")]) == {"s": "10.0.0.5"}


@pytest.mark.parametrize("entry", [{"addr": "10.0.0.5"}, {"addr": "x", "OS-EXT-IPS-MAC:mac_addr": "m"}, None])
def test_a_row_that_cannot_be_read_hides_no_other(found: Addresses, neutron: Neutron, entry: Any) -> None:
    neutron.give("s", "10.0.0.5")
    odd = {"id": "odd", "addresses": {"lab": [entry]}}
    assert found.of([odd, row("s", "10.0.0.5")]) == {"odd": None, "s": "10.0.0.5"}


def test_a_deleted_server_is_not_asked_about(found: Addresses, neutron: Neutron) -> None:
    assert found.of([{**row("s", "10.0.0.5"), "status": "DELETED"}]) == {"s": ""}
    assert neutron.asked == []


# ---- what the cloud's verbs make of it ----


def cloud_of(neutron: Neutron, *rows: dict[str, Any]) -> OpenStackCloud:
    """A cloud whose Nova lists these rows."""
    cloud = OpenStackCloud.__new__(OpenStackCloud)
    cloud.client = cast("Client", Nova(neutron, list(rows)))
    cloud.addresses = Addresses(cast("Client", neutron), lambda: OURS)
    cloud.faults = Faults(cloud.client)
    cloud.tenants = Tenants(cloud.client, cast("SecurityGroups", SimpleNamespace(digest="d")))
    return cloud


class Nova(ScriptedClient):
    def __init__(self, neutron: Neutron, rows: list[dict[str, Any]]) -> None:
        super().__init__()
        self.answers["/servers/detail"] = {"servers": [{"status": "ACTIVE", **row} for row in rows]}

    def request(self, service: str, method: str, path: str, **facts: Any) -> requests.Response:
        answer = super().request(service, method, path, **facts)
        answer.headers["Date"] = "Fri, 27 Nov 2026 05:00:00 GMT"
        return answer


def test_a_list_and_a_search_show_no_foreign_address(neutron: Neutron, db: None) -> None:
    neutron.give("s", HOST, network=THEIRS)
    cloud = cloud_of(neutron, row("s", HOST))
    found = cloud.find_server("m", Owner("o"), "p")
    assert found
    assert [(one.status, one.address) for one in (*cloud.list_servers().servers, found)] == [(Status.ACTIVE, "")] * 2


def test_a_server_is_found_only_in_its_owner_s_project(neutron: Neutron, db: None) -> None:
    # In another project anybody may write any machine's tags.
    cloud = cloud_of(neutron, row("s", "10.0.0.5"))
    assert cloud.find_server("m", Owner("o", tenant="p:g:d"))
    assert cloud.find_server("m", Owner("o", tenant="q:g:d")) is None
    assert cloud.find_server("m", Owner("o"), "q") is None


def test_a_silent_neutron_makes_a_new_server_unknown_and_not_gone(neutron: Neutron, db: None) -> None:
    neutron.error = CloudBusy("timed out")
    [server] = cloud_of(neutron, row("s", "10.0.0.5")).list_servers().servers
    assert (server.id, server.machine, server.status) == ("s", "m", Status.UNKNOWN)
