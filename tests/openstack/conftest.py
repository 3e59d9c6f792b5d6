"""Fixtures on a real cloud, the same for the whole run, signed in as the portal. `OS_CLOUD` names it; without it nothing is tried."""

import os
import uuid
from collections.abc import Callable, Iterator

import openstack
import pytest

from cloud.contract import Owner, Server, ServerSpec
from tests.cloud.conftest import key, make_spec, owner  # noqa: F401  # fixtures of the contract suite
from tests.cloud.local_stage import insist
from tests.openstack import bare_image
from tests.openstack.openstack_stage import (
    ADMIN,
    CLOUD,
    HUGE,
    HUGE_GB,
    IMAGE,
    OpenStackStage,
    RecordedCloud,
    open_cloud,
)
from tests.openstack.pool import Pool
from tests.openstack.proxy import Proxies

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
GROUPS = ("journey", "idle", "archives", "lives", "api", "guests", "keystone", "hosts")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: counts or stops what others on the cloud use, so it runs after them")
    config.addinivalue_line(
        "markers", "guest: its server has a guest, which has not slept, for of one that slept Nova has no console log"
    )
    if CLOUD and not IS_WORKER:
        bare_image.upload(ADMIN, IMAGE)


def pytest_unconfigure() -> None:
    if CLOUD and not IS_WORKER:
        bare_image.remove(ADMIN)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the groups that take longest: at the end of a run nobody works beside them."""
    items.sort(key=_begins_after)


def _begins_after(item: pytest.Item) -> int:
    """Count the groups that begin before this test's."""
    group = next((mark.args[0] for mark in item.iter_markers("xdist_group")), "")
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)


@pytest.fixture(autouse=True)
def _in_a_group(request: pytest.FixtureRequest) -> None:
    """Side by side only in groups: else tests would share what they must not. pytest 9.2.0 with xdist 3.8.0 makes none, silently."""
    if IS_WORKER and "@" not in request.node.nodeid.rpartition("]")[2]:
        pytest.fail("It is in no xdist group: its file must name one, and pytest must be one with which xdist groups.")


@pytest.fixture(scope="session")
def stage() -> Iterator[OpenStackStage]:
    """Return this worker's own stage."""
    if not CLOUD:
        pytest.exit("OS_CLOUD names no cloud. Say which one of clouds.yaml is the portal's.", returncode=1)
    stage = OpenStackStage()
    yield stage
    stage.sweep()


@pytest.fixture(scope="session")
def pool(stage: OpenStackStage) -> Pool:
    return Pool(stage)


@pytest.fixture(scope="session")
def guests(stage: OpenStackStage) -> Pool:
    """Servers in which a Linux has booted. Few tests need one."""
    return Pool(stage, ahead=0)


@pytest.fixture(autouse=True)
def _tidy(stage: OpenStackStage) -> Iterator[None]:
    yield
    stage.tidy()


@pytest.fixture
def server(
    stage: OpenStackStage,
    pool: Pool,
    guests: Pool,
    make_spec: Callable[..., ServerSpec],  # noqa: F811
    request: pytest.FixtureRequest,
) -> Iterator[Server]:
    """An active server; used again by a later test when this one left it as it was, since a boot costs seconds."""
    has_guest = request.node.get_closest_marker("guest") is not None
    mine, image = (guests, stage.linux_id) if has_guest else (pool, stage.image_id)
    server = mine.take(lambda: insist(stage.cloud.ensure_server, make_spec(stage, image_id=image)))
    yield server
    mine.give_back(server)


@pytest.fixture(scope="session")
def huge(stage: OpenStackStage) -> Iterator[str]:
    """A size that no computer of the cluster has: its servers are Nova's rows and nothing else, for tests that need no guest.

    Its disk is what is too big: memory and processors would first meet the project's quota.
    """
    name = f"{HUGE}{uuid.uuid4().hex[:8]}"
    flavor = stage.admin.compute.create_flavor(name=name, vcpus=1, ram=128, disk=HUGE_GB)
    yield flavor.id
    stage.admin.compute.delete_flavor(flavor)


@pytest.fixture
def new_owner() -> Owner:
    """A student who was never here."""
    return Owner(str(uuid.uuid4()), "new-student")


@pytest.fixture(scope="module")
def _listeners() -> Iterator[Proxies]:
    proxies = Proxies()
    yield proxies
    proxies.close()


@pytest.fixture
def door(_listeners: Proxies) -> Proxies:
    _listeners.reset()
    return _listeners


@pytest.fixture(scope="module")
def _portals(_listeners: Proxies) -> Iterator[RecordedCloud]:
    """Open the portal's cloud through the proxies."""
    known = openstack.config.OpenStackConfig().get_one(CLOUD).config
    paths = {"identity": "/v3", "compute": "/v2.1", "image": "", "network": "", "placement": ""}
    overrides = {f"{service}_endpoint_override": _listeners.url(service, path) for service, path in paths.items()}
    cloud = open_cloud(
        None,
        load_yaml_config=False,
        load_envvars=False,
        region_name=known["region_name"],
        auth={**known["auth"], "auth_url": _listeners.url("identity", "/v3")},
        **overrides,
    )
    yield cloud
    cloud.close()


@pytest.fixture
def cloud(door: Proxies, _portals: RecordedCloud) -> Iterator[RecordedCloud]:
    """The portal's cloud through the proxies, warm, whatever a test before did to it: it has signed in, and knows its network."""
    longest = _portals.client.longest
    insist(_portals.list_servers)
    assert _portals.network.id  # asks for it now: otherwise the first list with an address would
    door.seen.clear()
    yield _portals
    _portals.client.longest = longest
