"""The stages of the contract: each kind of local cloud, and the cast of fakes."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.contract import Cloud, Owner, Server, ServerSpec, Status
from tests.cloud.fake import FakeCloud, LosesReply, LosesRequest, SlowCloud
from tests.cloud.stage import LocalStage, insist, make_key

HAS_QEMU = bool(shutil.which("qemu-system-x86_64") and shutil.which("qemu-img"))
QEMU = pytest.param("qemu", marks=[pytest.mark.qemu, pytest.mark.skipif(not HAS_QEMU, reason="QEMU is not installed")])
LOCAL = ["simulated", QEMU]
CAST: dict[str, type[FakeCloud]] = {
    "fake": FakeCloud,
    "slow": SlowCloud,
    "loses-request": LosesRequest,
    "loses-reply": LosesReply,
}


class FakeStage:
    """A fake, driven like the real ones."""

    image_id = "linux"
    flavor_id, flavor_ram_mb = "tiny", 256

    def __init__(self, cloud: FakeCloud) -> None:
        self.cloud: Cloud = cloud
        self.settle = cloud.settle


Stage = FakeStage | LocalStage


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="session")
def tiny_linux(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DATA in which the guest is built and KVM is tried: the others copy it."""
    data = tmp_path_factory.mktemp("tiny")
    stage = LocalStage(data, "qemu").start()
    stage.end()
    return data


@pytest.fixture
def make_stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., LocalStage]]:
    """Local clouds of one test only, cleaned up after it."""
    made: list[LocalStage] = []

    def make(guests: str, *options: str) -> LocalStage:
        data = tmp_path / f"data-{len(made)}"
        made.append(open_stage(request, data, guests, *options))
        return made[-1]

    yield make
    for stage in made:
        stage.clean_up()


def open_stage(request: pytest.FixtureRequest, data: Path, guests: str, *options: str) -> LocalStage:
    data.mkdir()
    if guests == "qemu":
        for path in request.getfixturevalue("tiny_linux").iterdir():
            if path.is_dir() and path.name.startswith("tiny-linux"):
                shutil.copytree(path, data / path.name, symlinks=True)
            elif path.name.startswith("acceleration"):
                shutil.copy(path, data)
    return LocalStage(data, guests, *(options or ("--build-seconds", "0.2"))).start()


@pytest.fixture(scope="module", params=[*LOCAL, *CAST])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    if request.param in CAST:
        yield FakeStage(CAST[request.param]())
        return
    local = open_stage(request, tmp_path_factory.mktemp("stage") / "data", request.param)
    yield local
    local.clean_up()


@pytest.fixture(scope="session")
def owner() -> Owner:
    """One for the whole run: a cloud with tenants makes one for each."""
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


@pytest.fixture(scope="module")
def _pool(stage: Stage) -> list[Server]:
    return []  # one for each stage


@pytest.fixture
def server(stage: Stage, make_spec: Callable[..., ServerSpec], _pool: list[Server]) -> Iterator[Server]:
    """One that is active; used again by the next test when this one left it so, since a boot costs seconds."""
    server = _pool.pop() if _pool else insist(stage.cloud.ensure_server, make_spec(stage))
    stage.settle()
    yield look(stage, server)
    stage.settle()
    left = next((one for one in stage.cloud.list_servers().servers if one.id == server.id), None)
    if left and left.status == Status.ACTIVE:
        _pool.append(left)


def look(stage: Any, server: Server) -> Server:
    """The server as it is listed now."""
    return next(one for one in stage.cloud.list_servers().servers if one.id == server.id)
