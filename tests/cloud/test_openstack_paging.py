"""Lists that a service gives in pages are read to their end, each service in its own way."""

from typing import Any, cast

import pytest
import requests

from cloud.contract import CloudBusy, Owner
from cloud.openstack import paging
from cloud.openstack.client import Client
from cloud.openstack.doctor import checks_access
from cloud.openstack.server_actions import ServerActions
from cloud.openstack.tenants import Tenants, keypair_prefix
from tests.cloud.scripted import ScriptedClient, _answer, survey_of

# What the answers of each service look like, and what its rows are counted by.
SHAPES = {
    "/servers/detail": ("servers", "servers_links"),
    "/os-keypairs": ("keypairs", "keypairs_links"),
    "/servers/s/os-instance-actions": ("instanceActions", "links"),
    "/ports": ("ports", "ports_links"),
    "/images": ("images", "next"),
}


class PagedClient(ScriptedClient):
    """Gives three rows at most; a link in the service's own shape says how to go on."""

    def __init__(self, **rows: list[Any]) -> None:
        super().__init__()
        self.rows, self.most = rows, 3

    def request(self, service: str, method: str, path: str, **facts: Any) -> requests.Response:
        if method != "GET" or path not in SHAPES or SHAPES[path][0] not in self.rows:
            return super().request(service, method, path, **facts)
        key, links = SHAPES[path]
        params = facts.get("params") or {}
        start = int(params.get("marker", 0))
        end = min(start + self.most, len(self.rows[key]))
        said: dict[str, Any] = {key: self.rows[key][start:end]}
        if end < len(self.rows[key]):
            href = f"http://nova{path}?all_tenants=1&marker={end}"
            said[links] = href if links == "next" else [{"rel": "self", "href": "x"}, {"rel": "next", "href": href}]
        return _answer(said)


def client_of(**rows: list[Any]) -> Client:
    return cast("Client", PagedClient(**rows))


@pytest.mark.parametrize("path", SHAPES)
def test_every_page_is_read(path: str) -> None:
    key = SHAPES[path][0]
    rows = [{"id": number} for number in range(8)]
    assert paging.rows(client_of(**{key: rows}), "compute", path, key) == rows


def test_a_page_that_leads_to_itself_does_not_go_on_for_ever() -> None:
    client = ScriptedClient()
    client.answers["/ports"] = {"ports": [{}], "ports_links": [{"rel": "next", "href": "/ports?marker=1"}]}
    with pytest.raises(CloudBusy, match="again and again"):
        paging.rows(cast("Client", client), "network", "/ports", "ports")


def test_key_pairs_on_later_pages_are_deleted_with_their_owner() -> None:
    owner = Owner("0123456789")
    mine = {"keypair": {"name": f"{keypair_prefix(owner)}key"}}
    client = PagedClient(keypairs=[{"keypair": {"name": f"other-{number}"}} for number in range(7)] + [mine])
    Tenants(cast("Client", client), cast("Any", None))._delete_keypairs(owner)
    assert [path for _method, path, _wish in client.changes] == [f"/os-keypairs/{mine['keypair']['name']}"]


def test_key_pairs_are_counted_to_the_last() -> None:
    client = PagedClient(keypairs=[{}] * 8)
    client.answers["/os-quota-sets/p"] = {"quota_set": {"key_pairs": 8}}
    [row] = checks_access.keypairs(survey_of(client))
    assert (row.ok, "All 8" in str(row.found)) == ("wrong", True)


def test_our_reboots_are_counted_through_a_long_history() -> None:
    actions = [{"action": "suspend", "user_id": "u"}] * 7 + [{"action": "reboot", "user_id": "u"}]
    assert ServerActions(client_of(instanceActions=actions)).our_count("s", "reboot") == 1


def test_what_is_asked_several_times_is_asked_again_on_the_next_page() -> None:
    page = {"ports_links": [{"rel": "next", "href": "http://neutron/ports?device_id=a&device_id=b&marker=1"}]}
    assert paging._next(page, "ports") == {"device_id": ["a", "b"], "marker": "1"}
