"""Read every list of every service to its last page."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from cloud.contract import CloudBusy
from cloud.openstack.client import TIMEOUT_SECONDS, Client
from cloud.openstack.errors import body

Row = dict[str, Any]


def rows(
    client: Client,
    service: str,
    path: str,
    key: str,
    params: dict[str, Any] | None = None,
    *,
    seconds: float = TIMEOUT_SECONDS,
) -> list[Row]:
    """Return all rows of a list. `key`: under which name the answer has its rows."""
    return [row for _answer, page in pages(client, service, path, key, params, seconds=seconds) for row in page]


def pages(
    client: Client,
    service: str,
    path: str,
    key: str,
    params: dict[str, Any] | None = None,
    *,
    seconds: float = TIMEOUT_SECONDS,
) -> Iterator[tuple[requests.Response, list[Row]]]:
    """Yield each answer with its rows. The answer itself says how to ask for the next page."""
    asked = dict(params or {})
    while True:
        answer = client.request(service, "GET", path, params=asked, seconds=seconds)
        page = body(answer)
        yield answer, page[key]
        following = _next(page, key)
        if not following or not page[key]:
            return
        if following == asked:
            raise CloudBusy(f"The list {path} leads to the same page again and again.")
        asked = following


def _next(page: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the question for the next page; {} at the last. Glance has `next`; Nova and Neutron links, which Nova names in two ways."""
    links = page.get(f"{key}_links") or page.get("links") or []
    href = page.get("next") or next((link["href"] for link in links if link["rel"] == "next"), "")
    asked = parse_qs(urlsplit(href).query)
    return {name: values if len(values) > 1 else values[0] for name, values in asked.items()}
