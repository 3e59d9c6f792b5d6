"""The weight of a page in bytes: what a browser that was never here gets over the wire, compressed as production sends it."""

import gzip
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders

TAGS = re.compile(r"<(?:script|img|use|link)\b[^>]*>")
ADDRESS = re.compile(r"""\s(?:src|href)=["']([^"'#]*)""")
LOADING_LINKS = re.compile(r"""rel=["'](?:stylesheet|icon|preload)["']""")
IMPORTED = re.compile(
    r"""^import\b[^;(]*?["'](\.[^"']+)["'];""", re.MULTILINE
)  # not what is asked for later: import(…)
TEXTS = {".css", ".js", ".mjs", ".svg"}  # what WhiteNoise compresses


def weight(reply: Any) -> int:
    """Return the bytes of an answer with all files that it loads; 0 of what is no page."""
    if not reply.get("Content-Type", "").startswith("text/html"):
        return 0
    content = b"".join(reply) if reply.streaming else reply.content
    return len(gzip.compress(content)) + sum(_size(path) for path in _files(content.decode()))


def _files(html: str) -> set[str]:
    """Return the names of the static files that a page loads, with those that its style sheets and modules load."""
    files = set(_loaded_by_html(html))
    deeper = {each for name in files if name.endswith(".css") for each in _loaded_by_css(name)}
    files |= {each for each in deeper if not each.endswith(".woff2")}  # pages that use the font preload it
    left = [name for name in files if name.endswith("js")]
    while left:
        found = _imported_by(left.pop()) - files
        files |= found
        left += found
    return files


def _loaded_by_html(html: str) -> Iterator[str]:
    for tag in TAGS.findall(html):
        if tag.startswith("<link") and not LOADING_LINKS.search(tag):
            continue
        address = ADDRESS.search(tag)
        if address is None or not address[1] or address[1].startswith(("data:", "/photos/")):  # photos come later
            continue
        assert address[1].startswith(settings.STATIC_URL), f"{tag} loads something whose weight is not known here"
        yield address[1].removeprefix(settings.STATIC_URL)


@cache
def _loaded_by_css(name: str) -> frozenset[str]:
    text = _path(name).read_text()
    assert "@import" not in text, name
    found = (match.strip("\"'") for match in re.findall(r"url\(([^)]+)\)", text))
    folder = Path("/", name).parent
    return frozenset(str((folder / one).resolve().relative_to("/")) for one in found if not one.startswith("data:"))


@cache
def _imported_by(name: str) -> frozenset[str]:
    """Return the modules that a module names. A package's own are one file each."""
    text = "" if name.startswith("vendor/") else _path(name).read_text()
    folder = Path("/", name).parent
    return frozenset(str((folder / one).resolve().relative_to("/")) for one in IMPORTED.findall(text))


@cache
def _size(name: str) -> int:
    path = _path(name)
    content = path.read_bytes()
    return min(len(content), len(gzip.compress(content))) if path.suffix in TEXTS else len(content)


def _path(name: str) -> Path:
    found = finders.find(name)
    assert found, f"there is no static file {name}"
    return Path(found)
