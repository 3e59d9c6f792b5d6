"""Upload a disk image from a local file to Glance, for everybody."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop as _

from cloud.contract import CloudBusy
from cloud.openstack import cluster
from cloud.openstack.client import Client
from cloud.openstack.errors import body, error_of, translated
from lib.names import is_login
from lib.notes import Refusal

UPLOAD_SECONDS = 300.0  # without a byte: Glance hashes a large file before it answers
MAGIC = {b"QFI\xfb": "qcow2", b"KDMV": "vmdk", b"\x1f\x8b": "", b"\xfd7zXZ": "", b"BZh": "", b"PK": ""}  # '' = packed
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Upload:
    """A checked file: made by `of`."""

    path: Path
    name: str
    login: str
    disk_format: str
    size: int  # bytes of the file
    min_disk_gb: int

    @classmethod
    def of(cls, path: Path, name: str, login: str) -> "Upload":
        """Check a file. Raises Refusal when the file is no disk image, or the login no user name."""
        if not is_login(login):
            raise Refusal(_("“%(login)s” is not a user name on Linux."), {"login": login})
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                head = file.read(512)
        except OSError as error:
            raise Refusal(_("%(path)s cannot be read: %(said)s"), {"path": str(path), "said": error.strerror}) from None
        kind, virtual = _kind(path, head), size
        if kind == "qcow2":
            virtual = int.from_bytes(head[24:32], "big")
        return cls(path, name, login, kind, size, -(-virtual // GIB))


def _kind(path: Path, head: bytes) -> str:
    for magic, kind in MAGIC.items():
        if head.startswith(magic):
            if not kind:
                raise Refusal(_("%(path)s is packed: unpack it first."), {"path": str(path)})
            return kind
    if head[510:512] != b"\x55\xaa":  # the end of a boot sector, also of a GPT disk's
        raise Refusal(_("%(path)s is not a disk image that boots (qcow2 or raw)."), {"path": str(path)})
    return "raw"


def is_there(client: Client, upload: Upload) -> bool:
    return any(row["status"] == "active" for row in _rows(client, upload))


def ensure_uploaded(client: Client, upload: Upload) -> None:
    """Upload the file. A broken upload left a row without data, which is filled."""
    rows = [row for row in _rows(client, upload) if row["status"] == "queued" and row["owner"] == client.project_id]
    row = rows[0] if rows else _make(client, upload)
    with upload.path.open("rb") as file, translated():
        answer = client.connection.image.put(
            f"/images/{row['id']}/file",
            data=file,
            headers={"Content-Type": "application/octet-stream"},
            raise_exc=False,
            timeout=UPLOAD_SECONDS,
        )
    if answer.status_code >= 300:
        raise error_of(answer)
    image = body(client.request("image", "GET", f"/images/{row['id']}"))
    if image["status"] != "active":
        raise CloudBusy(f"Image {row['id']} is {image['status']} after its upload.")


def _make(client: Client, upload: Upload) -> dict[str, Any]:
    wish = {
        "name": upload.name,
        "visibility": "public",
        "disk_format": upload.disk_format,
        "container_format": "bare",
        "min_disk": upload.min_disk_gb,
        "os_type": "linux",
        "os_admin_user": upload.login,
    }
    return body(client.request("image", "POST", "/images", json=wish))


def _rows(client: Client, upload: Upload) -> list[dict[str, Any]]:
    """List images of this name: everybody's, and our own."""
    found = cluster.pages(client, {"name": upload.name, "limit": cluster.PAGE})
    return [row for row in found if row["visibility"] == "public" or row["owner"] == client.project_id]
