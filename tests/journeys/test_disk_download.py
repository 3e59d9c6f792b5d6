"""A disk comes home through web, which has no credential of the cloud; and through one part of Minga being killed."""

import re
from pathlib import Path

import pytest

from clients.python.minga_client import Client
from deploy.local import holders
from tests.journeys.kinds import on_simulated
from tests.journeys.stack import Person, Stack, wait_for
from tests.waiting import PATIENCE

pytestmark = [on_simulated, pytest.mark.slow]


def holds(stack: Stack, part: str, secret: str) -> bool:
    """Return whether the running process has the secret in its environment, as the kernel says."""
    names = [
        pair.split(b"=")[0].decode() for pair in Path(f"/proc/{stack.pid(part)}/environ").read_bytes().split(b"\0")
    ]
    return any(re.fullmatch(holders.SECRETS[secret], name) for name in names)


def test_a_disk_is_read_by_the_one_process_that_holds_a_credential_and_nothing_else(
    stack: Stack, tmp_path: Path
) -> None:
    student = Person(stack, "student2")
    pk = student.launch()["id"]
    try:
        student.until(pk, "running")
        student.call("POST", f"machines/{pk}/copy/")
        wait_for(
            lambda: student.call("GET", f"machines/{pk}/copy/").json()["state"] == "ready",
            2 * PATIENCE,
            "the image is there",
        )
        whole = student.call("GET", f"machines/{pk}/disk/")
        assert (whole.status_code, len(whole.content)) == (200, int(whole.headers["Content-Length"]))
        assert not any(holds(stack, part, "cloud") for part in ("web", "beat", "agent"))
        assert all(holds(stack, part, "cloud") for part in ("disks", "worker"))
        assert not holds(stack, "disks", "secret key")
        stack.kill("disks")
        rest = student.call("GET", f"machines/{pk}/disk/", headers={"Range": "bytes=1-"})
        assert (rest.status_code, rest.content) == (206, whole.content[1:])
        minga = Client.sign_in(stack.url, "student2", "minga", name="a disk")
        assert minga.disk(pk).size_bytes == len(whole.content)
        minga.download_disk(pk, to=tmp_path / "disk.img")
        assert (tmp_path / "disk.img").read_bytes() == whole.content
        minga.sign_out()
    finally:
        stack.whole()
        student.call("DELETE", f"machines/{pk}/")
