"""A guest with the real cloud-init, where the image `debian-12` is registered (it is not part of the small bench)."""

import uuid
from pathlib import Path

import pytest

from cloud.contract import Owner, Server, ServerSpec
from lib import ed25519
from tests.cloud.local_stage import insist, make_key
from tests.openstack.guests import ssh
from tests.openstack.openstack_stage import OpenStackStage, until

CONFIG = "#cloud-config\nwrite_files:\n  - {path: /srv/said, content: it ran}\nssh_authorized_keys: []\n"
BOOT_SECONDS = 300
SEED = bytes(range(32))  # of the host key

pytestmark = [pytest.mark.xdist_group("guests"), pytest.mark.slow]


def launch(stage: OpenStackStage, keys: list[Path], user_data: str) -> Server:
    image = next((one for one in stage.cloud.images() if one.name == "debian-12"), None)
    if image is None:
        pytest.skip("no image debian-12 here: add-debian of the test bench registers it")
    flavor = next(one for one in stage.cloud.flavors() if one.name in ("d1.small", "m1.small"))
    lines = tuple(key.with_suffix(".pub").read_text().strip() for key in keys)
    owner = Owner(str(uuid.uuid4()), "debian-student")
    host_key = ed25519.private_file(SEED)
    spec = ServerSpec(str(uuid.uuid4()), owner, "debian", flavor.id, image.id, lines, user_data, host_key=host_key)
    server = insist(stage.cloud.ensure_server, spec)
    stage.settle()
    return stage.look(server)


@pytest.mark.parametrize(
    "user_data", [CONFIG, "#!/bin/sh\nprintf 'it ran' > /srv/said\n", ""], ids=["config", "script", "nothing"]
)
def test_both_keys_sign_in_and_the_template_s_text_is_done(
    stage: OpenStackStage, tmp_path: Path, user_data: str
) -> None:
    keys = [make_key(tmp_path, name) for name in ("one", "two")]
    server = launch(stage, keys, user_data)
    for key in keys:
        until(lambda key=key: ssh(server, key, "true", "student").returncode == 0, f"{key.name} signs in", BOOT_SECONDS)  # type: ignore[misc]
    assert "status: done" in ssh(server, keys[0], "cloud-init status --wait", "student").stdout
    if user_data:
        assert ssh(server, keys[1], "cat /srv/said", "student").stdout == "it ran"
    host_keys = ssh(server, keys[0], "cat /etc/ssh/ssh_host_*_key.pub", "student").stdout
    assert (ed25519.public_line(SEED) in host_keys) is (user_data == CONFIG)
    assert (len(host_keys.splitlines()) == 1) is (user_data == CONFIG)  # cloud-init makes no others beside it
