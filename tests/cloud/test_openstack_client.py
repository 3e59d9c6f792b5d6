"""Settings and versions that cannot be used are said in a sentence. The rest of the client is tried on the real cloud."""

from types import SimpleNamespace
from typing import Any

import pytest

from cloud.contract import CloudBusy, CloudRefused
from cloud.openstack import OpenStackCloud
from cloud.openstack.client import Client

SETTINGS = {
    "load_yaml_config": False, "load_envvars": False, "region_name": "RegionOne",
    "auth": {"auth_url": "http://127.0.0.1:1/v3", "username": "u", "password": "p", "project_name": "p",
             "user_domain_id": "default", "project_domain_id": "default"},
}  # fmt: skip


def client_to(newest: tuple[int, int] | None) -> Client:
    """Return a client of a Nova that says which versions it speaks."""

    class Speaking(Client):
        connection: Any = SimpleNamespace(
            compute=SimpleNamespace(get_endpoint_data=lambda: SimpleNamespace(max_microversion=newest))
        )

    return Speaking(**SETTINGS)


def test_a_nova_that_is_too_old_is_refused_with_both_versions() -> None:
    with pytest.raises(CloudRefused, match=r"up to 2\.60; Minga needs 2\.69"):
        client_to((2, 60)).request("compute", "GET", "/servers")


def test_a_nova_that_is_not_there_is_asked_again_later() -> None:
    with pytest.raises(CloudBusy, match="which versions"):
        client_to(None).request("compute", "GET", "/servers")


def test_a_cloud_that_clouds_yaml_does_not_know_is_refused() -> None:
    with pytest.raises(CloudRefused, match="settings cannot be used"):
        Client("no-such-cloud").request("compute", "GET", "/servers")


def test_a_fork_opens_a_connection_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(**SETTINGS)
    parents = client.connection
    monkeypatch.setattr("os.getpid", lambda: 1)
    assert client.connection is not parents


def test_a_keystone_that_is_down_is_busy() -> None:
    with pytest.raises(CloudBusy):
        OpenStackCloud(None, **SETTINGS).list_servers()  # type: ignore[arg-type]
