"""A big image is read without being held: by the client, and by the local cloud's own process."""

import signal
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud.contract import CloudBusy, ServerSpec
from tests.cloud.conftest import QEMU
from tests.cloud.local_stage import LocalStage, insist
from tests.waiting import until

SIZE = 2**28  # bytes; the file is sparse
MOST = 8 * 2**20  # of memory, however big the image is


@pytest.fixture
def image(make_stage: Callable[..., LocalStage], make_spec: Callable[..., ServerSpec]) -> tuple[LocalStage, str]:
    stage = make_stage("qemu")
    server = insist(stage.cloud.ensure_server, make_spec(stage))
    stage.settle()
    image = until(lambda: (i := insist(stage.cloud.ensure_archived, server.id, "big")).ready and i, "the archive")
    with open(stage.data / "images" / f"{image.id}.qcow2", "r+b") as file:
        file.truncate(SIZE)
        file.seek(SIZE - 3)
        file.write(b"end")
    return stage, image.id


def held(stage: LocalStage) -> int:
    """The most memory that its process ever had, in bytes."""
    assert stage.process
    lines = Path(f"/proc/{stage.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


@pytest.mark.parametrize("_kind", [QEMU])
def test_a_big_one_costs_some_chunks(image: tuple[LocalStage, str], _kind: str) -> None:
    stage, image_id = image
    before, seen, last = held(stage), 0, b""
    tracemalloc.start()
    for chunk in stage.cloud.read_image(image_id):
        seen, last = seen + len(chunk), chunk
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (seen, last[-3:]) == (SIZE, b"end")
    assert peak < MOST
    assert held(stage) - before < MOST


@pytest.mark.parametrize("_kind", [QEMU])
def test_one_that_is_cut_off_says_so_and_goes_on_where_it_was(image: tuple[LocalStage, str], _kind: str) -> None:
    stage, image_id = image
    chunks = stage.cloud.read_image(image_id)
    had = len(next(chunks))
    stage.end(signal.SIGKILL)
    with pytest.raises(CloudBusy):  # noqa: PT012 - what came before counts
        for chunk in chunks:
            had += len(chunk)
    stage.start()
    assert sum(map(len, stage.cloud.read_image(image_id, had))) == SIZE - had
