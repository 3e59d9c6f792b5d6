"""The stages of the contract: each kind of local cloud, and the cast of fakes."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.contract import Cloud, Owner, Server, ServerSpec, Status
from tests.cloud import ready_guest
from tests.cloud.fake import FakeCloud, LosesReply, LosesRequest, SlowCloud
from tests.cloud.fake_state import OTHER_HOST
from tests.cloud.local_stage import LocalStage, insist, make_key

HAS_QEMU = bool(shutil.which("qemu-system-x86_64") and shutil.which("qemu-img"))
NEEDS_QEMU = (pytest.mark.qemu, pytest.mark.skipif(not HAS_QEMU, reason="QEMU is not installed"))
QEMU = pytest.param("qemu", marks=NEEDS_QEMU)
LOCAL = ["simulated", QEMU]  # for tests that start a cloud of their own
CAST: dict[str, type[FakeCloud]] = {
    "fake": FakeCloud,
    "slow": SlowCloud,
    "loses-request": LosesRequest,
    "loses-reply": LosesReply,
}


def in_group(name: str) -> list[Any]:
    """Return the kinds of local cloud for tests that share a stage: one worker runs all of a kind and a name (xdist)."""
    return [
        pytest.param("simulated", marks=(pytest.mark.slow, pytest.mark.xdist_group(f"{name}-simulated"))),
        pytest.param("qemu", marks=(*NEEDS_QEMU, pytest.mark.xdist_group(f"{name}-qemu"))),
    ]


class FakeStage:
    """A fake, driven like the real ones."""

    has_serial_consoles = False

    image_id = "linux"
    spare_host = OTHER_HOST
    flavor_id, flavor_ram_mb = "tiny", 256

    def __init__(self, cloud: FakeCloud) -> None:
        self.cloud: Cloud = cloud
        self.settle = cloud.settle
        self._fake = cloud

    def break_server(self, server: Server) -> None:
        """Put the server into ERROR."""
        self._fake.break_server(server.id)


Stage = FakeStage | LocalStage


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("key"))


@pytest.fixture
def make_stage(tmp_path: Path) -> Iterator[Callable[..., LocalStage]]:
    """Local clouds of one test only, cleaned up after it."""
    made: list[LocalStage] = []

    def make(guests: str, *options: str) -> LocalStage:
        data = tmp_path / f"data-{len(made)}"
        made.append(open_stage(data, guests, *options))
        return made[-1]

    yield make
    for stage in made:
        stage.clean_up()


def open_stage(data: Path, guests: str, *options: str) -> LocalStage:
    """Start a local cloud that is never full by itself: all modules of a worker share it, and some leave servers."""
    data.mkdir()
    if guests == "qemu":
        ready_guest.give(data)
    return LocalStage(data, guests, *(options or ("--build-seconds", "0.2", "--vcpus", "64"))).start()


@pytest.fixture(scope="session")
def _stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stage]]:
    """Return a stage of a kind; each is made once for all modules of a worker."""
    made: dict[str, Stage] = {}

    def of_kind(kind: str) -> Stage:
        if kind not in made:
            data = tmp_path_factory.mktemp("stage") / "data"
            made[kind] = FakeStage(CAST[kind]()) if kind in CAST else open_stage(data, kind)
        return made[kind]

    yield of_kind
    for stage in made.values():
        if isinstance(stage, LocalStage):
            stage.clean_up()


@pytest.fixture(scope="module", params=[*in_group("contract"), *CAST])
def stage(request: pytest.FixtureRequest, _stages: Callable[[str], Stage]) -> Stage:
    return _stages(request.param)


@pytest.fixture(scope="session")
def owner() -> Owner:
    """An owner for the whole run: a cloud with tenants makes a tenant for each owner."""
    return Owner(str(uuid.uuid4()), "contract-suite")


@pytest.fixture
def make_spec(key: Path, owner: Owner) -> Callable[..., ServerSpec]:
    """A spec with a new machine id; `stage` says the image and the size."""

    def make(stage: Stage, **changes: Any) -> ServerSpec:
        spec: dict[str, Any] = {
            "machine": str(uuid.uuid4()), "owner": owner, "name": "red-fox", "flavor_id": stage.flavor_id,
            "image_id": stage.image_id, "public_keys": (key.with_suffix(".pub").read_text().strip(),),
            "ports": frozenset({22, 80}),
        }  # fmt: skip
        return ServerSpec(**{**spec, **changes})

    return make


@pytest.fixture(scope="session")
def _pools() -> dict[int, list[Server]]:
    return {}  # stage's id → servers that a test left active


@pytest.fixture
def server(stage: Stage, make_spec: Callable[..., ServerSpec], _pools: dict[int, list[Server]]) -> Iterator[Server]:
    """An active server; used again by the next test when this one left it as it was, since a boot costs seconds."""
    pool = _pools.setdefault(id(stage), [])
    server = pool.pop() if pool else insist(stage.cloud.ensure_server, make_spec(stage))
    stage.settle()
    found = look(stage, server)
    yield found
    stage.settle()
    left = next((one for one in stage.cloud.list_servers().servers if one.id == server.id), None)
    if left and (left.status, left.name, left.machine) == (Status.ACTIVE, found.name, found.machine):
        pool.append(left)
    elif left:
        insist(stage.cloud.ensure_deleted, left.id)


def look(stage: Any, server: Server) -> Server:
    """Return the server as it is listed now."""
    return next(one for one in stage.cloud.list_servers().servers if one.id == server.id)
