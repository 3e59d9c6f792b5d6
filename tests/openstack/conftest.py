"""One real cloud for the whole run, signed in as the portal. `OS_CLOUD` says which; without one nothing is tried."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from cloud.contract import Owner, Server, ServerSpec, Status
from tests.cloud.conftest import key, make_spec, owner  # noqa: F401  # fixtures of the contract suite
from tests.cloud.stage import insist
from tests.openstack.stage import CLOUD, OpenStackStage

_pool: list[Server] = []


@pytest.fixture(scope="session")
def stage() -> Iterator[OpenStackStage]:
    if not CLOUD:
        pytest.exit("OS_CLOUD names no cloud. Say which one of clouds.yaml is the portal's.", returncode=1)
    stage = OpenStackStage()
    yield stage
    stage.sweep()


@pytest.fixture(autouse=True)
def _tidy(stage: OpenStackStage) -> Iterator[None]:
    yield
    stage.tidy()


@pytest.fixture
def server(stage: OpenStackStage, make_spec: Callable[..., ServerSpec]) -> Iterator[Server]:  # noqa: F811
    """One that is active; used again by the next test when this one left it as it was, since a boot costs seconds."""
    server = _pool.pop() if _pool else insist(stage.cloud.ensure_server, make_spec(stage))
    stage.settle()
    found = stage.look(server)
    yield found
    stage.kept.discard(server.id)
    stage.settle()
    left = next((one for one in stage.servers() if one.id == server.id), None)
    if left and left.status == Status.ACTIVE and left.owner == found.owner:
        _pool.append(left)
        stage.kept.add(left.id)


@pytest.fixture
def new_owner() -> Owner:
    """A student who was never here."""
    return Owner(str(uuid.uuid4()), "new-student")
