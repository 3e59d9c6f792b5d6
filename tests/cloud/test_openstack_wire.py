"""Settings and versions that cannot be used are said in a sentence. The rest of the wire is tried on the real cloud."""

from types import SimpleNamespace

import pytest

from cloud.contract import CloudBusy, CloudRefused
from cloud.openstack import OpenStackCloud
from cloud.openstack.wire import Wire

SETTINGS = {
    "load_yaml_config": False, "load_envvars": False, "region_name": "RegionOne",
    "auth": {"auth_url": "http://127.0.0.1:1/v3", "username": "u", "password": "p", "project_name": "p",
             "user_domain_id": "default", "project_domain_id": "default"},
}  # fmt: skip


def wire_to(newest: tuple[int, int] | None) -> Wire:
    """A wire to a Nova that says which versions it speaks."""
    wire = Wire(**SETTINGS)
    told = SimpleNamespace(max_microversion=newest)
    wire.connection = SimpleNamespace(compute=SimpleNamespace(get_endpoint_data=lambda: told))
    return wire


def test_a_nova_that_is_too_old_is_refused_with_both_versions() -> None:
    with pytest.raises(CloudRefused, match=r"up to 2\.60; Minga needs 2\.69"):
        wire_to((2, 60)).ask("compute", "GET", "/servers")


def test_a_nova_that_is_not_there_is_asked_again_later() -> None:
    with pytest.raises(CloudBusy, match="which versions"):
        wire_to(None).ask("compute", "GET", "/servers")


def test_a_cloud_that_clouds_yaml_does_not_know_is_refused() -> None:
    with pytest.raises(CloudRefused, match="settings cannot be used"):
        Wire("no-such-cloud")


def test_a_keystone_that_is_down_is_busy() -> None:
    with pytest.raises(CloudBusy):
        OpenStackCloud(None, **SETTINGS).list_servers()  # type: ignore[arg-type]
