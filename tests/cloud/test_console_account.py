"""The account by which the live process reads consoles: its own, or none. Never the portal's."""

from pathlib import Path
from typing import Any

import pytest

from cloud import door
from cloud.local import LocalCloud
from cloud.openstack import OpenStackCloud

CLOUDS = """
clouds:
  minga-live:
    auth: {auth_url: "http://127.0.0.1:1/v3", username: narrow, password: x, project_name: minga-live}
    cacert: /etc/minga/live/ca.pem
"""


@pytest.fixture(autouse=True)
def _not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The door opens once per process."""
    monkeypatch.setattr(door, "open_consoles", door.open_consoles.__wrapped__)


def on_openstack(settings: Any, entry: str, file: str = "") -> None:
    settings.IS_OPENSTACK, settings.LIVE_OS_CLOUD, settings.LIVE_OS_CLIENT_CONFIG_FILE = True, entry, file


def test_openstack_without_an_account_for_it_shows_none(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_CLOUD", "minga")
    on_openstack(settings, "")
    assert door.open_consoles() is None


def test_the_account_is_that_of_its_own_file(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OS_USERNAME", "the-portal")
    (tmp_path / "clouds.yaml").write_text(CLOUDS)
    on_openstack(settings, "minga-live", str(tmp_path / "clouds.yaml"))
    cloud = door.open_consoles()
    assert isinstance(cloud, OpenStackCloud)
    connection = cloud.client.connection
    name = connection.config.config["auth"]["username"]
    assert (name, connection.session.timeout, cloud.client.ca) == ("narrow", 8.0, "/etc/minga/live/ca.pem")


def test_the_local_cloud_is_opened_by_the_narrow_token(settings: Any) -> None:
    settings.IS_OPENSTACK, settings.LIVE_CLOUD_TOKEN, settings.LOCAL_CLOUD_TOKEN = False, "narrow", "all"
    cloud = door.open_consoles()
    assert isinstance(cloud, LocalCloud)
    assert cloud._headers == {"Authorization": "Bearer narrow"}


def test_the_local_cloud_without_that_token_shows_none(settings: Any) -> None:
    settings.IS_OPENSTACK, settings.LIVE_CLOUD_TOKEN, settings.LOCAL_CLOUD_TOKEN = False, "", "all"
    assert door.open_consoles() is None
