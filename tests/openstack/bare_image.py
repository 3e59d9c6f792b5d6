"""An image in which nothing boots, for the many tests that want a server and no guest: emulated, each boot of a Linux takes seconds of processor time.

It is uploaded once for all workers of a run, and deleted at its end.
"""

import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import openstack

DATA = Path(os.environ.get("MINGA_TEST_DATA", ".data-test")).resolve()
NOTE = DATA / "openstack-bare-image"  # its id, so that the next run deletes what a killed one has left
VARIABLE = "MINGA_TEST_BARE_IMAGE"  # tells the workers its id
# cli, hlt and a jump back to them, in a boot sector: the processor stands still at once.
SECTOR = b"\xfa\xf4\xeb\xfc".ljust(510, b"\0") + b"\x55\xaa"
MIB = 2**20
FACTS = {
    "name": "minga-test-bare",
    "disk_format": "qcow2",
    "container_format": "bare",
    "visibility": "public",
    "os_admin_user": "nobody",  # else setup_cloud would ask who signs in
    "os_shutdown_timeout": "0",  # nobody in it hears that it shall switch itself off
}


def upload(admin: str, like: str) -> None:
    """Upload it as the cloud's administrator. It is bigger than the image named `like`, since check_cloud boots the smallest."""
    remove(admin)
    with openstack.connect(admin) as cloud, tempfile.TemporaryDirectory() as folder:
        size = max(image.size for image in cloud.image.images(name=like))
        file = _disk(Path(folder), size // MIB + 2)
        image_id = cloud.image.post("/images", json=FACTS).json()["id"]
        DATA.mkdir(parents=True, exist_ok=True)
        NOTE.write_text(image_id)
        kind = {"Content-Type": "application/octet-stream"}
        answer = cloud.image.put(f"/images/{image_id}/file", data=file.read_bytes(), headers=kind)
        assert answer.status_code == 204, answer.text
    os.environ[VARIABLE] = image_id


def _disk(folder: Path, size_mib: int) -> Path:
    """Make a qcow2 file of this size at least: its zeros are allocated, and take no room in a copy of a server's disk."""
    raw, file = folder / "raw", folder / "qcow2"
    raw.write_bytes(SECTOR)
    os.truncate(raw, size_mib * MIB)
    subprocess.run(["qemu-img", "convert", "-S", "0", "-f", "raw", "-O", "qcow2", str(raw), str(file)], check=True)
    return file


def remove(admin: str) -> None:
    """Delete the image of this run, or what one that was killed has left."""
    with suppress(FileNotFoundError):
        image_id = NOTE.read_text()
        with openstack.connect(admin) as cloud:
            cloud.image.delete_image(image_id)
        NOTE.unlink()
