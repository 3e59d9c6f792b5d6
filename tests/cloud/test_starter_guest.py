"""The variants of the Debian guest, booted by the local cloud: they serve what they promise.

`make images` builds them; one that is not built is skipped. Plain Debian is booted once, for journeys/test_imported_person.py.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud.contract import Server, ServerSpec, Status
from tests.cloud import ready_guest
from tests.cloud.conftest import NEEDS_QEMU, look
from tests.cloud.local_stage import LocalStage, insist, ssh
from tests.waiting import until

IMAGES = ready_guest.STARTERS
BOOT_SECONDS = 600.0  # emulated, with a busy computer; 50 on a quiet one
pytestmark = [
    *NEEDS_QEMU,
    pytest.mark.slow,
    pytest.mark.xdist_group("starter"),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStage]:
    data = tmp_path_factory.mktemp("starter") / "data"
    ready_guest.give_starter(data)
    made = LocalStage(data, "qemu").start()
    made.flavor_id, made.flavor_ram_mb = "medium", 1024
    yield made
    made.clean_up()


@pytest.fixture
def launched(stage: LocalStage, make_spec: Callable[..., ServerSpec]) -> Iterator[Callable[[str], Server]]:
    """Return a function that launches a guest of a starter image and waits until it runs; skips where that is not built."""
    made: list[Server] = []

    def launch(name: str) -> Server:
        if not ready_guest.is_built(name):
            pytest.skip(f"not built: python -m cloud.starter --folder {IMAGES} {name}")
        stage.image_id = name
        made.append(insist(stage.cloud.ensure_server, make_spec(stage)))
        until(lambda: look(stage, made[0]).status == Status.ACTIVE, f"{name} runs", BOOT_SECONDS)
        return look(stage, made[0])

    yield launch
    for server in made:
        insist(stage.cloud.ensure_deleted, server.id)


def test_the_web_variant_serves_pages_and_a_database(launched: Callable[[str], Server], key: Path) -> None:
    found = launched("debian-12-web")
    command = (
        "cloud-init status --wait >/dev/null; echo '<?php echo 6*7;' > /var/www/html/a.php; curl -s localhost/a.php; echo;"
        " curl -s localhost | grep -c 'server runs'; sudo mariadb -N -e 'select 6*8'"
    )
    said = ssh(found, key, command)
    assert said.stdout.split() == ["42", "1", "48"], said


def test_the_desktop_variant_answers_vnc_with_a_password_of_its_own(
    launched: Callable[[str], Server], key: Path
) -> None:
    found = launched("debian-12-desktop")
    command = (
        "for n in $(seq 60); do pgrep -x xfce4-panel >/dev/null && break; sleep 2; done; pgrep -x xfce4-panel | wc -l;"
        " exec 3<>/dev/tcp/127.0.0.1/5901; head -c 3 <&3; echo; wc -c < vnc-password; stat -c %a vnc-password"
    )
    said = ssh(found, key, f"bash -c '{command}'", seconds=300)
    assert said.stdout.split() == ["1", "RFB", "8", "600"], said
