"""Glance's images: read their bytes, change their properties."""

from collections.abc import Iterator
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from cloud.contract import CloudBusy, CloudGone
from cloud.openstack.client import TIMEOUT_SECONDS, Client
from cloud.openstack.errors import body, error_of, translated

CHUNK_BYTES = 256 * 1024  # in memory at once
DEAD = ("deleted", "killed", "pending_delete")


def size(client: Client, image_id: str) -> int:
    row = body(client.request("image", "GET", f"/images/{image_id}"))
    if row["status"] in DEAD:
        raise CloudGone(f"Image {image_id} is {row['status']}.")
    if row["status"] != "active" or row["size"] is None:
        raise CloudBusy(f"Image {image_id} is {row['status']}.", retry_after=1)
    return int(row["size"])


def read(client: Client, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """Yield an image's bytes. Where a store of Glance cannot send a range, the bytes before `start` are read and dropped."""
    if length == 0:
        return
    last = "" if length is None else start + length - 1
    headers = {"Range": f"bytes={start}-{last}"} if start or length is not None else {}
    with translated(), _open(client, image_id, headers) as answer:
        if answer.status_code == 416:
            return
        if answer.status_code == 204:  # Glance's word for: there is a row and no data
            raise CloudBusy(f"Image {image_id} has no data yet.", retry_after=1)
        if answer.status_code >= 300:
            raise error_of(answer)
        skip = 0 if answer.status_code == 206 else start
        try:
            yield from _part(answer.iter_content(CHUNK_BYTES), skip, length)
        except (requests.RequestException, HTTPError) as error:
            raise CloudBusy(f"Glance broke off: {error!r}", retry_after=1) from error


Change = dict[str, Any]  # of a JSON patch, as Glance wants it


def add(field: str, value: Any) -> Change:
    return {"op": "add", "path": f"/{field}", "value": value}


def replace(field: str, value: Any) -> Change:
    return {"op": "replace", "path": f"/{field}", "value": value}


def remove(field: str) -> Change:
    return {"op": "remove", "path": f"/{field}"}


def patch(client: Client, image_id: str, *changes: Change) -> dict[str, Any]:
    """Change an image, all of it or nothing. Return its new row."""
    kind = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    return body(client.request("image", "PATCH", f"/images/{image_id}", json=list(changes), headers=kind))


def _open(client: Client, image_id: str, headers: dict[str, str]) -> requests.Response:
    answer: requests.Response = client.connection.image.get(
        f"/images/{image_id}/file",
        headers={"Accept-Encoding": "identity", **headers},
        stream=True,
        raise_exc=False,
        connect_retries=0,
        timeout=TIMEOUT_SECONDS,
    )
    return answer


def _part(chunks: Iterator[bytes], skip: int, length: int | None) -> Iterator[bytes]:
    for whole in chunks:
        chunk, skip = whole[skip:], max(0, skip - len(whole))
        if length is not None:
            chunk, length = chunk[:length], length - min(length, len(chunk))
        if chunk:
            yield chunk
        if length == 0:
            return
